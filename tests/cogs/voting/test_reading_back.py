"""Readings and events in every order: newer events win, and the ledger ends up like Discord."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from bot.ballot import Tally
from bot.domain import UserId
from bot.store.gallery import PostDebt
from cogs.voting.watching import LAG_S
from tests.stages.booth import DOWN, UP, ManualClock
from tests.stages.factories import CHANNEL, OTHER, make_post
from tests.stages.fake_reactions import FakeReactions
from tests.stages.simulated import run_until_idle
from tests.stages.stores import Stores, open_stores

POST = 1


class Reader:
    """One post, and a Discord that does not always tell the truth about it."""

    def __init__(self, stores: Stores, glass: ManualClock) -> None:
        self.stores = stores
        self.glass = glass
        self.discord = FakeReactions(stores, glass)
        self.discord.lose_session()

    async def read(self) -> None:
        await run_until_idle(self.discord.reconciler._lanes.look)

    async def arrived(self) -> None:
        self.discord.deliver()
        await self.discord.inbox.flush()

    async def ledger(self) -> set[tuple[int, int, str, bool]]:
        rows = await self.stores.rows("standing_reactions")
        return {
            (row["message_id"], row["voter_id"], row["emoji"], bool(row["burst"])) for row in rows
        }

    async def settled(self) -> bool:
        return not await self.stores.gallery.posts_with_debt(PostDebt.READING, 9)

    async def until_settled(self) -> None:
        for _ in range(20):
            await self.read()
            if await self.settled():
                return
            self.glass.advance(40)
        pytest.fail("never settled")

    def once(self, deed: Callable[[], Awaitable[None]], *, answer: int) -> None:
        """Run this before Discord's nth answer (first the message, then the lists)."""
        answers = 0

        async def meanwhile() -> None:
            nonlocal answers
            answers += 1
            if answers == answer:
                await deed()

        self.discord.before_answer = meanwhile


@pytest_asyncio.fixture
async def reader(tmp_path: Path) -> AsyncGenerator[Reader]:
    glass = ManualClock()
    async with open_stores(tmp_path) as stores:
        await stores.deliver(message=POST)
        yield Reader(stores, glass)


async def test_a_lagging_list_does_not_overwrite_a_newer_event(reader: Reader) -> None:
    reader.discord.react(POST, 50, UP)
    reader.discord.react(POST, 60, DOWN)
    reader.glass.advance(100)
    reader.discord.react(POST, 50, UP, added=False)
    reader.discord.react(POST, 70, UP)
    await reader.arrived()
    reader.glass.advance(5)
    reader.discord.lag_s = lambda: 20.0
    await reader.read()
    assert await reader.ledger() == {(POST, 60, DOWN, False), (POST, 70, UP, False)}
    assert await reader.settled()


async def test_events_are_remembered_as_long_as_a_list_may_lag(reader: Reader) -> None:
    reader.glass.advance(100)
    reader.discord.react(POST, 50, UP)
    await reader.arrived()
    for second in range(int(LAG_S) - 1):
        reader.glass.advance(1)
        reader.discord.react(POST, 60, DOWN, added=second % 2 == 0)
        await reader.arrived()
    reader.discord.lag_s = lambda: LAG_S
    await reader.read()
    assert await reader.ledger() == {(POST, 50, UP, False), (POST, 60, DOWN, False)}


async def test_events_are_not_remembered_for_ever(reader: Reader) -> None:
    reader.discord.react(POST, 50, UP)
    await reader.arrived()
    reader.discord.react(POST, 50, UP, added=False)
    reader.discord.pending_events.clear()
    reader.glass.advance(2 * LAG_S)
    await reader.read()
    assert await reader.ledger() == set()


async def test_an_event_from_before_a_lost_session_is_older_than_the_list(reader: Reader) -> None:
    reader.discord.react(POST, 50, UP)
    await reader.arrived()
    reader.glass.advance(1)
    reader.discord.react(POST, 50, UP, added=False)
    reader.discord.lose_session()
    await reader.read()
    assert await reader.ledger() == set()


