"""Turns SQLite errors into one sentence that tells the operator what to do.

`bot/store/db.py` wraps every call in it, so other rooms meet an `sqlite3.Error` only where the
mistake is our own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from bot.domain import BotError, DatabaseError, DiskFullError, StorageError

_FULL = "the disk that holds {path} is full: free some room."
#: A full disk also raises this when the log's index must grow.
_FAILS = "the disk that holds {path} fails ({problem}): see that it has room and is well."
#: `VACUUM` writes a copy of the database to the temporary directory, which may be on another disk.
_COPY = "the disk that holds {path}, or the one that holds SQLite's temporary files, "
_MOVE = "set the environment variable SQLITE_TMPDIR to a directory on another disk."
_COPY_FULL = _COPY + "is full: free some room, or " + _MOVE
_COPY_FAILS = _COPY + "fails ({problem}): see that both have room and are well, or " + _MOVE
_LOCKED = "{path} is locked by another program: close whatever else has it open for writing."
_READ_ONLY = (
    "{path} cannot be written: make the file and its directory writable for the bot's user, or "
    "point DATA_DIR elsewhere."
)
_NO_DATABASE = "{path} is not a database: move it away, or restore a copy."
_DAMAGED = "{path} is damaged ({problem}): restore a copy of it."
_NO_MEMORY = "there is no memory left to read {path} with: free some."

#: Keyed by SQLite's primary result code. Any other code is our own mistake.
_FAULTS: Mapping[int, tuple[type[BotError], str]] = MappingProxyType(
    {
        sqlite3.SQLITE_FULL: (DiskFullError, _FULL),
        sqlite3.SQLITE_IOERR: (StorageError, _FAILS),
        sqlite3.SQLITE_BUSY: (DatabaseError, _LOCKED),
        sqlite3.SQLITE_LOCKED: (DatabaseError, _LOCKED),
        sqlite3.SQLITE_PROTOCOL: (DatabaseError, _LOCKED),
        sqlite3.SQLITE_READONLY: (DatabaseError, _READ_ONLY),
        sqlite3.SQLITE_CANTOPEN: (DatabaseError, _READ_ONLY),
        sqlite3.SQLITE_PERM: (DatabaseError, _READ_ONLY),
        sqlite3.SQLITE_NOTADB: (DatabaseError, _NO_DATABASE),
        sqlite3.SQLITE_CORRUPT: (DatabaseError, _DAMAGED),
        sqlite3.SQLITE_NOMEM: (DatabaseError, _NO_MEMORY),
    }
)
#: The sentences that differ for `VACUUM`, keyed likewise.
_OF_VACUUM: Mapping[int, str] = MappingProxyType(
    {sqlite3.SQLITE_FULL: _COPY_FULL, sqlite3.SQLITE_IOERR: _COPY_FAILS}
)


@contextmanager
def in_plain_words(path: Path) -> Generator[None]:
    """Turn errors that an operator can fix into a sentence; let our own mistakes pass through."""
    try:
        yield
    except sqlite3.Error as problem:
        error = operator_error(problem, path)
        if error is None:
            raise
        raise error from problem


def code_of(problem: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 if the error comes from the Python module."""
    return getattr(problem, "sqlite_errorcode", 0) & 0xFF


def operator_error(problem: sqlite3.Error, path: Path, sql: str = "") -> BotError | None:
    """What an operator can do about the error of a statement; None if the mistake is ours."""
    kind, sentence = _FAULTS.get(code_of(problem), (None, ""))
    if sql == "VACUUM":
        sentence = _OF_VACUUM.get(code_of(problem), sentence)
    return kind and kind(sentence.format(path=path, problem=problem))
