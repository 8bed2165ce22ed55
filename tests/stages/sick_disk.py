"""A disk that fails where a test wants, at the seam between the database and aiosqlite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from bot.store.db import Database

#: The errors of a statement on a disk that is full, fails, or was remounted read-only.
FULL, IOERR, READONLY = sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY
DISK_ERRORS = {"full": FULL, "io error": IOERR, "read-only": READONLY}


def error_of(code: int) -> sqlite3.OperationalError:
    problem = sqlite3.OperationalError(f"injected, code {code}")
    problem.sqlite_errorcode = code
    return problem


class FailingConnection:
    """Wraps an aiosqlite connection; `error_code_at` decides the error of the next statement."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        #: Every statement so far.
        self.statements: list[str] = []
        #: (its number from 0, its SQL) -> an error code, or 0 to let it through.
        self.error_code_at: Callable[[int, str], int] = lambda _number, _sql: 0

    def _maybe_fail(self, sql: str) -> None:
        self.statements.append(sql)
        if code := self.error_code_at(len(self.statements) - 1, sql):
            raise error_of(code)

    async def execute(self, sql: str, *rest: Any) -> Any:
        self._maybe_fail(sql)
        return await self._inner.execute(sql, *rest)

    async def execute_fetchall(self, sql: str, *rest: Any) -> Any:
        self._maybe_fail(sql)
        return await self._inner.execute_fetchall(sql, *rest)

    async def executemany(self, sql: str, *rest: Any) -> Any:
        self._maybe_fail(sql)
        return await self._inner.executemany(sql, *rest)

    async def rollback(self) -> None:
        self._maybe_fail("ROLLBACK")
        await self._inner.rollback()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def make_writer_fail(db: Database) -> FailingConnection:
    db._writer = sick = FailingConnection(db._writer)  # type: ignore[assignment]
    return sick


def make_reader_fail(db: Database) -> FailingConnection:
    db._reader = sick = FailingConnection(db._reader)  # type: ignore[assignment]
    return sick
