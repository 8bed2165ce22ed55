"""Group commit: items that arrive while a commit is under way share the next one.

The vote ledger, the queue and others use it where one commit per caller, and its wait for the disk,
would be too slow. Must not know what is committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.store.db import run_to_end

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@dataclass(slots=True, eq=False)
class _Entry(Generic[ItemT, ResultT]):
    """One caller's item and its result."""

    item: ItemT
    outcome: list[ResultT] | BaseException | None = None


class GroupCommit(Generic[ItemT, ResultT]):
    """Runs `commit` on lists of items, in order of arrival, one list at a time.

    `commit` returns one result per item; if it raises, every caller of that list gets the error.
    The first caller commits for all that are waiting, so there is no background task.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[ItemT]], Coroutine[object, object, Sequence[ResultT]]],
        *,
        max_items: int,
    ) -> None:
        self._commit = commit
        self._max_items = max_items
        self._waiting: list[_Entry[ItemT, ResultT]] = []
        self._commit_lock = asyncio.Lock()

    async def submit(self, item: ItemT) -> ResultT:
        """Commit one item and return its result. Cancelled before its commit, it is left out."""
        entry: _Entry[ItemT, ResultT] = _Entry(item)
        self._waiting.append(entry)
        try:
            async with self._commit_lock:
                if entry.outcome is None:
                    # The list holds other callers' items, so it must not be abandoned.
                    await run_to_end(self._commit_waiting())
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
            raise
        if isinstance(entry.outcome, BaseException):
            raise entry.outcome
        assert entry.outcome is not None
        return entry.outcome[0]

    async def drain(self) -> None:
        """Wait until every item submitted so far is committed."""
        async with self._commit_lock:
            while self._waiting:
                await run_to_end(self._commit_waiting())

    async def _commit_waiting(self) -> None:
        entries, self._waiting = self._waiting[: self._max_items], self._waiting[self._max_items :]
        try:
            results = await self._commit([entry.item for entry in entries])
        except BaseException as problem:  # noqa: BLE001  each caller of the list raises it
            for entry in entries:
                entry.outcome = problem
            return
        for entry, result in zip(entries, results, strict=True):
            entry.outcome = [result]
