"""A fake Discord with only reactions, whose events are late and whose lists are out of date.

It replaces discord.py for the reconciler: a client that fetches a message, and pages of the people
who reacted to it.
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
from tests.stages.booth import ManualClock
from tests.stages.stores import Stores

#: Message, voter, emoji, and whether it is a super reaction.
Standing = tuple[int, int, str, bool]


async def _nothing() -> None:
    """Do nothing: the default before an answer."""


class FakeReactions:
    """`truth` holds the real reactions; the bot learns them from late events and old lists."""

    def __init__(self, stores: Stores, clock: ManualClock) -> None:
        self.clock = clock
        self.truth: frozenset[Standing] = frozenset()
        self.pending_events: deque[ReactionSeen | ReactionsCleared] = deque()
        #: Runs before every answer from Discord.
        self.before_answer: Callable[[], Awaitable[None]] = _nothing
        #: The age of the next list.
        self.lag_s: Callable[[], float] = lambda: 0.0
        self.fetch_count = 0
        self._past: list[tuple[float, frozenset[Standing]]] = [(0.0, self.truth)]
        self._session_s = 0.0
        services = SimpleNamespace(
            votes=stores.votes,
            gallery=stores.gallery,
            signals=Signals(),
            clock=lambda: round(clock() * 1000),
            elapsed_s=clock,
        )
        self.inbox = Inbox(services, clock)
        bot = SimpleNamespace(services=services, get_partial_messageable=self._channel)
        self.reconciler = Reconciler(bot, self.inbox)

    def react(
        self, message: int, voter: int, emoji: str, *, added: bool = True, burst: bool = False
    ) -> None:
        """Add or remove somebody's reaction; its event waits for delivery."""
        standing = (message, voter, emoji, burst)
        if (standing in self.truth) == added:
            return
        self._set_truth(self.truth | {standing} if added else self.truth - {standing})
        reaction = Reaction(
            message_id=MessageId(message),
            voter_id=UserId(voter),
            emoji=emoji,
            added=added,
            at_ms=round(self.clock() * 1000),
            burst=burst,
        )
        self.pending_events.append(ReactionSeen(reaction=reaction))

    def clear(self, message: int, emoji: str | None = None) -> None:
        """Clear all reactions of a message, or those of one emoji, as a moderator does."""
        self._set_truth(
            frozenset(s for s in self.truth if s[0] != message or emoji not in {None, s[2]})
        )
        self.pending_events.append(
            ReactionsCleared(message_id=MessageId(message), emoji=emoji, at_ms=0)
        )

    def deliver(self, count: int = 1_000_000) -> None:
        """Deliver the next events."""
        for _ in range(min(count, len(self.pending_events))):
            self.inbox.put(self.pending_events.popleft())

    def lose_session(self) -> None:
        """Lose all pending events and begin a new session."""
        self.pending_events.clear()
        self._session_s = self.clock()
        self._set_truth(self.truth)
        self.reconciler.begin_session()

    def _set_truth(self, truth: frozenset[Standing]) -> None:
        self.truth = truth
        self._past.append((self.clock(), truth))

    def _visible_truth(self) -> frozenset[Standing]:
        """The reactions of a while ago, though not from before the session."""
        at_s = max(self.clock() - self.lag_s(), self._session_s)
        return next(truth for since_s, truth in reversed(self._past) if since_s <= at_s)

    def _channel(self, channel_id: ChannelId, *, guild_id: GuildId) -> SimpleNamespace:
        return SimpleNamespace(fetch_message=self._fetch)

    async def _fetch(self, message_id: MessageId) -> SimpleNamespace:
        await self.before_answer()
        self.fetch_count += 1
        kinds: dict[str, list[bool]] = {}
        for message, _, emoji, burst in self._visible_truth():
            if message == message_id:
                kinds.setdefault(emoji, []).append(burst)
        return SimpleNamespace(
            reactions=[
                _FakeReaction(self, message_id, emoji, len(bursts), sum(bursts))
                for emoji, bursts in kinds.items()
            ]
        )

    async def page(self, message_id: MessageId, emoji: str, *, burst: bool) -> list[int]:
        """Everybody who has added this reaction, in one answer."""
        await self.before_answer()
        return sorted(
            voter
            for message, voter, standing_emoji, is_burst in self._visible_truth()
            if (message, standing_emoji, is_burst) == (message_id, emoji, burst)
        )


class _FakeReaction:
    """Like discord.py's: it counts the reactions at the time of the fetch."""

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
