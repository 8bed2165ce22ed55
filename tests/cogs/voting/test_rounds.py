from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

from bot.domain import ChannelId, DatabaseError, MessageId, Post
from bot.drawing.signals import Nudge
from cogs.voting import rests
from cogs.voting.rests import Rests
from cogs.voting.rounds import Outcome, Rounds
from tests.stages.booth import Hourglass
from tests.stages.factories import make_post


@pytest.fixture
def glass(monkeypatch: pytest.MonkeyPatch) -> Hourglass:
    hourglass = Hourglass()
    monkeypatch.setattr(rests, "_now_s", hourglass)
    return hourglass


class Chores:
    """Posts that are owed something, by channel; each is done as `answers` says."""

    def __init__(self, *posts: tuple[int, int]) -> None:
        self.posts = [make_post("0" * 10, message=m, channel=channel) for m, channel in posts]
        self.answers: dict[int, Outcome | Exception | asyncio.Event] = {}
        self.done: list[int] = []
        self.tried: list[int] = []
        self.nudge = Nudge()
        self.lanes = Rounds(
            self.owed, self.work, self.nudge, width=2, first_pause_s=10, longest_pause_s=40
        )

    async def owed(
        self, limit: int, *, besides: Collection[ChannelId], nor: Collection[MessageId]
    ) -> list[Post]:
        return [
            post
            for post in self.posts
            if post.channel_id not in besides and post.message_id not in nor
        ][:limit]

    async def work(self, post: Post) -> Outcome:
        self.tried.append(post.message_id)
        answer = self.answers.get(post.message_id, Outcome.DONE)
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            answer = Outcome.DONE
        if isinstance(answer, Exception):
            raise answer
        if answer is Outcome.DONE:
            self.done.append(post.message_id)
            self.posts.remove(post)
            self.nudge.set()
        return answer


async def test_a_channel_that_hangs_holds_up_no_other() -> None:
    chores = Chores((1, 7), (2, 7), (3, 8), (4, 8), (5, 9))
    chores.answers[1] = held = asyncio.Event()
    others = chores.answers[5] = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(chores.lanes.round())
        async with asyncio.timeout(5):
            while 5 not in chores.tried:
                await asyncio.sleep(0)
        assert chores.tried == [1, 3, 4, 5], "one of a channel at a time, two channels at once"
        others.set()
        held.set()
        assert await running is False
    assert sorted(chores.done) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("fault", [KeyError("ours"), DatabaseError("locked"), Outcome.LATER])
async def test_a_post_that_cannot_be_done_rests_alone(
    glass: Hourglass, fault: Exception | Outcome
) -> None:
    chores = Chores((1, 7), (2, 7))
    chores.answers[1] = fault
    assert await chores.lanes.round() is True
    assert chores.tried == [1, 2]
    glass.run(19)
    await chores.lanes.round()
    assert chores.tried == [1, 2]
    del chores.answers[1]
    glass.run(2)
    assert await chores.lanes.round() is False
    assert chores.done == [2, 1]


async def test_a_sick_channel_rests_as_a_whole_and_longer_each_time(glass: Hourglass) -> None:
    chores = Chores((1, 7), (2, 7), (3, 7), (4, 8))
    chores.answers = dict.fromkeys((1, 2, 3), Outcome.SICK)
    await chores.lanes.round()
    assert chores.tried == [1, 4]
    glass.run(11)
    await chores.lanes.round()
    assert chores.tried == [1, 4, 2], "its neighbour is tried before it is again"
    glass.run(11)
    await chores.lanes.round()
    assert chores.tried == [1, 4, 2]
    chores.answers.clear()
    chores.lanes.wake_all()
    assert await chores.lanes.round() is False
    assert sorted(chores.done) == [1, 2, 3, 4]


async def test_a_look_that_fails_ends_the_round_and_not_the_loop(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chores = Chores((1, 7))
    look, looks = chores.lanes._owed, 0

    async def failing(
        limit: int, *, besides: Collection[ChannelId], nor: Collection[MessageId]
    ) -> list[Post]:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise DatabaseError("the file is locked")
        return await look(limit, besides=besides, nor=nor)

    chores.lanes._owed = failing
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        running = group.create_task(chores.lanes.run())
        while not looks:
            await asyncio.sleep(0)
        chores.nudge.set()
        while not chores.done:
            await asyncio.sleep(0)
        running.cancel()
    assert "the file is locked" in caplog.text


async def test_each_pause_is_twice_the_last_until_it_went_well(glass: Hourglass) -> None:
    pauses = Rests[str](10, 40)
    for pause_s in (10, 20, 40, 40):
        pauses.tire("a")
        assert pauses.next_end_s() == pause_s
        glass.run(pause_s - 1)
        assert pauses.resting() == {"a"}
        glass.run(1)
        assert pauses.resting() == set()
    pauses.tire("a")
    pauses.recover("a")
    assert pauses.next_end_s() is None
    pauses.tire("a")
    assert pauses.next_end_s() == 10


async def test_what_was_not_tried_again_for_long_is_not_remembered(glass: Hourglass) -> None:
    pauses = Rests[str](10, 40)
    pauses.tire("a")
    glass.run(51)
    assert pauses.resting() == set()
    assert pauses._rests == {}
