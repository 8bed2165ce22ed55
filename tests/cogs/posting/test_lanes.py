"""Lanes serve channels side by side; a failing channel rests and delays no other."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from bot.domain import ChannelId, DatabaseError, MessageId
from bot.drawing.signals import Nudge
from bot.log import _job, whereabouts
from cogs.posting.lanes import Lanes, Openings, first_by_channel, keep_looking
from tests.stages.booth import ManualClock
from tests.stages.simulated import run_until_idle

HERE, THERE = ChannelId(1), ChannelId(2)


@dataclass(frozen=True, kw_only=True)
class Chore:
    """A piece of work that a message of a channel is owed."""

    id: int
    channel_id: ChannelId


class Works:
    """Chores by channel, each with the result in `answers`; time stands still until it is moved."""

    def __init__(
        self,
        *chores: tuple[int, int],
        width: int = 4,
        alone: bool = False,
        in_order: bool = False,
    ) -> None:
        self.glass = ManualClock()
        self.left = [Chore(id=id_, channel_id=ChannelId(channel)) for id_, channel in chores]
        self.answers: dict[int, Exception | asyncio.Event] = {}
        self.tried: list[int] = []
        self.done: list[int] = []
        self.nudge = Nudge()
        self.lanes = Lanes(
            self.owed,
            self._do,
            about=lambda chore: whereabouts(job=f"job {chore.id}"),
            elapsed_s=self.glass,
            nudge=self.nudge,
            width=width,
            rest_key=(lambda chore: MessageId(chore.id)) if alone or in_order else None,
            in_order=in_order,
        )

    async def owed(self, openings: Openings) -> Mapping[ChannelId, Chore]:
        return first_by_channel(
            [
                chore
                for chore in self.left
                if chore.channel_id not in openings.closed and chore.id not in openings.resting
            ][: openings.free]
        )

    async def _do(self, chore: Chore) -> None:
        self.tried.append(chore.id)
        answer = self.answers.get(chore.id)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            await answer.wait()
        self.left.remove(chore)
        self.done.append(chore.id)

    async def go(self) -> None:
        """Run until nothing more may begin."""
        async with asyncio.timeout(5):
            await run_until_idle(self.lanes.look)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the loop meanwhile, as a cog does."""
        looking = asyncio.create_task(
            keep_looking(self.lanes.look, self.nudge, poll_s=60, what="chores")
        )
        async with asyncio.timeout(5):
            yield
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)

    async def until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            await asyncio.sleep(0.001)

    @property
    def closed(self) -> frozenset[ChannelId]:
        return self.lanes.openings().closed


async def test_items_of_a_channel_are_done_in_order() -> None:
    works = Works((3, HERE), (1, HERE), (2, HERE))
    await works.go()
    assert works.done == [3, 1, 2]
    assert works.closed == frozenset()


@pytest.mark.parametrize("fault", [DatabaseError("locked"), TimeoutError()])
async def test_in_order_lanes_let_nothing_overtake_a_failed_item(fault: Exception) -> None:
    works = Works((1, HERE), (2, HERE), (3, THERE), in_order=True)
    works.answers[1] = fault
    await works.go()
    assert works.done == [3]
    assert works.closed == {HERE}
    works.answers.clear()
    works.glass.now_s += 1
    await works.go()
    assert works.done == [3, 1, 2]


async def test_an_unexpected_error_in_one_item_does_not_hold_up_its_channel() -> None:
    works = Works((1, HERE), (2, HERE), in_order=True)
    works.answers[1] = ZeroDivisionError()
    await works.go()
    assert works.done == [2]
    assert works.lanes.openings().resting == {1}, "or the next look would try it again at once"


@pytest.mark.parametrize("fault", [DatabaseError("locked"), TimeoutError(), ZeroDivisionError()])
async def test_any_fault_rests_only_its_own_channel(fault: Exception) -> None:
    works = Works((1, HERE), (2, HERE), (3, THERE))
    works.answers[1] = fault
    await works.go()
    assert works.done == [3]
    assert works.tried == [1, 3], "the second item of the channel was not tried"
    assert works.closed == {HERE}
    works.glass.advance(1)
    assert works.closed == frozenset()
    works.answers.clear()
    await works.go()
    assert works.done == [3, 1, 2]


