"""The one SQLite file: one writer, one read-only connection, and the numbered migrations.

The stores call `write`, `fetch_one` and `fetch_all` and keep their SQL to themselves; nobody else
imports aiosqlite. `bot/db_faults.py` explains its errors. Must not know what the tables mean.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Coroutine, Generator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeAlias, TypeVar

import aiosqlite

from bot.db_faults import code_of, in_plain_words, operator_error
from bot.domain import DatabaseError
from bot.log import log_transition
from bot.store import changes
from bot.store.changes import Changes
from bot.store.migrations import Migration, migrations
from bot.transitions import Tell

Row: TypeAlias = sqlite3.Row
Value: TypeAlias = "str | int | float | bytes | None"
Params: TypeAlias = Mapping[str, Value]
T = TypeVar("T")

_NO_PARAMS: Params = {}
#: Marks the file as ours ("WDbt"), so that no other program's database is ever migrated.
_APPLICATION_ID = 0x57446274
#: Marks the files of the development versions, whose schemas are gone.
_DEVELOPMENT_ID = 0x57616966
#: How long a writer waits for another process that holds the write lock.
_LOCK_TIMEOUT_S = 20.0
#: How long SQLite itself waits at a time; a cancellation takes effect after each slice.
_BUSY_SLICE_MS = 250
_READ_BUSY_MS = 5_000
#: The write-ahead log is checkpointed at this many pages; the bytes include their headers.
_LOG_PAGES, _LOG_BYTES = 4_000, 16 << 20
#: The page cache of each connection, in KiB.
_CACHE = "cache_size = -32000"


class Transaction:
    """Statements between BEGIN and COMMIT; only `Database.write` creates one."""

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    async def execute(self, sql: str, params: Params = _NO_PARAMS) -> int:
        """Run one statement; return how many rows it changed."""
        with in_plain_words(self._path):
            cursor = await self._connection.execute(sql, params)
            # Freed on this thread, it would reset a statement that the writer may be running.
            await cursor.close()
        return cursor.rowcount

    async def execute_many(self, sql: str, rows: Iterable[Params]) -> None:
        """Run one statement for each set of parameters."""
        with in_plain_words(self._path):
            await (await self._connection.executemany(sql, rows)).close()

    async def fetch_all(self, sql: str, params: Params = _NO_PARAMS) -> list[Row]:
        """Every row of a query, or of a statement with RETURNING."""
        with in_plain_words(self._path):
            return list(await self._connection.execute_fetchall(sql, params))

    async def fetch_one(self, sql: str, params: Params = _NO_PARAMS) -> Row | None:
        """The first row, or None."""
        return next(iter(await self.fetch_all(sql, params)), None)


class Database:
    """An open database with two connections: the reader never waits for the writer (WAL)."""

    def __init__(
        self,
        path: Path,
        writer: aiosqlite.Connection,
        reader: aiosqlite.Connection,
        state_changes: Changes,
    ) -> None:
        self._path = path
        self._writer = writer
        self._reader = reader
        self._changes = state_changes
        self._lock = asyncio.Lock()
        #: Cleared while `scrub` keeps readers out.
        self._readable = asyncio.Event()
        self._readable.set()

    @classmethod
    async def open(cls, path: Path, tell: Tell = log_transition) -> Database:
        """Open the file, creating it if needed, and migrate it.

        `tell` is called with every state change once it is committed. Raises `DatabaseError` with
        one sentence: no database, not ours, from a newer version, or not writable.
        """
        with in_plain_words(path):
            writer = await _connect(str(path))
            try:
                await _prepare(writer, path)
                state_changes = await _install_watches(writer, tell)
                reader = await _connect_reader(path)
            except BaseException:
                await writer.close()
                raise
        return cls(path, writer, reader, state_changes)

    async def close(self) -> None:
        """Close both connections, after the transaction in progress."""
        async with self._lock:
            await self._reader.close()
            await self._writer.close()

    @asynccontextmanager
    async def write(self, why: str = "") -> AsyncGenerator[Transaction]:
        """One transaction, while other writers wait. Rolls back on any exception.

        A cancellation before COMMIT rolls everything back; during COMMIT, the commit ends first and
        then the cancellation is raised. Raises `DatabaseError` when another process keeps the write
        lock for 20 s or the file is damaged, `StorageError` when the disk is full or fails; an
        error that an operator can fix is never a bare `sqlite3.Error`. `why` is the reason for the
        state changes in the log.
        """
        give_up_s = asyncio.get_running_loop().time() + _LOCK_TIMEOUT_S
        async with self._lock:
            try:
                await self._run_with_retries("BEGIN IMMEDIATE", _NO_PARAMS, give_up_s)
                yield Transaction(self._writer, self._path)
                with in_plain_words(self._path), self._changes.report_after(why):
                    await run_to_end(_run(self._writer, "COMMIT"))
            except BaseException:
                # rollback() does nothing where no transaction is open, and the writer's thread runs
                # it after any statement of a cancelled coroutine. If it fails too, raise the
                # original fault; the next write tries the rollback again.
                with suppress(sqlite3.Error):
                    await run_to_end(self._writer.rollback())
                self._changes.discard()
                raise

    async def write_one(self, sql: str, params: Params = _NO_PARAMS, why: str = "") -> list[Row]:
        """Run one statement as its own transaction; return its RETURNING rows.

        Cheaper than `write`: one trip to the writer's thread instead of three. Raises like `write`.
        """
        give_up_s = asyncio.get_running_loop().time() + _LOCK_TIMEOUT_S
        async with self._lock:
            try:
                with self._changes.report_after(why):
                    return await self._run_with_retries(sql, params, give_up_s)
            finally:
                self._changes.discard()

    async def _run_with_retries(self, sql: str, params: Params, give_up_s: float) -> list[Row]:
        """Run a statement that needs the write lock, retrying while another process holds it."""
        loop = asyncio.get_running_loop()
        await self._roll_back_leftover()
        while True:
            try:
                return list(await run_to_end(_fetch_rows(self._writer, sql, params)))
            except sqlite3.Error as problem:
                if code_of(problem) != sqlite3.SQLITE_BUSY or loop.time() >= give_up_s:
                    raise operator_error(problem, self._path, sql) or problem from problem
            await asyncio.sleep(_BUSY_SLICE_MS / 1000)

    async def _roll_back_leftover(self) -> None:
        """Roll back a transaction that is still open because its rollback failed."""
        if self._writer.in_transaction:
            with in_plain_words(self._path):
                await run_to_end(self._writer.rollback())

    async def fetch_all(self, sql: str, params: Params = _NO_PARAMS) -> list[Row]:
        """Every row as of the latest commit, on the read-only connection. Raises like `write`.

        Callers queue at the reader's thread, which serves them without the event loop.
        """
        while not self._readable.is_set():
            await self._readable.wait()
        with in_plain_words(self._path):
            return list(await self._reader.execute_fetchall(sql, params))

    async def fetch_one(self, sql: str, params: Params = _NO_PARAMS) -> Row | None:
        """The first row, or None."""
        return next(iter(await self.fetch_all(sql, params)), None)

    async def scrub(self) -> bool:
        """Remove every byte of deleted rows from the files: from free pages and from the log.

        Returns False if another program (a backup) is reading the file: the log then keeps its
        content, everything stays usable, and the caller must retry later. Raises like `write`.
        """
        async with self._lock:
            await self._roll_back_leftover()
            # Checked first, so that retries cost nothing while another program keeps reading:
            # rewriting the file makes the log as long as the file.
            if not await self._empty_log():
                return False
            give_up_s = asyncio.get_running_loop().time() + _LOCK_TIMEOUT_S
            await self._run_with_retries("VACUUM", _NO_PARAMS, give_up_s)
            return await self._empty_log()

    async def _empty_log(self) -> bool:
        """Move the log into the file and truncate it; False if another program is reading it."""
        self._readable.clear()
        try:
            with in_plain_words(self._path):
                # Queued behind every waiting read, even one whose caller was cancelled.
                await self._reader.execute_fetchall("SELECT 1")
                rows = await run_to_end(
                    _fetch_rows(self._writer, "PRAGMA wal_checkpoint(TRUNCATE)")
                )
        finally:
            self._readable.set()
        busy, frames, _ = rows[0]
        return not busy and not frames


async def run_to_end(coroutine: Coroutine[object, object, T]) -> T:
    """Await it to its end even if cancelled; then raise the cancellation (caused by its fault)."""
    task = asyncio.ensure_future(coroutine)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as stop:
            cancelled = stop
    if cancelled is not None:
        raise cancelled from task.exception()
    return task.result()


class ReadOnlyDatabase:
    """A file opened only for reading, whatever its version; for the doctor and the browser."""

    def __init__(self, reader: aiosqlite.Connection, path: Path, version: int) -> None:
        #: 0 before the first migration, when the file has no tables.
        self.version = version
        self._reader = reader
        self._path = path

    async def fetch_all(self, sql: str, params: Params = _NO_PARAMS) -> list[Row]:
        """Every row of a query."""
        with in_plain_words(self._path):
            return list(await self._reader.execute_fetchall(sql, params))


@asynccontextmanager
async def open_read_only(path: Path) -> AsyncGenerator[ReadOnlyDatabase]:
    """Open an existing file read-only, without migrating it. Raises like `Database.open`."""
    with in_plain_words(path):
        reader = await _connect_reader(path)
    try:
        with in_plain_words(path):
            version = await _read_version(reader, path)
        yield ReadOnlyDatabase(reader, path, version)
    finally:
        await run_to_end(reader.close())


async def describe_version(path: Path) -> str:
    """The doctor's line about an existing file. Only reads; raises like `Database.open`."""
    async with open_read_only(path) as file:
        version = file.version
    newest = len(migrations())
    if version < newest:
        return f"version {version}, will be brought to {newest} at the next start"
    return f"version {version}, the newest"


