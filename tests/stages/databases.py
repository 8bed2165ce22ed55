"""Databases for tests that are not about the file itself: migrated once, copied for each.

Applying every step takes 30 ms, and thousands of tests begin with an empty database. Tests of the
steps or the disk open a `Database` themselves.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from bot.log import log_transition
from bot.store.db import Database
from bot.transitions import Tell

#: The bytes of the empty file with every step applied, once known.
_migrated: list[bytes] = []


async def open_database(path: Path, tell: Tell = log_transition) -> Database:
    """The database in this file, which starts empty with every step applied."""
    if not _migrated:
        await _migrate()
    _begin(path)
    database = await Database.open(path, tell)
    # No test cuts the power, and the kernel keeps what a killed process has written.
    await database._writer.execute("PRAGMA synchronous = OFF")
    return database


async def _migrate() -> None:
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "bot.sqlite3"
        await (await Database.open(path)).close()
        _migrated.append(path.read_bytes())


def _begin(path: Path) -> None:
    if not path.exists():
        path.write_bytes(_migrated[0])
