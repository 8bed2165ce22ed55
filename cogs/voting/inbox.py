"""The only way into the vote ledger: Discord's events, written in their order.

`cogs/voting/votes.py` adds events without waiting, `cogs/voting/reconciling.py` adds its readings;
one writer takes them out. An item leaves only after it is written, so a locked database loses
nothing.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias

from bot.ballot import Reaction
from bot.domain import BotError, MessageId, UserId
from bot.drawing.signals import Nudge
from bot.services import Services
from cogs.voting.watching import Watch, Watches

log = logging.getLogger(__name__)

#: Reactions written in one transaction.
_BATCH = 1_000
#: The rest before a retry when the database refuses them.
_PAUSE_S = 1.0
#: How long the writer sleeps without a nudge.
_POLL_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionSeen:
    """One reaction that was added or removed."""

    reaction: Reaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionsCleared:
    """A moderator cleared a message's reactions, or all of one emoji."""

    message_id: MessageId
    emoji: str | None
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesDeleted:
    """Messages that were deleted on Discord."""

    message_ids: tuple[MessageId, ...]
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EmojiVoters:
    """The users who react with one emoji, read back from Discord; no bots."""

    message_id: MessageId
    emoji: str
    burst: bool
    voter_ids: frozenset[UserId]
    #: Voters about whom the ledger has newer events.
    besides: frozenset[UserId]
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VotersByEmoji:
    """All users who react, by emoji, read back from Discord; no bots."""

    message_id: MessageId
    voter_ids: Mapping[str, frozenset[UserId]]
    #: What `votes.begin_reading` returned.
    begun: int


Item: TypeAlias = ReactionSeen | ReactionsCleared | MessagesDeleted | EmojiVoters | VotersByEmoji


class Inbox:
    """Items in order of arrival."""

    def __init__(self, services: Services, now_s: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._items: deque[Item] = deque()
        self._nudge = Nudge()
        self._writing = asyncio.Lock()
        self._watches = Watches(now_s)
        #: The number of leading items that came before the session.
        self._earlier = 0

    def put(self, item: Item) -> None:
        """Add an item; never waits, so that the gateway's order is kept."""
        self._items.append(item)
        match item:
            case ReactionSeen():
                self._watches.note_received(item.reaction)
            case ReactionsCleared():
                self._watches.distrust([item.message_id])
            case MessagesDeleted():
                self._watches.distrust(item.message_ids)
            case EmojiVoters() | VotersByEmoji():
                pass
        self._nudge.set()

    def watch(self, message_id: MessageId) -> AbstractContextManager[Watch]:
        """Watch the events under a message while its reactions are read back."""
        return self._watches.watch(message_id)

    def begin_session(self) -> None:
        """Note that a session began: events may be missing, so lists count as newer."""
        self._watches.reset()
        self._earlier = len(self._items)

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
        """Write everything received so far. Raises `DatabaseError`; unwritten items are kept."""
        async with self._writing:
            while self._items:
                batch = self._next_batch()
                await self._write(batch)
                for _ in batch:
                    self._items.popleft()
                self._earlier = max(0, self._earlier - len(batch))

    def _next_batch(self) -> list[Item]:
        """The leading reactions, or the one leading item of another kind."""
        seen = itertools.takewhile(lambda item: isinstance(item, ReactionSeen), self._items)
        return list(itertools.islice(seen, _BATCH)) or [self._items[0]]

    async def _write(self, batch: Sequence[Item]) -> None:
        votes, gallery = self._services.votes, self._services.gallery
        match batch[0]:
            case ReactionSeen():
                await self._record(
                    [item.reaction for item in batch if isinstance(item, ReactionSeen)]
                )
                self._services.signals.gallery.set()
            case ReactionsCleared() as cleared:
                await votes.clear_reactions(cleared.message_id, cleared.emoji, cleared.at_ms)
            case MessagesDeleted() as deleted:
                await gallery.record_deleted_messages(deleted.message_ids, deleted.at_ms)
            case EmojiVoters() as now:
                await votes.reconcile(
                    now.message_id,
                    now.emoji,
                    now.voter_ids,
                    now.at_ms,
                    burst=now.burst,
                    skip_voters=now.besides,
                )
            case VotersByEmoji() as now:
                await votes.end_reading(now.message_id, now.voter_ids, now.begun)

    async def _record(self, reactions: Sequence[Reaction]) -> None:
        """Write reactions. Those that the ledger accepts are newer than a list read soon after.

        A rejected one may have come before its post was recorded; a later reading finds it.
        """
        taken = await self._services.votes.record_many(reactions)
        for place, (reaction, is_vote) in enumerate(zip(reactions, taken, strict=True)):
            if is_vote and place >= self._earlier:
                self._watches.note_recorded(reaction)
