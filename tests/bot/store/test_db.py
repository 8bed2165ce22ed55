from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiosqlite
import pytest
import pytest_asyncio

from bot.domain import DatabaseError, StorageError
from bot.store import db as room
from bot.store.db import Database, describe_version
from bot.store.migrations import Migration, migrations
from tests.stages.sick_disk import make_reader_fail

ADD = "INSERT INTO sharing (user_id, share_prompts, at_ms) VALUES (:user, 1, 0)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.sqlite3"


@pytest_asyncio.fixture
async def db(path: Path) -> AsyncGenerator[Database]:
    async with opened(path) as database:
        yield database


@asynccontextmanager
async def opened(path: Path) -> AsyncGenerator[Database]:
    database = await Database.open(path)
    try:
        yield database
    finally:
        await database.close()


async def users(db: Database) -> list[int]:
    return [row["user_id"] for row in await db.fetch_all("SELECT user_id FROM sharing")]


async def test_a_new_file_is_brought_to_the_newest_version(db: Database, path: Path) -> None:
    assert await describe_version(path) == f"version {len(migrations())}, the newest"


async def test_a_file_is_migrated_once(path: Path) -> None:
    for _ in range(2):
        db = await Database.open(path)
        await db.close()
    assert (await describe_version(path)).endswith("the newest")


async def test_every_table_is_strict(db: Database) -> None:
    rows = await db.fetch_all(
        "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
    )
    loose = {row["name"] for row in rows if not row["strict"]} - {"sqlite_schema"}
    assert not loose


async def test_a_failed_migration_leaves_nothing_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await Database.open(path)).close()
    steps = migrations()
    broken = Migration(
        number=len(steps) + 1,
        name="broken",
        sql="CREATE TABLE half (a INTEGER) STRICT;\nINSERT INTO nowhere VALUES (1);\n",
    )
    monkeypatch.setattr(room, "migrations", lambda: [*steps, broken])
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        await Database.open(path)
    assert f"version {len(steps)}, will be brought to {len(steps) + 1}" in await describe_version(
        path
    )
    monkeypatch.undo()
    # Closed on failure too: an open connection's thread would keep the test run from ending.
    async with opened(path) as db:
        assert not await db.fetch_all("SELECT 1 FROM sqlite_master WHERE name = 'half'")


async def test_semicolons_inside_a_trigger_do_not_end_it(db: Database) -> None:
    script = "CREATE TABLE a (b); -- one;\nCREATE TRIGGER t AFTER INSERT ON a BEGIN\n SELECT 1;\n"
    script += " SELECT 2;\nEND;\n"
    assert len(list(room._statements(script))) == 2


async def refusal(path: Path) -> str:
    with pytest.raises((DatabaseError, StorageError)) as caught:
        await Database.open(path)
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    return text


async def test_a_newer_version_is_refused(path: Path) -> None:
    await (await Database.open(path)).close()
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA user_version = 99")
    raw.close()
    assert "newer version" in await refusal(path)
    with pytest.raises(DatabaseError, match="newer version"):
        await describe_version(path)


def test_a_file_that_is_no_database_is_refused_and_kept(path: Path) -> None:
    path.write_bytes(b"dear diary " * 500)
    assert "is not a database" in asyncio.run(refusal(path))
    assert path.read_bytes() == b"dear diary " * 500


def test_another_programs_database_is_refused_and_kept(path: Path) -> None:
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE recipes (name TEXT)")
    raw.close()
    before = path.read_bytes()
    assert "another program" in asyncio.run(refusal(path))
    assert path.read_bytes() == before


def test_a_damaged_file_is_reported_as_damaged(path: Path) -> None:
    asyncio.run(_make(path))
    data = bytearray(path.read_bytes())
    data[100:4096] = b"\xff" * 3996
    path.write_bytes(data)
    assert "damaged" in asyncio.run(refusal(path))


async def test_a_missing_directory_is_refused(tmp_path: Path) -> None:
    assert "cannot be written" in await refusal(tmp_path / "nowhere" / "bot.sqlite3")