async def _prepare(writer: aiosqlite.Connection, path: Path) -> None:
    """Configure the writer and migrate."""
    await writer.execute(f"PRAGMA busy_timeout = {_BUSY_SLICE_MS}")
    version = await _read_version(writer, path)
    # FULL: acknowledged writes survive a power cut. secure_delete: overwrite forgotten data.
    await _run_with_retries(writer, "PRAGMA journal_mode = WAL")
    for setting in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON", _CACHE):
        await writer.execute(f"PRAGMA {setting}")
    # A checkpoint delays one commit. It comes four times less often than by default: the log takes
    # 16 MB, and more after a long transaction or a backup, until the second commit after it.
    await writer.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    await writer.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
    writer.row_factory = sqlite3.Row
    for step in migrations()[version:]:
        await _migrate(writer, path, step)


async def _install_watches(writer: aiosqlite.Connection, tell: Tell) -> Changes:
    """Install the triggers that record every state change from now on."""
    state_changes = Changes(tell)
    await writer.create_function(changes.FUNCTION, changes.VALUES, state_changes.record)  # pyright: ignore[reportUnknownMemberType]  aiosqlite leaves it open
    for watch in changes.WATCHES:
        await writer.execute(watch)
    return state_changes


async def _migrate(writer: aiosqlite.Connection, path: Path, step: Migration) -> None:
    """Apply one step unless the file has it; the step and its number commit together."""
    await _run_with_retries(writer, "BEGIN IMMEDIATE")
    try:
        if await _read_version(writer, path) < step.number:
            for statement in _statements(step.sql):
                await writer.execute(statement)
            await writer.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            await writer.execute(f"PRAGMA user_version = {step.number}")
        await _run(writer, "COMMIT")
    except BaseException:
        await run_to_end(writer.rollback())
        raise


