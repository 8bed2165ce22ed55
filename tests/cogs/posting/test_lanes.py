"""What is owed to channels is worked off side by side; a sick channel rests and harms no other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.domain import ChannelId, DatabaseError
from bot.drawing.signals import Nudge
from cogs.posting.lanes import Lanes, keep_looking

HERE, THERE = ChannelId(1), ChannelId(2)


class Works:
    """Lanes over numbers, whose work the test decides; time stands until it is moved."""

    def __init__(self, work: Callable[[int], Awaitable[None]], width: int = 4) -> None:
        self.now_s = 0.0
        self.done: list[int] = []
        self.nudge = Nudge()
        self._work = work
        self.lanes: Lanes[int] = Lanes(
            self._do, elapsed_s=lambda: self.now_s, nudge=self.nudge, width=width
        )

    async def _do(self, item: int) -> None:
        await self._work(item)
        self.done.append(item)

    async def go(self, channel_id: ChannelId, *items: int) -> None:
        async with asyncio.TaskGroup() as tasks:
            self.lanes.open(tasks, channel_id, items)


async def fine(_item: int) -> None:
    return


def failing(left: list[Exception]) -> Callable[[int], Awaitable[None]]:
    async def work(_item: int) -> None:
        if left:
            raise left.pop(0)

    return work


async def test_items_of_a_channel_are_done_in_their_order() -> None:
    works = Works(fine)
    await works.go(HERE, 3, 1, 2)
    assert works.done == [3, 1, 2]
    assert works.lanes.closed() == frozenset()


async def test_an_item_that_nobody_thought_of_holds_up_no_other_of_its_channel() -> None:
    async def work(item: int) -> None:
        if item == 1:
            raise ZeroDivisionError

    works = Works(work)
    await works.go(HERE, 1, 2, 3)
    assert works.done == [2, 3]
    assert works.lanes.closed() == {HERE}, "or the next look would try it again at once"


@pytest.mark.parametrize("fault", [DatabaseError("locked"), TimeoutError()])
async def test_a_fault_of_discord_or_the_disk_rests_its_channel_alone(fault: Exception) -> None:
    works = Works(failing([fault]))
    await works.go(HERE, 1, 2)
    await works.go(THERE, 3)
    assert works.done == [3], "the second item of the channel was not tried"
    assert works.lanes.closed() == {HERE}
    works.now_s = 1
    assert works.lanes.closed() == frozenset()
    await works.go(HERE, 1, 2)
    assert works.done == [3, 1, 2]


async def test_pauses_grow_and_a_success_ends_them() -> None:
    faults: list[Exception] = [TimeoutError()] * 12
    works = Works(failing(faults))
    pauses: list[float] = []
    for _ in range(12):
        await works.go(HERE, 1)
        began_s = works.now_s
        while HERE in works.lanes.closed():
            works.now_s += 1
        pauses.append(works.now_s - began_s)
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    await works.go(HERE, 1)
    assert works.lanes.closed() == frozenset()
    faults.append(TimeoutError())
    await works.go(HERE, 1)
    works.now_s += 1
    assert works.lanes.closed() == frozenset(), "the pauses begin anew"


async def test_a_busy_channel_is_closed_and_told_of_when_it_is_done() -> None:
    gate = asyncio.Event()

    async def wait(_item: int) -> None:
        await gate.wait()

    works = Works(wait)
    async with asyncio.TaskGroup() as tasks:
        works.lanes.open(tasks, HERE, [1])
        assert works.lanes.closed() == {HERE}
        gate.set()
    assert works.lanes.closed() == frozenset()
    async with asyncio.timeout(1):
        await works.nudge.wait(60)


async def test_who_only_waits_holds_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cogs.posting.lanes._SLOW_S", 0.01)
    gate = asyncio.Event()

    async def wait(item: int) -> None:
        if item < 4:
            await gate.wait()

    works = Works(wait, width=2)
    async with asyncio.TaskGroup() as tasks:
        for item in range(5):
            works.lanes.open(tasks, ChannelId(item), [item])
        async with asyncio.timeout(5):
            while works.done != [4]:
                await asyncio.sleep(0.001)
        gate.set()
    assert sorted(works.done) == [0, 1, 2, 3, 4]


async def test_only_so_many_work_at_once() -> None:
    at_once, most = 0, 0

    async def work(_item: int) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1

    works = Works(work, width=3)
    async with asyncio.TaskGroup() as tasks:
        for item in range(20):
            works.lanes.open(tasks, ChannelId(item), [item])
    assert most == 3


@pytest.mark.parametrize("slow_s", [0.001, 60.0])
async def test_a_stop_ends_the_work_and_not_only_the_lane(
    slow_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cogs.posting.lanes._SLOW_S", slow_s)
    began, ended = asyncio.Event(), asyncio.Event()

    async def work(_item: int) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    works = Works(work)
    going = asyncio.create_task(works.go(HERE, 1))
    await began.wait()
    await asyncio.sleep(0.02)
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)
    assert ended.is_set()


@pytest.mark.parametrize("fault", [DatabaseError("locked"), ZeroDivisionError()])
async def test_nothing_that_one_look_meets_ends_the_looking(fault: Exception) -> None:
    looks, seen = 0, asyncio.Event()

    async def look() -> None:
        nonlocal looks
        looks += 1
        if looks < 3:
            raise fault
        seen.set()

    looking = asyncio.create_task(keep_looking(look, Nudge(), 0.001, "things"))
    async with asyncio.timeout(5):
        await seen.wait()
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
