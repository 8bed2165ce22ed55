"""Databases for tests that are not about the file itself: migrated once, then copied for each test.

Applying every migration takes 30 ms, and thousands of tests begin with an empty database. Tests of
the migrations or of the disk open a `Database` themselves.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from bot.log import log_transition
from bot.store.db import Database
from bot.transitions import Tell

#: The bytes of an empty file with every migration applied, once one exists.
_migrated: list[bytes] = []


async def open_database(path: Path, tell: Tell = log_transition) -> Database:
    """Open the database in this file; a new one is empty, with every migration applied."""
    if not _migrated:
        await _create_migrated()
    _copy_if_missing(path)
    database = await Database.open(path, tell)
    # No test cuts the power, and the kernel keeps what a killed process has written.
    await database._writer.execute("PRAGMA synchronous = OFF")
    return database


async def _create_migrated() -> None:
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "bot.sqlite3"
        await (await Database.open(path)).close()
        _migrated.append(path.read_bytes())


def _copy_if_missing(path: Path) -> None:
    if not path.exists():
        path.write_bytes(_migrated[0])
