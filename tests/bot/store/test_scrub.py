"""Deleted data is in no file after a scrub, whoever reads meanwhile, and the log stays short."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain import StorageError
from bot.store import db as room
from bot.store.db import Database
from tests.stages.factories import OTHER, USER, make_admitted, make_ask
from tests.stages.sick_disk import IOERR, FailingConnection, make_reader_fail, make_writer_fail
from tests.stages.stores import open_stores

WORD = "unforgettable"
BLOCK = "INSERT INTO acceptances VALUES (1, :word, '', 0)"


@pytest_asyncio.fixture
async def db(tmp_path: Path) -> AsyncGenerator[Database]:
    database = await Database.open(tmp_path / "bot.sqlite3")
    try:
        yield database
    finally:
        await database.close()


@contextmanager
def backup(directory: Path) -> Generator[sqlite3.Connection]:
    """Another program that has begun to read, and goes on."""
    name = f"file:{directory}/bot.sqlite3?mode=ro"
    with closing(sqlite3.connect(name, uri=True, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM acceptances").fetchone()
        yield other


def holding(directory: Path, word: str = WORD) -> set[str]:
    return {
        path.name
        for path in directory.rglob("*")
        if path.is_file() and word.encode() in path.read_bytes()
    }


async def test_forgotten_rows_are_in_no_page_and_not_in_the_log(tmp_path: Path) -> None:
    """Rows of many sizes that come and go leave copies in pages that nothing overwrites."""
    left_without = False
    for seed in range(1, 13):  # the sizes of the rows decide which of them leave copies
        directory = tmp_path / str(seed)
        directory.mkdir()
        dice = random.Random(seed)
        async with open_stores(directory) as stores:
            for number in range(900):
                user = dice.choice([USER, USER, OTHER, 5])
                mark = WORD if user == USER else "plain"
                prompt = f"{mark}{number} " + "x" * dice.randint(0, 900)
                ask = make_ask(
                    prompt, user=user, negative=f"{mark}{number}", count=dice.randint(1, 3)
                )
                await stores.enqueue(make_admitted(ask))
                if dice.random() < 0.2:
                    await stores.queue.cancel_user(ask.user_id, None, 5)
            async with stores.db.write() as tx:
                await tx.execute("DELETE FROM requests WHERE user_id = :user", {"user": USER})
            await stores.db.write_one("PRAGMA wal_checkpoint(TRUNCATE)")
            left_without = bool(holding(directory))
            assert await stores.db.scrub()
            assert not holding(directory), seed
            assert await stores.views.count_states(None), "the database still works"
        if left_without:
            break
    assert left_without, "otherwise emptying the log would be enough"


async def test_a_scrub_reports_a_reader_in_the_way_and_breaks_nothing(
    db: Database, tmp_path: Path
) -> None:
    await db.write_one(BLOCK, {"word": WORD})
    await db.write_one(BLOCK, {"word": "other"})
    with backup(tmp_path) as other:
        await db.write_one("DELETE FROM acceptances WHERE licence_sha256 = :word", {"word": WORD})
        assert holding(tmp_path), "otherwise there is nothing to scrub"
        long = (tmp_path / "bot.sqlite3-wal").stat().st_size
        for _ in range(3):
            assert not await db.scrub()
        assert (tmp_path / "bot.sqlite3-wal").stat().st_size == long, "trying costs nothing"
        await db.write_one(BLOCK, {"word": "more"})
        assert other.execute("SELECT count(*) FROM acceptances").fetchone() == (2,)
    assert await db.scrub()
    assert not holding(tmp_path)
    rows = await db.fetch_all("SELECT licence_sha256 FROM acceptances ORDER BY licence_sha256")
    assert [row["licence_sha256"] for row in rows] == ["more", "other"]


async def test_a_scrub_reports_a_reader_that_starts_during_the_rewrite(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the new file is still in the log, and the old one where it was."""
    await db.write_one(BLOCK, {"word": WORD})
    await db.write_one("DELETE FROM acceptances")
    empty = Database._empty_log
    calls = 0
    with backup(tmp_path) as other:
        other.execute("COMMIT")

        async def empty_log(self: Database) -> bool:
            nonlocal calls
            calls += 1
            if calls == 2:
                other.execute("BEGIN")
                other.execute("SELECT count(*) FROM acceptances").fetchone()
            return await empty(self)

        monkeypatch.setattr(Database, "_empty_log", empty_log)
        assert not await db.scrub()
    assert calls == 2
    assert await db.scrub()
    assert not holding(tmp_path)


#: Takes a good while, with the file held open for reading.
SLOW = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000)"
    " SELECT count(*) FROM acceptances, n"
)


async def test_our_own_reads_never_block_a_scrub(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.write_one(BLOCK, {"word": WORD})
    done = asyncio.Event()
    empty = room._fetch_rows

    async def late(
        connection: room.aiosqlite.Connection, sql: str, params: room.Params = room._NO_PARAMS
    ) -> list[room.Row]:
        await asyncio.sleep(0.05)
        return await empty(connection, sql, params)

    monkeypatch.setattr(room, "_fetch_rows", late)

    async def read_on_and_on() -> None:
        while not done.is_set():
            await db.fetch_all(SLOW)

    async with asyncio.TaskGroup() as readers:
        for _ in range(2):
            readers.create_task(read_on_and_on())
        await db.fetch_all("SELECT 1")
        scrubbed = await db.scrub()
        done.set()
    assert scrubbed


async def test_a_scrub_waits_for_a_read_whose_caller_was_cancelled(db: Database) -> None:
    await db.write_one(BLOCK, {"word": WORD})
    reading = asyncio.create_task(db.fetch_all(SLOW))
    # Its statement has gone to the reader's thread, which a cancellation does not reach.
    for _ in range(5):
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading])
    assert await db.scrub()


@pytest.mark.parametrize("sick", [make_reader_fail, make_writer_fail])
async def test_reads_still_work_after_a_disk_fault_during_a_scrub(
    db: Database, sick: Callable[[Database], FailingConnection]
) -> None:
    disk = sick(db)
    disk.error_code_at = lambda _, __: IOERR
    with pytest.raises(StorageError):
        await db.scrub()
    disk.error_code_at = lambda _, __: 0
    assert await asyncio.wait_for(db.fetch_all("SELECT 1"), 5)
    assert await db.scrub()


async def test_the_log_shrinks_again_once_its_reader_is_gone(db: Database, tmp_path: Path) -> None:
    log = tmp_path / "bot.sqlite3-wal"
    note = "INSERT INTO audit_log (guild_id, action, detail, at_ms) VALUES (1, '', :text, 0)"

    async def grow(megabytes: int) -> None:
        for _ in range(megabytes):
            await db.write_one(note, {"text": "x" * (1 << 20)})

    with backup(tmp_path):
        await grow(40)
        assert log.stat().st_size > 32 << 20, "no log is emptied under a reader"
    for _ in range(2):
        await db.write_one(note, {"text": ""})
    assert log.stat().st_size <= room._LOG_BYTES
    await grow(40)
    assert log.stat().st_size <= room._LOG_BYTES + (2 << 20), "and stays so without a reader"
    assert (tmp_path / "bot.sqlite3").stat().st_size > 60 << 20