async def test_pauses_grow_and_a_success_ends_them() -> None:
    works = Works((1, HERE))
    works.answers[1] = TimeoutError()
    pauses: list[float] = []
    for _ in range(12):
        await works.go()
        began_s = works.glass.now_s
        while HERE in works.closed:
            works.glass.advance(1)
        pauses.append(works.glass.now_s - began_s)
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    works.answers.clear()
    await works.go()
    assert works.done == [1]
    assert works.closed == frozenset()
    assert works.lanes._channels._rests == {}, "the pauses start over"


async def test_a_busy_channel_is_closed_and_nudges_the_loop_when_it_is_done() -> None:
    works = Works((1, HERE))
    works.answers[1] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        assert await works.lanes.look(tasks)
        await works.nudge.wait(60)
        assert works.closed == {HERE}
        gate.set()
    assert works.closed == frozenset()
    async with asyncio.timeout(1):
        await works.nudge.wait(60)


async def test_one_channels_backlog_hides_no_other_channel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cogs.posting.lanes._SLOW_S", 60.0)
    works = Works(*((n, HERE) for n in range(50)), (99, THERE))
    works.answers[0] = gate = asyncio.Event()
    async with works.running():
        await works.until(lambda: works.done == [99])
        gate.set()
        await works.until(lambda: not works.left)


async def test_a_waiting_channel_gives_up_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cogs.posting.lanes._SLOW_S", 0.01)
    works = Works(*((n, n) for n in range(5)), width=2)
    gate = asyncio.Event()
    works.answers.update(dict.fromkeys(range(4), gate))
    async with works.running():
        await works.until(lambda: works.done == [4])
        assert works.tried == [0, 1, 2, 3, 4], "each was begun once"
        gate.set()
        await works.until(lambda: not works.left)
    assert sorted(works.done) == [0, 1, 2, 3, 4]
    assert works.lanes.openings().free == 2


async def test_at_most_three_items_run_at_once_and_one_per_channel() -> None:
    works = Works(*((n, n % 7) for n in range(20)), width=3)
    works.answers.update({n: asyncio.Event() for n in range(20)})
    async with works.running():
        for count in range(3, 21):
            await works.until(lambda count=count: len(works.tried) == count)
            await asyncio.sleep(0)
            at_once = [n for n in works.tried if n not in works.done]
            assert len(at_once) == len({n % 7 for n in at_once}) == 3
            gate = works.answers[at_once[0]]
            assert isinstance(gate, asyncio.Event)
            gate.set()


