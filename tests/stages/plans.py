"""Finds queries that scan a whole table because an index is missing or unused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container

import pytest

from bot.store.db import Database, Params, Row, Transaction
from tests.stages.stores import Stores

#: Tables that stay small: they have a single row, or rows that the bot soon deletes.
SMALL = {"CONSTANT", "mark_key", "installation", "turns", "doomed_files", "sends"}


async def table_scans(stores: Stores, call: Callable[[], Awaitable[object]]) -> list[str]:
    """The query plans' steps that scan a whole table, for the statements of a call."""
    queries: list[tuple[str, Params]] = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        for owner, name in (
            (Database, "fetch_all"), (Database, "write_one"),
            (Transaction, "fetch_all"), (Transaction, "execute"),
        ):  # fmt: skip
            monkeypatch.setattr(owner, name, _recording(getattr(owner, name), queries))
        await call()
    assert queries, "otherwise this proves nothing"
    steps: list[str] = []
    for sql, params in queries:
        plan = await stores.db.fetch_all(f"EXPLAIN QUERY PLAN {sql}", params)
        steps += [str(row["detail"]) for row in plan]
    rows = await stores.db.fetch_all(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
    )
    partial = {str(row["name"]) for row in rows}
    return [step for step in steps if _is_table_scan(step, partial)]


def _recording(
    plain: Callable[..., Awaitable[list[Row] | int]], queries: list[tuple[str, Params]]
) -> Callable[..., Awaitable[list[Row] | int]]:
    async def record_and_call(
        self: object, sql: str, params: Params | None = None, *rest: str, **named: str
    ) -> list[Row] | int:
        queries.append((sql, params or {}))
        return await plain(self, sql, params or {}, *rest, **named)

    return record_and_call


def _is_table_scan(step: str, partial: Container[str]) -> bool:
    """Whether a step scans a table. Partial indexes hold only open work, so scan them freely."""
    if not step.startswith("SCAN ") or "VIRTUAL TABLE" in step:
        return False
    _, what, *how = step.split()
    if how and how[-1] in partial:
        return False
    return what not in SMALL and not what.startswith(("(", "SUBQUERY"))