@contextmanager
def nobody() -> Generator[None]:
    """Root may write everywhere, so what must be refused is tried as somebody else."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("existing", [False, True])
def test_a_read_only_directory_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    existing: bool,  # noqa: FBT001
) -> None:
    steps = migrations()
    monkeypatch.setattr(room, "migrations", lambda: steps)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "bot.sqlite3"
        if existing:
            asyncio.run(_make(path))
            path.chmod(0o444)
        Path(scratch).chmod(0o555)
        with nobody():
            assert "cannot be written" in asyncio.run(refusal(path))
        Path(scratch).chmod(0o755)


async def _make(path: Path) -> None:
    await (await Database.open(path)).close()


async def test_the_reader_cannot_write(db: Database) -> None:
    with pytest.raises(DatabaseError):
        await db.fetch_all("DELETE FROM sharing")


async def test_concurrent_reads_queue_up_in_the_readers_thread(db: Database) -> None:
    """Otherwise each would wait for a turn of the loop, which meanwhile serves all the others."""
    reader = make_reader_fail(db)
    reads = [asyncio.create_task(users(db)) for _ in range(50)]
    await asyncio.sleep(0)
    handed_over = len(reader.statements)
    assert await asyncio.gather(*reads) == [[]] * 50
    assert handed_over == 50


async def test_an_exception_rolls_everything_back(db: Database) -> None:
    async def change_mind() -> None:
        async with db.write() as tx:
            await tx.execute(ADD, {"user": 1})
            raise ValueError("changed my mind")

    with pytest.raises(ValueError, match="changed my mind"):
        await change_mind()
    assert await users(db) == []


async def test_readers_see_nothing_of_an_open_transaction(db: Database) -> None:
    async with db.write() as tx:
        await tx.execute(ADD, {"user": 1})
        assert await users(db) == []
    assert await users(db) == [1]


async def test_two_coroutines_never_share_a_transaction(db: Database) -> None:
    async def count_up() -> None:
        async with db.write() as tx:
            row = await tx.fetch_one("SELECT ifnull(max(user_id), 0) AS top FROM sharing")
            await asyncio.sleep(0)
            assert row is not None
            await tx.execute(ADD, {"user": row["top"] + 1})

    async def fail() -> None:
        async with db.write() as tx:
            await tx.execute(ADD, {"user": 1_000})
            await asyncio.sleep(0)
            raise ValueError

    coroutines = [fail() if i % 3 == 0 else count_up() for i in range(37)]
    await asyncio.gather(*coroutines, return_exceptions=True)
    assert await users(db) == list(range(1, 25))


async def test_a_transactions_cursors_are_closed_on_the_writers_thread(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One that this thread frees resets its statement, even while the writer runs it again.
    closed: list[int] = []
    close = aiosqlite.Cursor.close

    async def count(cursor: aiosqlite.Cursor) -> None:
        await close(cursor)
        closed.append(cursor.rowcount)

    monkeypatch.setattr(aiosqlite.Cursor, "close", count)
    async with db.write() as tx:
        assert await tx.execute(ADD, {"user": 1}) == 1
        await tx.execute_many(ADD, [{"user": 2}, {"user": 3}])
    assert closed == [1, 2]


@pytest.mark.parametrize("one_statement", [False, True])
async def test_a_cancelled_writer_leaves_all_or_nothing(
    db: Database,
    one_statement: bool,  # noqa: FBT001
) -> None:
    async def add_two(first: int) -> None:
        if one_statement:
            await db.write_one(
                ADD.replace("(:user, 1, 0)", "(:user, 1, 0), (:user + 1, 1, 0)"), {"user": first}
            )
            return
        async with db.write() as tx:
            await tx.execute(ADD, {"user": first})
            await tx.execute(ADD, {"user": first + 1})

    outcomes: set[int] = set()
    for attempt in range(120):
        first = attempt * 10
        task = asyncio.create_task(add_two(first))
        # From before BEGIN to after COMMIT: each hop to the writer's thread is some 0.1 ms.
        await asyncio.sleep(attempt * 0.00002)
        task.cancel()
        await asyncio.wait([task])
        await db.write_one(ADD, {"user": first + 5})
        here = [user for user in await users(db) if first <= user < first + 10]
        assert here in ([first + 5], [first, first + 1, first + 5])
        outcomes.add(len(here))
    assert 3 in outcomes
    assert one_statement or 1 in outcomes, "the cancellations should hit both sides of the commit"


async def test_a_cancellation_during_a_commit_waits_for_it(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = room._run
    at_commit = asyncio.Event()

    async def slow_run(connection: room.aiosqlite.Connection, sql: str) -> None:
        at_commit.set()
        await asyncio.sleep(0.05)
        await run(connection, sql)

    async def add() -> None:
        async with db.write() as tx:
            await tx.execute(ADD, {"user": 1})

    monkeypatch.setattr(room, "_run", slow_run)
    task = asyncio.create_task(add())
    await at_commit.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await users(db) == [1]


def hold_write_lock(path: Path) -> sqlite3.Connection:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


@pytest.mark.parametrize("one_statement", [False, True])
async def test_a_writer_waits_for_another_process(
    db: Database,
    path: Path,
    one_statement: bool,  # noqa: FBT001
) -> None:
    async def add() -> None:
        if one_statement:
            await db.write_one(ADD, {"user": 1})
        else:
            async with db.write() as tx:
                await tx.execute(ADD, {"user": 1})

    other = hold_write_lock(path)
    task = asyncio.create_task(add())
    await asyncio.sleep(0.8)
    assert not task.done()
    assert await users(db) == [], "reading goes on meanwhile"
    other.execute("COMMIT")
    other.close()
    await task
    assert await users(db) == [1]


async def test_a_long_held_lock_raises_an_error_and_loses_nothing(
    db: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_LOCK_TIMEOUT_S", 0.3)
    other = hold_write_lock(path)
    for _ in range(2):
        with pytest.raises(DatabaseError, match="locked by another program"):
            async with db.write() as tx:
                await tx.execute(ADD, {"user": 1})
    with pytest.raises(DatabaseError, match="locked by another program"):
        await db.write_one(ADD, {"user": 2})
    other.execute("ROLLBACK")
    other.close()
    await db.write_one(ADD, {"user": 3})
    assert await users(db) == [3]


async def test_a_full_disk_is_reported_and_loses_nothing(db: Database) -> None:
    await db.write_one(ADD, {"user": 1})
    await db.write_one("PRAGMA max_page_count = 1")

    async def fill() -> None:
        async with db.write() as tx:
            for user in range(2, 20_000):
                await tx.execute(ADD, {"user": user})

    with pytest.raises(StorageError, match="full: free some room"):
        await fill()
    assert await users(db) == [1]
    await db.write_one("PRAGMA max_page_count = 1000000")
    await db.write_one(ADD, {"user": 2})
    assert await users(db) == [1, 2]


async def test_our_own_sql_errors_are_raised_unchanged(db: Database) -> None:
    await db.write_one(ADD, {"user": 1})
    with pytest.raises(sqlite3.IntegrityError):
        await db.write_one(ADD, {"user": 1})
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await db.fetch_one("SELECT * FROM nowhere")


async def test_deleted_data_is_in_no_file_after_a_scrub(db: Database, path: Path) -> None:
    word = "unforgettable"
    block = "INSERT INTO acceptances VALUES (1, :word, '', 0)"
    await db.write_one(block, {"word": word})
    await db.write_one("DELETE FROM acceptances")
    await db.scrub()
    files = [file.read_bytes() for file in path.parent.iterdir()]
    assert not any(word.encode() in data for data in files)
    await db.write_one(block, {"word": word})
    files = [file.read_bytes() for file in path.parent.iterdir()]
    assert any(word.encode() in data for data in files), "otherwise the check above proves nothing"
