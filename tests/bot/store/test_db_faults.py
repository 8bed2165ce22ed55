"""Whatever the disk does, the database raises a `BotError` and its data stays whole."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain import BotError, DatabaseError, DiskFullError, StorageError
from bot.store.db import Database
from tests.stages.sick_disk import make_reader_fail, make_writer_fail

ADD = "INSERT INTO sharing (user_id, share_prompts, at_ms) VALUES (:user, 1, 0)"

#: The file's name, a colon and what to do, on one line with one full stop.
SENTENCE = r"^(?!.*\. ).*bot\.sqlite3.*: .+\.\Z"

KINDS: dict[int, type[BotError]] = {
    sqlite3.SQLITE_FULL: DiskFullError,
    sqlite3.SQLITE_IOERR: StorageError,
    sqlite3.SQLITE_IOERR | (1 << 8): StorageError,  # an extended code: a failing read
    sqlite3.SQLITE_READONLY: DatabaseError,
    sqlite3.SQLITE_BUSY: DatabaseError,
    sqlite3.SQLITE_CORRUPT: DatabaseError,
    sqlite3.SQLITE_CANTOPEN: DatabaseError,
    sqlite3.SQLITE_NOMEM: DatabaseError,
}


@pytest_asyncio.fixture
async def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Database]:
    monkeypatch.setattr("bot.store.db._LOCK_TIMEOUT_S", 0)
    database = await Database.open(tmp_path / "bot.sqlite3")
    try:
        yield database
    finally:
        await database.close()


async def users(db: Database) -> list[int]:
    return [row["user_id"] for row in await db.fetch_all("SELECT user_id FROM sharing")]


async def write(db: Database) -> None:
    async with db.write() as tx:
        await tx.execute(ADD, {"user": 1})
        await tx.execute_many(ADD, [{"user": 2}, {"user": 3}])
        await tx.fetch_all("SELECT 1")


async def write_one(db: Database) -> None:
    await db.write_one(ADD, {"user": 1})


async def scrub(db: Database) -> None:
    await db.scrub()


@pytest.mark.parametrize("code", KINDS)
@pytest.mark.parametrize(
    ("work", "statement"),
    [
        (write, "BEGIN"),
        (write, ADD),
        (write, "SELECT 1"),
        (write, "COMMIT"),
        (write_one, ADD),
        (scrub, "VACUUM"),
        (scrub, "PRAGMA wal_checkpoint"),
    ],
)
async def test_every_disk_fault_is_one_sentence_and_loses_nothing(
    db: Database, code: int, work: Callable[[Database], Awaitable[None]], statement: str
) -> None:
    await db.write_one(ADD, {"user": 9})
    writer = make_writer_fail(db)
    writer.error_code_at = lambda _number, sql: code if sql.startswith(statement) else 0
    with pytest.raises(KINDS[code], match=SENTENCE):
        await work(db)
    assert await users(db) == [9]
    writer.error_code_at = lambda _number, _sql: 0
    await write(db)
    assert await users(db) == [1, 2, 3, 9]


@pytest.mark.parametrize("code", KINDS)
async def test_a_failing_read_is_one_sentence(db: Database, code: int) -> None:
    make_reader_fail(db).error_code_at = lambda _number, _sql: code
    with pytest.raises(KINDS[code], match=SENTENCE):
        await users(db)


@pytest.mark.parametrize("then", [write, write_one, scrub])
async def test_a_failed_rollback_is_repeated_before_the_next_write(
    db: Database, then: Callable[[Database], Awaitable[None]]
) -> None:
    """Otherwise the next statement joins the transaction that nobody will ever commit."""
    writer = make_writer_fail(db)
    writer.error_code_at = lambda _number, sql: (
        sqlite3.SQLITE_IOERR if sql in {"COMMIT", "ROLLBACK"} else 0
    )
    for _ in range(2):
        with pytest.raises(StorageError):
            await write(db)
    writer.error_code_at = lambda _number, _sql: 0
    await then(db)
    if then is scrub:
        await write_one(db)
    assert 1 in await users(db), "committed, so that the reader sees it"
    assert not writer.in_transaction


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR | (25 << 8)])
async def test_a_fault_of_vacuum_names_the_temporary_directory_too(db: Database, code: int) -> None:
    """SQLite writes the copy there, and does not say which of the two disks was at fault."""
    writer = make_writer_fail(db)
    writer.error_code_at = lambda _number, _sql: code
    with pytest.raises(StorageError, match=SENTENCE) as of_write:
        await write(db)
    assert "SQLITE_TMPDIR" not in str(of_write.value)
    writer.error_code_at = lambda _number, sql: code if sql == "VACUUM" else 0
    with pytest.raises(StorageError, match=SENTENCE) as of_copy:
        await scrub(db)
    assert "temporary files" in str(of_copy.value)
    assert "set the environment variable SQLITE_TMPDIR" in str(of_copy.value)


async def test_sqlites_own_read_only_error_is_reported(db: Database) -> None:
    await db.write_one("PRAGMA query_only = ON")
    with pytest.raises(DatabaseError, match="cannot be written"):
        await write(db)
    with pytest.raises(DatabaseError, match="cannot be written"):
        await write_one(db)
    await db.write_one("PRAGMA query_only = OFF")
    await write(db)
    assert await users(db) == [1, 2, 3]


async def test_sqlites_own_disk_full_error_is_reported_and_loses_nothing(
    db: Database,
) -> None:
    await db.write_one("PRAGMA max_page_count = 1")

    async def fill() -> None:
        for user in range(20_000):
            await db.write_one(ADD, {"user": user})

    with pytest.raises(DiskFullError, match="full: free some room"):
        await fill()
    held = await users(db)
    await db.write_one("PRAGMA max_page_count = 1000000")
    await db.write_one(ADD, {"user": 30_000})
    assert await users(db) == [*held, 30_000]