async def test_an_event_that_waited_through_a_lost_session_is_older_too(reader: Reader) -> None:
    reader.discord.react(POST, 50, UP)
    reader.discord.deliver()
    reader.discord.react(POST, 50, UP, added=False)
    reader.discord.lose_session()
    await reader.read()
    assert await reader.ledger() == set()


@pytest.mark.parametrize("answer", [1, 2, 3])
@pytest.mark.parametrize("added", [True, False])
async def test_an_event_during_a_reading_counts_and_the_post_is_settled(
    reader: Reader, answer: int, *, added: bool
) -> None:
    """The other voters are still read, so the votes that the outage hid are recovered."""
    reader.discord.react(POST, 50, UP, added=not added)
    await reader.arrived()
    for voter, emoji in ((60, UP), (61, DOWN)):
        reader.discord.react(POST, voter, emoji)
    reader.discord.lose_session()
    reader.glass.advance(100)

    async def change() -> None:
        reader.discord.react(POST, 50, UP, added=added)
        await reader.arrived()
        reader.discord.lag_s = lambda: 10.0

    reader.once(change, answer=answer)
    await reader.read()
    assert await reader.ledger() == reader.discord.truth
    assert await reader.settled()
    assert reader.discord.fetch_count == 1


async def test_an_event_after_a_reading_changes_its_result(reader: Reader) -> None:
    reader.discord.react(POST, 50, UP)
    reader.discord.react(POST, 50, UP, added=False)
    reader.discord.react(POST, 50, DOWN)
    await reader.read()
    assert await reader.ledger() == {(POST, 50, DOWN, False)}
    reader.discord.deliver(1)
    await reader.discord.inbox.flush()
    await reader.arrived()
    assert await reader.ledger() == reader.discord.truth


@pytest.mark.parametrize("answer", [1, 2])
@pytest.mark.parametrize("emoji", [UP, None])
async def test_a_clear_during_a_reading_voids_it_and_the_post_is_read_again(
    reader: Reader, answer: int, emoji: str | None
) -> None:
    reader.discord.react(POST, 50, UP)
    reader.discord.react(POST, 60, DOWN)
    reader.discord.lose_session()
    reader.glass.advance(100)

    async def clear() -> None:
        reader.discord.clear(POST, emoji)
        await reader.arrived()
        reader.discord.lag_s = lambda: 10.0

    reader.once(clear, answer=answer)
    await reader.read()
    assert await reader.ledger() == set()
    assert not await reader.settled()
    await reader.until_settled()
    assert await reader.ledger() == reader.discord.truth


async def test_a_lagging_list_does_not_restore_cleared_votes(reader: Reader) -> None:
    reader.discord.react(POST, 50, UP)
    await reader.arrived()
    reader.glass.advance(100)
    reader.discord.clear(POST)
    await reader.arrived()
    reader.glass.advance(5)
    reader.discord.lag_s = lambda: 20.0
    await reader.until_settled()
    assert await reader.ledger() == set()


async def test_new_voters_during_a_reading_push_nobody_off_the_list(reader: Reader) -> None:
    for voter in range(1_000, 1_150):
        reader.discord.react(POST, voter, UP)
    reader.discord.lose_session()
    await reader.read()
    reader.discord.reconciler.begin_session()

    async def crowd() -> None:
        for voter in range(20):
            reader.discord.react(POST, 100 + voter, UP)
        await reader.arrived()

    reader.once(crowd, answer=2)
    await reader.read()
    assert await reader.settled()
    assert await reader.ledger() == reader.discord.truth
    assert len(reader.discord.truth) == 170


async def test_an_emoji_that_nobody_uses_any_more_has_no_votes(reader: Reader) -> None:
    reader.discord.react(POST, 50, UP)
    reader.discord.react(POST, 50, UP, burst=True)
    await reader.arrived()
    reader.discord.react(POST, 50, UP, added=False)
    reader.discord.react(POST, 50, UP, added=False, burst=True)
    reader.discord.lose_session()
    await reader.read()
    assert await reader.ledger() == set()


