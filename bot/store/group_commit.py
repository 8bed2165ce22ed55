"""Group commit: items that arrive while a commit is under way share the next one.

The vote ledger and the queue's entrance use it, where one commit (and its wait for the disk) per
caller would be the limit. Must not know what is committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.store.db import undisturbed

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@dataclass(slots=True, eq=False)
class _Entry(Generic[ItemT, ResultT]):
    """One caller's item and its result."""

    item: ItemT
    outcome: list[ResultT] | BaseException | None = None


class GroupCommit(Generic[ItemT, ResultT]):
    """Runs `commit` on lists of items in the order of their arrival, one list at a time.

    `commit` returns one result per item; if it raises, every caller of that list gets the error.
    The first caller in line commits for all who have arrived, so no task runs in the background.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[ItemT]], Coroutine[object, object, Sequence[ResultT]]],
        *,
        most: int,
    ) -> None:
        self._commit = commit
        self._most = most
        self._waiting: list[_Entry[ItemT, ResultT]] = []
        self._turn = asyncio.Lock()

    async def do(self, item: ItemT) -> ResultT:
        """Commit one item. A caller cancelled before its commit begins is left out."""
        entry: _Entry[ItemT, ResultT] = _Entry(item)
        self._waiting.append(entry)
        try:
            async with self._turn:
                if entry.outcome is None:
                    # Our list holds other callers' items, so we must not abandon it.
                    await undisturbed(self._commit_waiting())
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
            raise
        if isinstance(entry.outcome, BaseException):
            raise entry.outcome
        assert entry.outcome is not None
        return entry.outcome[0]

    async def idle(self) -> None:
        """Return when everything that has arrived by now is committed."""
        async with self._turn:
            while self._waiting:
                await undisturbed(self._commit_waiting())

    async def _commit_waiting(self) -> None:
        entries, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            results = await self._commit([entry.item for entry in entries])
        except BaseException as problem:  # noqa: BLE001  handed to the callers it belongs to
            for entry in entries:
                entry.outcome = problem
            return
        for entry, result in zip(entries, results, strict=True):
            entry.outcome = [result]
