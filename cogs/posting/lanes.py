"""Works off what is owed to channels: one thing of a channel at a time, several channels at once.

The loops that post, delete, look for lost messages, open votes and read them back keep their owed
rows in the database; here is only remembered who is busy and who rests. A fault rests its channel,
or one message alone, for a growing while, and the others go on. It must not know what is done with
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
#: What an item is about, where it can rest alone.
RestKey: TypeAlias = MessageId | OwedPostId | CaseId | DuelId | TellingId | JobId

#: A channel that keeps a try waiting for longer gives its place to another and waits without one.
_SLOW_S = 2.0


async def attempt(deed: Awaitable[object], what: str) -> Exception | None:
    """The boundary of one deed: what goes wrong in it is logged, returned, and ends nothing."""
    try:
        await deed
    except (*DISCORD_ERRORS, BotError) as problem:
        log.warning("%s has to wait: %s", what, problem)
        return problem
    except Exception as problem:
        log.exception("%s has to wait: a fault that nobody thought of", what)
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
    """Look for what is owed, for ever: when nudged, but at this pace, and at every poll."""
    async with asyncio.TaskGroup() as tasks:
        while True:
            await attempt(look(tasks), f"the look for {what}")
            await asyncio.sleep(pace_s)
            await nudge.wait(poll_s)


class OfChannel(Protocol):
    """What is owed to one channel."""

    @property
    def channel_id(self) -> ChannelId:
        """Whose it is."""
        ...


OwedT = TypeVar("OwedT", bound=OfChannel)


def by_channel(owed: Iterable[OwedT]) -> dict[ChannelId, list[OwedT]]:
    """What each channel is owed, in the order given."""
    found: dict[ChannelId, list[OwedT]] = {}
    for one in owed:
        found.setdefault(one.channel_id, []).append(one)
    return found


def first_of_each(owed: Iterable[OwedT]) -> dict[ChannelId, OwedT]:
    """What each channel is owed first, in the order given."""
    return {channel_id: some[0] for channel_id, some in by_channel(owed).items()}


class Rests(Generic[KeyT]):
    """Who is to be let be until when. Each failure in a row doubles the pause, up to the longest.

    The wall clock may jump and is not asked. After a start everybody may be tried at once.
    """

    def __init__(self, elapsed_s: Callable[[], float], first_s: float, longest_s: float) -> None:
        self._elapsed_s = elapsed_s
        self._first_s = first_s
        self._longest_s = longest_s
        #: The latest pause of each key, and when it ends.
        self._rests: dict[KeyT, tuple[float, float]] = {}

    def tire(self, key: KeyT) -> None:
        """It failed: it rests, twice as long as last time."""
        last_s, _ = self._rests.get(key, (self._first_s / 2, 0.0))
        pause_s = min(last_s * 2, self._longest_s)
        self._rests[key] = (pause_s, self._elapsed_s() + pause_s)

    def recover(self, key: KeyT) -> None:
        """It went well: its next pause is the first again."""
        self._rests.pop(key, None)

    def resting(self) -> frozenset[KeyT]:
        """Whose rest has not ended."""
        now_s = self._elapsed_s()
        # What was not tried again for long is done or gone, and need not be remembered.
        self._rests = {
            key: (pause_s, end_s)
            for key, (pause_s, end_s) in self._rests.items()
            if end_s + self._longest_s > now_s
        }
        return frozenset(key for key, (_, end_s) in self._rests.items() if end_s > now_s)

    def clear(self) -> None:
        """Nobody rests any longer."""
        self._rests.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Openings:
    """What may be begun now."""

    #: So many things at most.
    free: int
    #: Nothing of these channels: they are being worked for, or rest.
    closed: frozenset[ChannelId]
    #: Nothing about these, which rest alone.
    resting: frozenset[RestKey]


class Lanes(Generic[ItemT]):
    """A lane for each channel, `width` of them at once, and in each the thing that is owed first.

    `owed` looks for what may be begun, the most urgent first. `work` raises what Discord or the
    database raise, and the item is owed until its row says otherwise; then its channel rests.
    `alone` says what an item is about, so that it can rest by itself: Discord's faults rest it and
    its channel, any other rests it alone. Where the order matters (`in_order`), what Discord or the
    database raise rests the channel only, so that nothing of it overtakes what failed.
    `about` is what the log says of an item; `nudge` is set when there may be more to do.
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
        alone: Callable[[ItemT], RestKey] | None = None,
        in_order: bool = False,
    ) -> None:
        self._owed = owed
        self._work = work
        self._about = about
        self._nudge = nudge
        self._width = width
        self._alone = alone
        self._in_order = in_order
        #: The channels with a lane, and those of them that hold one of the places.
        self._busy: set[ChannelId] = set()
        self._placed: set[ChannelId] = set()
        self._channels = Rests[ChannelId](elapsed_s, first_pause_s, longest_pause_s)
        # Longer than the channel, so that an item's neighbours are tried before it is again.
        self._subjects = Rests[RestKey](elapsed_s, 2 * first_pause_s, 2 * longest_pause_s)

    def openings(self) -> Openings:
        """What may be begun now."""
        return Openings(
            free=self._width - len(self._placed),
            closed=self._channels.resting() | self._busy,
            resting=self._subjects.resting(),
        )

    def wake_all(self) -> None:
        """Let nobody rest any longer: Discord is back."""
        self._channels.clear()
        self._subjects.clear()
        self._nudge.set()

    async def look(self, tasks: asyncio.TaskGroup) -> bool:
        """Begin what is owed and may be begun. True if there was something."""
        openings = self.openings()
        if not openings.free:
            return False
        owed = list((await self._owed(openings)).items())[: openings.free]
        for channel_id, item in owed:
            self._busy.add(channel_id)
            self._placed.add(channel_id)
            tasks.create_task(self._lane(channel_id, item), name=f"lane of {channel_id}")
        if owed:
            # What these channels are owed may have hidden what others are.
            self._nudge.set()
        return bool(owed)

    async def _lane(self, channel_id: ChannelId, item: ItemT) -> None:
        try:
            with self._about(item):
                fault = await attempt(self._in_a_place(channel_id, item), f"channel {channel_id}")
            self._note(channel_id, item, fault)
        finally:
            self._busy.discard(channel_id)
            self._give_up_place(channel_id)

    async def _in_a_place(self, channel_id: ChannelId, item: ItemT) -> None:
        """Hold a place while the work goes on, but not while it only waits (a long rate limit)."""
        loop = asyncio.get_running_loop()
        slow = loop.call_later(_SLOW_S, self._give_up_place, channel_id)
        try:
            await self._work(item)
        finally:
            slow.cancel()

    def _give_up_place(self, channel_id: ChannelId) -> None:
        self._placed.discard(channel_id)
        self._nudge.set()

    def _note(self, channel_id: ChannelId, item: ItemT, fault: Exception | None) -> None:
        """Who rests after that."""
        subject = self._alone(item) if self._alone else None
        of_channel = (*DISCORD_ERRORS, BotError) if self._in_order else DISCORD_ERRORS
        is_the_channels = subject is None or isinstance(fault, of_channel)
        if fault is None or is_the_channels:
            _note(self._channels, channel_id, fault)
        if subject is not None and not (fault and is_the_channels and self._in_order):
            _note(self._subjects, subject, fault)


def _note(rests: Rests[KeyT], key: KeyT, fault: Exception | None) -> None:
    if fault is None:
        rests.recover(key)
    else:
        rests.tire(key)
