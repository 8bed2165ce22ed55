"""A disk that fails where a test says, at the seam between the database and aiosqlite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from bot.store.db import Database

#: The errors of a statement: the disk is full, fails, or was remounted read-only.
FULL, IOERR, READONLY = sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY
SICK = {"full": FULL, "io error": IOERR, "read-only": READONLY}


def error_of(code: int) -> sqlite3.OperationalError:
    problem = sqlite3.OperationalError(f"injected, code {code}")
    problem.sqlite_errorcode = code
    return problem


class SickConnection:
    """Wraps an aiosqlite connection; `fails` decides the error of the next statement."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        #: Every statement so far.
        self.statements: list[str] = []
        #: (its number from 0, its SQL) -> an error code, or 0 to let it through.
        self.fails: Callable[[int, str], int] = lambda _number, _sql: 0

    def _meet(self, sql: str) -> None:
        self.statements.append(sql)
        if code := self.fails(len(self.statements) - 1, sql):
            raise error_of(code)

    async def execute(self, sql: str, *rest: Any) -> Any:
        self._meet(sql)
        return await self._inner.execute(sql, *rest)

    async def execute_fetchall(self, sql: str, *rest: Any) -> Any:
        self._meet(sql)
        return await self._inner.execute_fetchall(sql, *rest)

    async def executemany(self, sql: str, *rest: Any) -> Any:
        self._meet(sql)
        return await self._inner.executemany(sql, *rest)

    async def rollback(self) -> None:
        self._meet("ROLLBACK")
        await self._inner.rollback()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def sicken_writer(db: Database) -> SickConnection:
    db._writer = sick = SickConnection(db._writer)  # type: ignore[assignment]
    return sick


def sicken_reader(db: Database) -> SickConnection:
    db._reader = sick = SickConnection(db._reader)  # type: ignore[assignment]
    return sick
