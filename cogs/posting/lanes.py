"""Works off what is owed to channels: one lane for each, and a sick channel holds up no other.

The loops that post, delete, look for lost messages and open votes keep their owed rows in the
database and hand them in here. It must not know what is done with a row.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Generic, Protocol, TypeVar

from bot.domain import BotError, ChannelId
from bot.drawing.signals import Nudge
from cogs.posting.faults import DISCORD_ERRORS

log = logging.getLogger(__name__)

ItemT = TypeVar("ItemT")

#: A channel that keeps a try waiting for longer gives its place to another and waits without one.
_SLOW_S = 2.0
#: Pause of a channel after a failed try; doubles up to the longest.
_FIRST_PAUSE_S = 1.0


async def keep_looking(
    look: Callable[[], Awaitable[None]], nudge: Nudge, poll_s: float, what: str
) -> None:
    """Look for what is owed, for ever. Nothing that one look meets ends the looking."""
    while True:
        try:
            await look()
        except BotError as problem:
            log.warning("cannot look for %s: %s", what, problem)
        except Exception:
            log.exception("looking for %s failed in a way that nobody thought of", what)
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


class Lanes(Generic[ItemT]):
    """Each channel's items in order, one at a time; `width` channels at once.

    `work` raises what Discord or the database raise; then its channel rests, its other items with
    it. After a fault that is the item's own the others are done first. `nudge` is set when there
    may be more to do.
    """

    def __init__(
        self,
        work: Callable[[ItemT], Coroutine[None, None, None]],
        *,
        elapsed_s: Callable[[], float],
        nudge: Nudge,
        width: int,
        longest_pause_s: float = 300.0,
    ) -> None:
        self._work = work
        self._elapsed_s = elapsed_s
        self._nudge = nudge
        self._slots = asyncio.Semaphore(width)
        self._longest_pause_s = longest_pause_s
        self._busy: set[ChannelId] = set()
        #: Failed tries in a row, and when each such channel is tried again.
        self._failures: dict[ChannelId, int] = {}
        self._rests_until_s: dict[ChannelId, float] = {}

    def closed(self) -> frozenset[ChannelId]:
        """The channels that are being worked for, or that rest: nothing is to be read for them."""
        now_s = self._elapsed_s()
        resting = {c for c, until_s in self._rests_until_s.items() if now_s < until_s}
        return frozenset(self._busy | resting)

    def open(self, tasks: asyncio.TaskGroup, channel_id: ChannelId, items: Iterable[ItemT]) -> None:
        """Work off these items of a channel that is not `closed`."""
        self._busy.add(channel_id)
        tasks.create_task(self._run(channel_id, list(items)), name=f"lane of {channel_id}")

    async def _run(self, channel_id: ChannelId, items: list[ItemT]) -> None:
        try:
            for item in items:
                if not await self._one(channel_id, item):
                    break
        finally:
            self._busy.discard(channel_id)
            self._nudge.set()

    async def _one(self, channel_id: ChannelId, item: ItemT) -> bool:
        """One item's boundary: False if the channel's other items are to wait as well."""
        try:
            await self._in_a_slot(item)
        except (*DISCORD_ERRORS, BotError) as problem:
            pause_s = self._rest(channel_id)
            log.warning("channel %s rests for %.0f s: %s", channel_id, pause_s, problem)
            return False
        except Exception:
            pause_s = self._rest(channel_id)
            log.exception("channel %s rests for %.0f s: an unknown fault", channel_id, pause_s)
            # A fault of the item and not of its channel: the others need not wait behind it.
            return True
        # Unless an item before it failed for itself: that one is to rest before its next try.
        if self._elapsed_s() >= self._rests_until_s.get(channel_id, 0):
            self._failures.pop(channel_id, None)
            self._rests_until_s.pop(channel_id, None)
        return True

    async def _in_a_slot(self, item: ItemT) -> None:
        """Hold a slot while the work goes on, but not while it only waits (a long rate limit)."""
        async with self._slots:
            task = asyncio.ensure_future(self._work(item))
            try:
                await asyncio.wait([task], timeout=_SLOW_S)
            except asyncio.CancelledError:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                raise
        await task

    def _rest(self, channel_id: ChannelId) -> float:
        """Let the channel be for a while that grows with every failure."""
        failures = self._failures.get(channel_id, 0)
        pause_s = min(_FIRST_PAUSE_S * 2 ** min(failures, 20), self._longest_pause_s)
        self._failures[channel_id] = failures + 1
        self._rests_until_s[channel_id] = self._elapsed_s() + pause_s
        return pause_s