async def _run_with_retries(connection: aiosqlite.Connection, sql: str) -> None:
    """Run a statement, retrying while another process holds the lock."""
    for _ in range(int(_LOCK_TIMEOUT_S * 1000 / _BUSY_SLICE_MS / 2)):
        try:
            return await _run(connection, sql)
        except sqlite3.OperationalError as problem:
            if code_of(problem) != sqlite3.SQLITE_BUSY:
                raise
            await asyncio.sleep(_BUSY_SLICE_MS / 1000)
    return await _run(connection, sql)


async def _read_version(connection: aiosqlite.Connection, path: Path) -> int:
    """The file's schema version. Raises `DatabaseError` if this program must not use the file."""
    version = await _read_number(connection, "PRAGMA user_version")
    application = await _read_number(connection, "PRAGMA application_id")
    tables = await _read_number(connection, "SELECT count(*) FROM sqlite_master")
    if application == _DEVELOPMENT_ID:
        raise DatabaseError(
            f"{path} is from a development version before the first release, from which nothing "
            "can be carried over: move its directory away, or point DATA_DIR at a new one."
        )
    if application != _APPLICATION_ID and (version or tables or application):
        raise DatabaseError(
            f"{path} is the database of another program: point DATA_DIR at a directory of its own."
        )
    if version > len(migrations()):
        raise DatabaseError(
            f"{path} is from a newer version of this bot (schema {version}, this one knows "
            f"{len(migrations())}): update the bot, or restore an older copy of the file."
        )
    return version


async def _read_number(connection: aiosqlite.Connection, sql: str) -> int:
    rows = list(await connection.execute_fetchall(sql))
    return int(rows[0][0])


def _statements(sql: str) -> Generator[str]:
    """Split a script into statements; semicolons inside a trigger do not split."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    assert not pending.strip() or pending.strip().startswith("--"), "an unfinished statement"


async def _connect(name: str, *, uri: bool = False) -> aiosqlite.Connection:
    # Open it before aiosqlite does: if opening fails, aiosqlite's thread outlives the loop for a
    # moment and prints a traceback.
    raw = await asyncio.to_thread(
        sqlite3.connect, name, isolation_level=None, check_same_thread=False, uri=uri
    )
    return await aiosqlite.Connection(lambda: raw, iter_chunk_size=64)


async def _connect_reader(path: Path) -> aiosqlite.Connection:
    reader = await _connect(_read_only_uri(path), uri=True)
    reader.row_factory = sqlite3.Row
    try:
        await reader.execute(f"PRAGMA busy_timeout = {_READ_BUSY_MS}")
        await reader.execute(f"PRAGMA {_CACHE}")
    except BaseException:
        # Its thread would keep the process alive.
        await run_to_end(reader.close())
        raise
    return reader


def _read_only_uri(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro"


async def _run(connection: aiosqlite.Connection, sql: str) -> None:
    await connection.execute_fetchall(sql)


async def _fetch_rows(
    connection: aiosqlite.Connection, sql: str, params: Params = _NO_PARAMS
) -> list[Row]:
    return list(await connection.execute_fetchall(sql, params))