async def test_plain_and_super_reactions_are_read_separately(reader: Reader) -> None:
    reader.discord.react(POST, 50, UP)
    reader.discord.react(POST, 50, UP, burst=True)
    reader.discord.react(POST, 60, UP, burst=True)
    reader.discord.lose_session()
    await reader.read()
    assert await reader.ledger() == reader.discord.truth
    reader.discord.react(POST, 50, UP, added=False, burst=True)
    await reader.arrived()
    assert await reader.ledger() == reader.discord.truth


async def test_nameless_votes_removed_during_an_outage_are_dropped(
    reader: Reader,
) -> None:
    for voter in (50, 51, OTHER):
        reader.discord.react(POST, voter, UP)
    await reader.arrived()
    for voter in (50, 51):
        await reader.stores.privacy.forget(UserId(voter))
    (job,) = await reader.stores.rows("jobs")
    await reader.until_settled()
    assert await reader.stores.votes.tally(job["id"]) == Tally(up=3)
    reader.glass.advance(100)
    reader.discord.react(POST, 50, UP, added=False)
    reader.discord.lose_session()
    await reader.read()
    assert await reader.stores.votes.tally(job["id"]) == Tally(up=2)
    assert len(await reader.stores.rows("nameless_marks")) == 1


async def test_a_lagging_list_removes_no_nameless_vote(reader: Reader) -> None:
    (job,) = await reader.stores.rows("jobs")
    reader.glass.advance(100)
    reader.discord.react(POST, 50, UP)
    await reader.arrived()
    await reader.stores.privacy.forget(UserId(50))
    reader.discord.lag_s = lambda: 10.0
    await reader.read()
    assert await reader.stores.votes.tally(job["id"]) == Tally(up=1)


class Weather:
    """Random events, even between two responses from Discord."""

    voters = (50, 51, 52, 53)
    emoji = (UP, DOWN, "👍🏽", "🎉")

    def __init__(self, reader: Reader, messages: list[int], seed: int) -> None:
        self.dice = random.Random(seed)
        self.reader = reader
        self.discord = reader.discord
        self.messages = messages
        self.discord.lag_s = lambda: self.dice.random() * 25

    async def deed(self) -> None:
        message = self.dice.choice(self.messages)
        match self.dice.choices(range(5), weights=(60, 2, 25, 10, 1))[0]:
            case 0:
                self.discord.react(
                    message,
                    self.dice.choice(self.voters),
                    self.dice.choice(self.emoji),
                    added=self.dice.random() < 0.6,
                    burst=self.dice.random() < 0.2,
                )
            case 1:
                self.discord.clear(message, self.dice.choice([*self.emoji, None]))
            case 2:
                self.discord.deliver(self.dice.randrange(1, 8))
            case 3:
                self.reader.glass.advance(self.dice.random() * 20)
            case _:
                self.discord.lose_session()
        if self.dice.random() < 0.2:
            await self.discord.inbox.flush()

    async def several(self) -> None:
        for _ in range(self.dice.randrange(4)):
            await self.deed()

    def expected(self) -> set[tuple[int, int, str, bool]]:
        return {what for what in self.discord.truth if what[2] != "🎉"}


@pytest.mark.parametrize("seed", range(30))
async def test_a_settled_ledger_always_matches_discord(reader: Reader, seed: int) -> None:
    (job,) = await reader.stores.rows("jobs")
    await reader.stores.gallery.add_post(make_post(job["id"], message=2, channel=CHANNEL + 1))
    weather = Weather(reader, [POST, 2], seed)
    weather.discord.before_answer = weather.several
    for _ in range(120):
        await weather.deed()
        if weather.dice.random() < 0.15:
            await reader.read()
    # All events arrive; what is still owed is read from lists that may lag.
    await reader.arrived()
    weather.discord.before_answer = reader.arrived
    await reader.until_settled()
    assert await reader.ledger() == weather.expected()
    # A last quiet reading changes nothing.
    reader.glass.advance(100)
    events = await reader.stores.rows("vote_events")
    reader.discord.lose_session()
    await reader.until_settled()
    assert await reader.stores.rows("vote_events") == events
