"""Finds queries that scan whole tables: an index is missing, or is not used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container

import pytest

from bot.store.db import Database, Params, Row, Transaction
from tests.stages.stores import Stores

#: Tables that stay small: a single row, or rows that are soon worked off.
SMALL = {"CONSTANT", "mark_key", "installation", "turns", "doomed_files", "sends"}


async def walked(stores: Stores, call: Callable[[], Awaitable[object]]) -> list[str]:
    """The steps of every query plan that scan a table from beginning to end."""
    asked: list[tuple[str, Params]] = []
    with pytest.MonkeyPatch.context() as patched:
        for room, name in (
            (Database, "fetch_all"), (Database, "write_one"),
            (Transaction, "fetch_all"), (Transaction, "execute"),
        ):  # fmt: skip
            patched.setattr(room, name, _noted(getattr(room, name), asked))
        await call()
    assert asked, "otherwise this proves nothing"
    steps: list[str] = []
    for sql, params in asked:
        plan = await stores.db.fetch_all(f"EXPLAIN QUERY PLAN {sql}", params)
        steps += [str(row["detail"]) for row in plan]
    rows = await stores.db.fetch_all(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
    )
    partial = {str(row["name"]) for row in rows}
    return [step for step in steps if _is_walk(step, partial)]


def _noted(
    plain: Callable[..., Awaitable[list[Row] | int]], asked: list[tuple[str, Params]]
) -> Callable[..., Awaitable[list[Row] | int]]:
    async def noted(
        self: object, sql: str, params: Params | None = None, *rest: str, **named: str
    ) -> list[Row] | int:
        asked.append((sql, params or {}))
        return await plain(self, sql, params or {}, *rest, **named)

    return noted


def _is_walk(step: str, partial: Container[str]) -> bool:
    """Partial indexes hold what is owed or alive: scanning them is their purpose."""
    if not step.startswith("SCAN ") or "VIRTUAL TABLE" in step:
        return False
    _, what, *how = step.split()
    if how and how[-1] in partial:
        return False
    return what not in SMALL and not what.startswith(("(", "SUBQUERY"))
