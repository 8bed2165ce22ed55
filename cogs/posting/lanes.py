"""Works off owed items: one per channel at a time, several channels at once.

The loops that post, delete, search, open votes and read them back keep owed rows in the database;
this module only remembers which channels are busy and which rest. After a fault its channel, or
one message alone, rests for a growing time while the others go on. Must not know what is done with
a row.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar

from bot.ballot import DuelId
from bot.domain import BotError, ChannelId, JobId, MessageId, OwedPostId
from bot.drawing.signals import Nudge
from bot.store.case_rows import CaseId
from bot.store.tellings import TellingId
from cogs.posting.faults import DISCORD_ERRORS

log = logging.getLogger(__name__)

ItemT = TypeVar("ItemT")
KeyT = TypeVar("KeyT", bound=Hashable)
#: The subject of an item, if it can rest alone.
RestKey: TypeAlias = MessageId | OwedPostId | CaseId | DuelId | TellingId | JobId

#: A channel whose attempt waits longer than this yields its place and waits without one.
_SLOW_S = 2.0


async def attempt(work: Awaitable[object], what: str) -> Exception | None:
    """Run one piece of work; a fault in it is logged and returned, and ends nothing else."""
    try:
        await work
    except (*DISCORD_ERRORS, BotError) as problem:
        log.warning("%s has to wait: %s", what, problem)
        return problem
    except Exception as problem:
        log.exception("%s has to wait after an unexpected fault", what)
        return problem
    return None


async def keep_looking(
    look: Callable[[asyncio.TaskGroup], Awaitable[object]],
    nudge: Nudge,
    *,
    poll_s: float,
    what: str,
    pace_s: float = 0.0,
) -> None:
    """Look for owed items for ever.

    At every nudge, but no faster than this pace, and at every poll.
    """
    async with asyncio.TaskGroup() as tasks:
        while True:
            await attempt(look(tasks), f"the look for {what}")
            await asyncio.sleep(pace_s)
            await nudge.wait(poll_s)


class ChannelItem(Protocol):
    """Something that one channel is owed."""

    @property
    def channel_id(self) -> ChannelId:
        """The channel that is owed."""
        ...


OwedT = TypeVar("OwedT", bound=ChannelItem)


def by_channel(owed: Iterable[OwedT]) -> dict[ChannelId, list[OwedT]]:
    """The items that each channel is owed, in the given order."""
    grouped: dict[ChannelId, list[OwedT]] = {}
    for one in owed:
        grouped.setdefault(one.channel_id, []).append(one)
    return grouped


def first_by_channel(owed: Iterable[OwedT]) -> dict[ChannelId, OwedT]:
    """The first item that each channel is owed, in the given order."""
    return {channel_id: some[0] for channel_id, some in by_channel(owed).items()}


class Rests(Generic[KeyT]):
    """The keys that rest, and until when. Each failure in a row doubles the pause, up to a maximum.

    It uses the monotonic clock, because the wall clock may jump. After a start no key rests.
    """

    def __init__(self, elapsed_s: Callable[[], float], first_s: float, longest_s: float) -> None:
        self._elapsed_s = elapsed_s
        self._first_s = first_s
        self._longest_s = longest_s
        #: Each key's latest pause, and when it ends.
        self._rests: dict[KeyT, tuple[float, float]] = {}

    def rest(self, key: KeyT) -> None:
        """Rest a key that failed, twice as long as last time."""
        last_s, _ = self._rests.get(key, (self._first_s / 2, 0.0))
        pause_s = min(last_s * 2, self._longest_s)
        self._rests[key] = (pause_s, self._elapsed_s() + pause_s)

    def recover(self, key: KeyT) -> None:
        """Reset the pause of a key that succeeded."""
        self._rests.pop(key, None)

    def resting(self) -> frozenset[KeyT]:
        """The keys whose rest has not ended."""
        now_s = self._elapsed_s()
        # A key not retried for long is done or gone, and can be dropped.
        self._rests = {
            key: (pause_s, end_s)
            for key, (pause_s, end_s) in self._rests.items()
            if end_s + self._longest_s > now_s
        }
        return frozenset(key for key, (_, end_s) in self._rests.items() if end_s > now_s)

    def clear(self) -> None:
        """End all rests."""
        self._rests.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Openings:
    """The limits for items that begin now."""

    #: The most items to begin.
    free: int
    #: Channels to leave out: they are busy, or rest.
    closed: frozenset[ChannelId]
    #: Subjects to leave out, which rest alone.
    resting: frozenset[RestKey]


class Lanes(Generic[ItemT]):
    """One lane per channel, `width` at once; each works on the first item that its channel is owed.

    `owed` returns the items that may begin, the most urgent first. `work` raises what Discord or
    the database raise; the item then stays owed until its row says otherwise, and its channel
    rests. `rest_key` returns an item's subject, so that it can rest by itself: after Discord's
    faults it rests together with its channel, after others alone. If the order matters
    (`in_order`), only the channel rests after faults of Discord or the database, so that nothing
    overtakes the failed item. `about` describes an item in the log; `nudge` is set when there may
    be more to do.
    """

    def __init__(
        self,
        owed: Callable[[Openings], Awaitable[Mapping[ChannelId, ItemT]]],
        work: Callable[[ItemT], Coroutine[None, None, None]],
        *,
        about: Callable[[ItemT], AbstractContextManager[None]],
        elapsed_s: Callable[[], float],
        nudge: Nudge,
        width: int,
        first_pause_s: float = 1.0,
        longest_pause_s: float = 300.0,
        rest_key: Callable[[ItemT], RestKey] | None = None,
        in_order: bool = False,
    ) -> None:
        self._owed = owed
        self._work = work
        self._about = about
        self._nudge = nudge
        self._width = width
        self._rest_key = rest_key
        self._in_order = in_order
        #: The channels with a lane, and those of them that hold a place.
        self._busy: set[ChannelId] = set()
        self._placed: set[ChannelId] = set()
        self._channels = Rests[ChannelId](elapsed_s, first_pause_s, longest_pause_s)
        # Longer than the channel's, so that an item's neighbours are tried before it is retried.
        self._subjects = Rests[RestKey](elapsed_s, 2 * first_pause_s, 2 * longest_pause_s)

    def openings(self) -> Openings:
        """The limits for items that begin now."""
        return Openings(
            free=self._width - len(self._placed),
            closed=self._channels.resting() | self._busy,
            resting=self._subjects.resting(),
        )

    def wake_all(self) -> None:
        """End all rests: Discord is back."""
        self._channels.clear()
        self._subjects.clear()
        self._nudge.set()

    async def look(self, tasks: asyncio.TaskGroup) -> bool:
        """Begin the owed items that may begin. True if there were any."""
        openings = self.openings()
        if not openings.free:
            return False
        owed = list((await self._owed(openings)).items())[: openings.free]
        for channel_id, item in owed:
            self._busy.add(channel_id)
            self._placed.add(channel_id)
            tasks.create_task(self._lane(channel_id, item), name=f"lane of {channel_id}")
        if owed:
            # The items of these channels may have hidden those of others.
            self._nudge.set()
        return bool(owed)

    async def _lane(self, channel_id: ChannelId, item: ItemT) -> None:
        try:
            with self._about(item):
                fault = await attempt(self._hold_place(channel_id, item), f"channel {channel_id}")
            self._update_rests(channel_id, item, fault)
        finally:
            self._busy.discard(channel_id)
            self._give_up_place(channel_id)

    async def _hold_place(self, channel_id: ChannelId, item: ItemT) -> None:
        """Hold a place while the work advances, but not while it only waits (a long rate limit)."""
        loop = asyncio.get_running_loop()
        slow = loop.call_later(_SLOW_S, self._give_up_place, channel_id)
        try:
            await self._work(item)
        finally:
            slow.cancel()

    def _give_up_place(self, channel_id: ChannelId) -> None:
        self._placed.discard(channel_id)
        self._nudge.set()

    def _update_rests(self, channel_id: ChannelId, item: ItemT, fault: Exception | None) -> None:
        """Decide from the result whether the channel or the subject rests."""
        subject = self._rest_key(item) if self._rest_key else None
        of_channel = (*DISCORD_ERRORS, BotError) if self._in_order else DISCORD_ERRORS
        is_the_channels = subject is None or isinstance(fault, of_channel)
        if fault is None or is_the_channels:
            _rest_or_recover(self._channels, channel_id, fault)
        if subject is not None and not (fault and is_the_channels and self._in_order):
            _rest_or_recover(self._subjects, subject, fault)


def _rest_or_recover(rests: Rests[KeyT], key: KeyT, fault: Exception | None) -> None:
    if fault is None:
        rests.recover(key)
    else:
        rests.rest(key)