@pytest.mark.parametrize("slow_s", [0.001, 60.0])
async def test_a_stop_cancels_the_work_as_well_as_the_lane(
    slow_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cogs.posting.lanes._SLOW_S", slow_s)
    works = Works((1, HERE))
    ended = asyncio.Event()

    async def work(_chore: Chore) -> None:
        works.tried.append(1)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    works.lanes._work = work
    async with works.running():
        await works.until(lambda: bool(works.tried))
        await asyncio.sleep(0.02)
    assert ended.is_set()


@pytest.mark.parametrize("fault", [DatabaseError("locked"), ZeroDivisionError()])
async def test_an_error_in_one_look_does_not_end_the_loop(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    looks, seen = 0, asyncio.Event()

    async def look(_tasks: asyncio.TaskGroup) -> None:
        nonlocal looks
        looks += 1
        if looks < 3:
            raise fault
        seen.set()

    looking = asyncio.create_task(keep_looking(look, Nudge(), poll_s=0.001, what="things"))
    async with asyncio.timeout(5):
        await seen.wait()
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert "the look for things has to wait" in caplog.text


async def test_looks_keep_their_pace_however_often_the_loop_is_nudged() -> None:
    times_s: list[float] = []
    nudge = Nudge()

    async def look(_tasks: asyncio.TaskGroup) -> None:
        times_s.append(asyncio.get_running_loop().time())
        nudge.set()

    looking = asyncio.create_task(keep_looking(look, nudge, poll_s=60, pace_s=0.02, what="things"))
    async with asyncio.timeout(5):
        while len(times_s) < 4:
            await asyncio.sleep(0.001)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    assert all(later - sooner >= 0.02 for sooner, later in itertools.pairwise(times_s))


@pytest.mark.parametrize("fault", [DatabaseError("locked"), TimeoutError(), ZeroDivisionError()])
async def test_a_fault_is_logged_with_its_job_and_a_traceback_if_unexpected(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    jobs: list[str] = []

    class Noting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            jobs.append(_job.get())

    works = Works((1, HERE))
    works.answers[1] = fault
    handler = Noting()
    logging.getLogger("cogs.posting.lanes").addHandler(handler)
    try:
        await works.go()
    finally:
        logging.getLogger("cogs.posting.lanes").removeHandler(handler)
    (record,) = caplog.records
    assert bool(record.exc_info) is isinstance(fault, ZeroDivisionError)
    assert "channel 1 has to wait" in record.message
    assert jobs == ["job 1"]


# ---- where the order does not matter, a message can rest alone -----------------------------------


async def test_a_hanging_channel_holds_up_no_other() -> None:
    works = Works((1, 7), (2, 7), (3, 8), (4, 8), (5, 9), width=2, alone=True)
    works.answers[1] = held = asyncio.Event()
    works.answers[5] = others = asyncio.Event()
    async with works.running():
        await works.until(lambda: 5 in works.tried)
        assert works.tried == [1, 3, 4, 5], "one of a channel at a time, two channels at once"
        others.set()
        held.set()
        await works.until(lambda: not works.left)
    assert sorted(works.done) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("fault", [KeyError("ours"), DatabaseError("locked")])
async def test_a_failing_message_rests_alone(fault: Exception) -> None:
    works = Works((1, 7), (2, 7), alone=True)
    works.answers[1] = fault
    await works.go()
    assert works.tried == [1, 2]
    works.glass.advance(1.9)
    await works.go()
    assert works.tried == [1, 2]
    del works.answers[1]
    works.glass.advance(0.2)
    await works.go()
    assert works.done == [2, 1]


async def test_a_failing_channel_rests_as_a_whole_and_longer_each_time() -> None:
    works = Works((1, 7), (2, 7), (3, 7), (4, 8), alone=True)
    works.answers = dict.fromkeys((1, 2, 3), TimeoutError())
    await works.go()
    assert works.tried == [1, 4]
    works.glass.advance(1.1)
    await works.go()
    assert works.tried == [1, 4, 2], "its neighbour is tried first"
    works.glass.advance(1.1)
    await works.go()
    assert works.tried == [1, 4, 2]
    works.answers.clear()
    works.lanes.wake_all()
    await works.go()
    assert sorted(works.done) == [1, 2, 3, 4]


async def test_waking_a_resting_channel_retries_it_at_once() -> None:
    works = Works((1, 7), alone=True)
    works.answers[1] = TimeoutError()
    async with works.running():
        await works.until(lambda: works.tried == [1])
        works.answers.clear()
        works.lanes.wake_all()
        await works.until(lambda: works.done == [1])


async def test_a_failed_look_is_repeated(caplog: pytest.LogCaptureFixture) -> None:
    works = Works((1, 7), alone=True)
    looks: list[Awaitable[Mapping[ChannelId, Chore]]] = []

    async def failing_once(openings: Openings) -> Mapping[ChannelId, Chore]:
        looks.append(works.owed(openings))
        if len(looks) == 1:
            looks[0].close()  # type: ignore[attr-defined]  a coroutine
            raise DatabaseError("the file is locked")
        return await looks[-1]

    works.lanes._owed = failing_once
    async with works.running():
        await works.until(lambda: bool(looks))
        works.nudge.set()
        await works.until(lambda: works.done == [1])
    assert "the file is locked" in caplog.text
