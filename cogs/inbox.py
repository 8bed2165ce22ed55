"""The one ordered way into the vote ledger: what Discord told, written in the order it was told.

`cogs/votes.py` puts events in without waiting, `cogs/reconciling.py` puts in what it read; one
writer takes them out. An item leaves only after it is written, so a locked database loses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.client import Services
from bot.domain import BotError, MessageId, Reaction, UserId
from bot.signals import Nudge

log = logging.getLogger(__name__)

#: Reactions written in one transaction.
_BATCH = 1_000
#: Rest before the next try when the database does not take them.
_PAUSE_S = 1.0
#: How long the writer sleeps when nobody nudges it.
_POLL_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One reaction that came or went."""

    reaction: Reaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """A moderator took away all reactions of a message, or all of one emoji."""

    message_id: MessageId
    emoji: str | None
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """Messages that are gone from Discord."""

    message_ids: tuple[MessageId, ...]
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who reacts with one emoji, read back from Discord; no bots."""

    message_id: MessageId
    emoji: str
    voter_ids: frozenset[UserId]
    at_ms: int


Item: TypeAlias = Seen | Cleared | Deleted | Standing


@dataclass(slots=True, eq=False, kw_only=True)
class Watch:
    """How many events came for a message since it is read back: they make the reading stale."""

    message_id: MessageId
    events: int = 0


class Inbox:
    """Items in the order of their arrival."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._items: deque[Item] = deque()
        self._nudge = Nudge()
        self._writing = asyncio.Lock()
        self._watches: list[Watch] = []

    def put(self, item: Item) -> None:
        """Take an item in; never waits, so that the order of the gateway is kept."""
        self._items.append(item)
        for watch in self._watches:
            watch.events += watch.message_id in _events_of(item)
        self._nudge.set()

    @contextlib.contextmanager
    def watch(self, message_id: MessageId) -> Generator[Watch]:
        """Count the events of a message while its reactions are read back."""
        watch = Watch(message_id=message_id)
        self._watches.append(watch)
        try:
            yield watch
        finally:
            self._watches.remove(watch)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            try:
                await self.flush()
            except BotError as problem:
                log.warning("%s reactions wait for the database: %s", len(self._items), problem)
                await asyncio.sleep(_PAUSE_S)
            else:
                await self._nudge.wait(_POLL_S)

    async def flush(self) -> None:
        """Write everything that has come so far. Raises `DatabaseError`, and keeps what is left."""
        async with self._writing:
            while self._items:
                batch = self._next_batch()
                await self._write(batch)
                for _ in batch:
                    self._items.popleft()

    def _next_batch(self) -> list[Item]:
        """The leading reactions, or the one item of another kind that leads."""
        seen = itertools.takewhile(lambda item: isinstance(item, Seen), self._items)
        return list(itertools.islice(seen, _BATCH)) or [self._items[0]]

    async def _write(self, batch: Sequence[Item]) -> None:
        votes, gallery = self._services.votes, self._services.gallery
        match batch[0]:
            case Seen():
                await votes.record_many([item.reaction for item in batch if isinstance(item, Seen)])
            case Cleared() as fallen:
                await votes.cleared(fallen.message_id, fallen.emoji, fallen.at_ms)
            case Deleted() as gone:
                await gallery.message_deleted(gone.message_ids, gone.at_ms)
            case Standing() as now:
                await votes.reconcile(now.message_id, now.emoji, set(now.voter_ids), now.at_ms)


def _events_of(item: Item) -> Sequence[MessageId]:
    match item:
        case Seen():
            return (item.reaction.message_id,)
        case Cleared():
            return (item.message_id,)
        case Deleted():
            return item.message_ids
        case Standing():
            return ()
