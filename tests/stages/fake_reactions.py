"""A small Discord with only reactions, whose events are late and whose lists are out of date.

It replaces discord.py for the reconciler: a client that fetches a message and pages through the
people behind its reactions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from types import SimpleNamespace

import discord

from bot.ballot import Reaction
from bot.domain import ChannelId, GuildId, MessageId, UserId
from bot.drawing.signals import Signals
from cogs.voting.inbox import Inbox, ReactionsCleared, ReactionSeen
from cogs.voting.reconciling import Reconciler
from tests.stages.booth import Hourglass
from tests.stages.stores import Stores

#: Message, voter, emoji, and whether it is a super reaction.
Standing = tuple[int, int, str, bool]


async def _nothing() -> None:
    """The default for what happens in between."""


class FakeReactions:
    """`truth` is what stands; the bot sees it through `late` events and old lists."""

    def __init__(self, stores: Stores, glass: Hourglass) -> None:
        self.glass = glass
        self.truth: frozenset[Standing] = frozenset()
        self.late: deque[ReactionSeen | ReactionsCleared] = deque()
        #: Runs before every answer of Discord's.
        self.meanwhile: Callable[[], Awaitable[None]] = _nothing
        #: How old the next list is.
        self.lag_s: Callable[[], float] = lambda: 0.0
        self.asked = 0
        self._past: list[tuple[float, frozenset[Standing]]] = [(0.0, self.truth)]
        self._session_s = 0.0
        services = SimpleNamespace(
            votes=stores.votes,
            gallery=stores.gallery,
            signals=Signals(),
            clock=lambda: round(glass() * 1000),
            elapsed_s=glass,
        )
        self.inbox = Inbox(services, glass)
        bot = SimpleNamespace(services=services, get_partial_messageable=self._channel)
        self.reconciler = Reconciler(bot, self.inbox)

    def react(
        self, message: int, voter: int, emoji: str, *, added: bool = True, burst: bool = False
    ) -> None:
        """Add or remove somebody's reaction; the event is on its way."""
        what = (message, voter, emoji, burst)
        if (what in self.truth) == added:
            return
        self._stands(self.truth | {what} if added else self.truth - {what})
        reaction = Reaction(
            message_id=MessageId(message),
            voter_id=UserId(voter),
            emoji=emoji,
            added=added,
            at_ms=round(self.glass() * 1000),
            burst=burst,
        )
        self.late.append(ReactionSeen(reaction=reaction))

    def clear(self, message: int, emoji: str | None = None) -> None:
        """Clear all reactions, or all of one emoji, as a moderator."""
        self._stands(
            frozenset(s for s in self.truth if s[0] != message or emoji not in {None, s[2]})
        )
        self.late.append(ReactionsCleared(message_id=MessageId(message), emoji=emoji, at_ms=0))

    def deliver(self, count: int = 1_000_000) -> None:
        """Deliver the next events."""
        for _ in range(min(count, len(self.late))):
            self.inbox.put(self.late.popleft())

    def lose_session(self) -> None:
        """Lose the events on their way and begin a new session."""
        self.late.clear()
        self._session_s = self.glass()
        self._stands(self.truth)
        self.reconciler.begin_session()

    def _stands(self, truth: frozenset[Standing]) -> None:
        self.truth = truth
        self._past.append((self.glass(), truth))

    def _seen(self) -> frozenset[Standing]:
        """What stood a while ago, but not before the session."""
        at_s = max(self.glass() - self.lag_s(), self._session_s)
        return next(truth for since_s, truth in reversed(self._past) if since_s <= at_s)

    def _channel(self, channel_id: ChannelId, *, guild_id: GuildId) -> SimpleNamespace:
        return SimpleNamespace(fetch_message=self._fetch)

    async def _fetch(self, message_id: MessageId) -> SimpleNamespace:
        await self.meanwhile()
        self.asked += 1
        kinds: dict[str, list[bool]] = {}
        for message, _, emoji, burst in self._seen():
            if message == message_id:
                kinds.setdefault(emoji, []).append(burst)
        return SimpleNamespace(
            reactions=[
                _FakeReaction(self, message_id, emoji, len(bursts), sum(bursts))
                for emoji, bursts in kinds.items()
            ]
        )

    async def page(self, message_id: MessageId, emoji: str, *, burst: bool) -> list[int]:
        """Everybody behind one reaction, in one answer."""
        await self.meanwhile()
        return sorted(
            voter
            for message, voter, stands, super_ in self._seen()
            if (message, stands, super_) == (message_id, emoji, burst)
        )


class _FakeReaction:
    """Like discord.py's: the count is of the time when the message was fetched."""

    me = False

    def __init__(
        self, discord_: FakeReactions, message_id: MessageId, emoji: str, count: int, bursts: int
    ) -> None:
        self._discord = discord_
        self._message_id = message_id
        self.emoji = emoji
        self.count = count
        self.burst_count = bursts

    async def users(
        self,
        *,
        limit: int,
        after: discord.Object | None,
        type: discord.ReactionType,  # noqa: A002
    ) -> AsyncGenerator[SimpleNamespace]:
        """Pages of at most 100, by id, each requested separately."""
        after_id = after.id if after else 0
        burst = type is discord.ReactionType.burst
        while limit > 0:
            everybody = await self._discord.page(self._message_id, self.emoji, burst=burst)
            page = [voter for voter in everybody if voter > after_id][: min(limit, 100)]
            if not page:
                return
            limit -= len(page)
            after_id = page[-1]
            for voter in page:
                yield SimpleNamespace(id=voter, bot=False)
