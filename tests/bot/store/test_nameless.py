"""A vote that nobody had read when its voter was forgotten counts, and is never given a name."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio

from bot.ballot import Tally
from bot.domain import JobId, MessageId, UserId
from tests.stages.factories import make_post, make_reaction, make_send
from tests.stages.stores import Stores, open_stores

POST, VOTER, UP, DOWN = MessageId(1), UserId(50), "👍", "👎"
NAMED = ("vote_events", "standing_reactions", "votes")


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def read(stores: Stores, *emoji: str, post: int = POST, begun: int | None = None) -> int:
    """Read that the voter reacts with these. Returns how many nameless votes were dropped."""
    if begun is None:
        begun = await stores.votes.begin_reading()
    reacting = {each: {VOTER} if each in emoji else set[UserId]() for each in (UP, DOWN)}
    for each, people in reacting.items():
        await stores.votes.reconcile(MessageId(post), each, people, 9_000)
    return await stores.votes.end_reading(MessageId(post), reacting, begun)


async def named(stores: Stores) -> list[str]:
    """The tables in which somebody has a vote by name."""
    return [table for table in NAMED if await stores.rows(table)]


async def test_a_forgotten_voters_unread_vote_counts_without_a_name(stores: Stores) -> None:
    job = await stores.deliver(message=POST)
    await stores.privacy.forget(VOTER)
    for _ in range(2):
        assert await read(stores, UP) == 0
        assert await named(stores) == []
        assert await stores.votes.tally(job.id) == Tally(up=1)
    assert await read(stores) == 1, "it was taken back"
    assert await stores.votes.tally(job.id) == Tally()


async def test_a_vote_that_an_earlier_reading_did_not_find_is_new(stores: Stores) -> None:
    job = await stores.deliver(message=POST)
    await stores.deliver(message=2)
    await stores.privacy.forget(VOTER)
    await read(stores)
    await read(stores, UP)
    assert await stores.rows("nameless_voters"), "under another post they may have an old vote"
    assert await named(stores) == [*NAMED]
    assert await stores.votes.tally(job.id) == Tally(up=1)


async def test_a_reading_that_began_before_the_wish_proves_nothing(stores: Stores) -> None:
    await stores.deliver(message=POST)
    begun = await stores.votes.begin_reading()
    await stores.privacy.forget(VOTER)
    await read(stores, begun=begun)
    await read(stores, UP)
    assert await named(stores) == []


async def test_an_event_from_before_the_wish_is_recorded_without_a_name(stores: Stores) -> None:
    job = await stores.deliver(message=POST)
    await stores.privacy.request_erasure(VOTER, 7_000)
    await stores.privacy.forget(VOTER)
    assert await stores.votes.record(make_reaction(POST, VOTER, UP, at_ms=7_000))
    assert await named(stores) == []
    assert await stores.votes.tally(job.id) == Tally(up=1)
    await stores.votes.record(make_reaction(POST, VOTER, DOWN, at_ms=7_001))
    assert await named(stores) == [*NAMED], "they voted again"
    assert await stores.votes.tally(job.id) == Tally(down=1)


async def test_an_old_and_a_new_event_in_one_batch_are_one_vote(stores: Stores) -> None:
    job = await stores.deliver(message=POST)
    await stores.privacy.request_erasure(VOTER, 7_000)
    await stores.privacy.forget(VOTER)
    events = [make_reaction(POST, VOTER, UP, at_ms=at_ms) for at_ms in (6_000, 8_000)]
    assert await stores.votes.record_many(events) == [True, True]
    assert await stores.votes.tally(job.id) == Tally(up=1)
    assert await stores.rows("nameless_marks") == []


async def test_a_forgotten_voter_who_votes_again_has_one_named_vote(stores: Stores) -> None:
    job = await stores.deliver(message=POST)
    await stores.privacy.forget(VOTER)
    await stores.votes.record(make_reaction(POST, VOTER, UP))
    await read(stores, UP, DOWN)
    assert await stores.votes.tally(job.id) == Tally(down=1), "the latest one that was read"
    assert await stores.rows("nameless_marks") == []


async def test_a_vote_on_a_picture_they_asked_for_since_is_a_self_vote(stores: Stores) -> None:
    await stores.privacy.forget(VOTER)
    job = await stores.deliver(message=POST, user=VOTER)
    await read(stores, UP)
    assert await stores.votes.tally(job.id) == Tally(self_votes=1)


async def test_taking_back_one_of_two_reactions_leaves_the_other_as_the_vote(
    stores: Stores,
) -> None:
    job = await stores.deliver(message=POST)
    await stores.privacy.forget(VOTER)
    await read(stores, UP, DOWN)
    assert await stores.votes.tally(job.id) == Tally(up=1)
    for _ in range(2):
        assert await read(stores, DOWN) == 0
        assert await stores.votes.tally(job.id) == Tally(down=1)
        assert await named(stores) == []


async def test_a_voter_stays_marked_until_every_post_has_been_read(stores: Stores) -> None:
    await stores.deliver(message=POST)
    job = await stores.deliver(message=2)
    await stores.privacy.forget(VOTER)
    await read(stores)
    assert len(await stores.rows("nameless_voters")) == 1, "another post was not read"
    await read(stores, post=2)
    assert await stores.rows("nameless_voters") == []
    await stores.privacy.forget(VOTER)
    await stores.gallery.record_deleted_messages([POST], 9_000)
    await read(stores, post=2)
    assert await stores.rows("nameless_voters") == [], "nobody can react to a message that is gone"
    await stores.privacy.forget(VOTER)
    await stores.sends.begin(make_send(job.id))
    await read(stores, post=2)
    assert len(await stores.rows("nameless_voters")) == 1, "a message may be there already"


async def test_a_mark_waits_for_a_post_that_was_being_made(stores: Stores) -> None:
    await stores.deliver(message=POST)
    job, _ = await stores.draw()
    assert await stores.outbox.begin_posting(job.owed_post_id, 5_000)
    await stores.privacy.forget(VOTER)
    await read(stores)
    await stores.outbox.record_delivery(job.owed_post_id, make_post(job.id, message=2), 6_000)
    await read(stores, UP, post=2)
    assert await named(stores) == []
    assert await stores.rows("nameless_voters") == []


async def test_a_mark_does_not_wait_for_posts_of_several_pictures(stores: Stores) -> None:
    """Reactions there are not votes, so nobody reads them."""
    jobs = [(await stores.draw(seed=seed))[0] for seed in (7, 8)]
    beside: list[JobId] = [job.id for job in jobs]
    await stores.gallery.add_post(make_post(*beside, message=2))
    await stores.deliver(message=POST)
    await stores.privacy.forget(VOTER)
    await read(stores)
    assert await stores.rows("nameless_voters") == []


async def test_an_unreadable_post_keeps_nobody_marked_and_gives_no_name(
    stores: Stores,
) -> None:
    job = await stores.deliver(message=POST)
    await stores.privacy.forget(VOTER)
    await stores.votes.mark_unreadable(POST)
    assert await stores.rows("nameless_voters") == []
    await read(stores, UP)
    assert await named(stores) == [], "they voted before they were forgotten"
    assert await stores.votes.tally(job.id) == Tally(up=1)
    await read(stores)
    await read(stores, UP)
    assert await named(stores) == [*NAMED], "a vote made since then is theirs again"


async def test_an_unreadable_post_hides_no_names_if_nobody_is_marked(
    stores: Stores,
) -> None:
    await stores.deliver(message=POST)
    await stores.votes.mark_unreadable(POST)
    await read(stores, UP)
    assert await named(stores) == [*NAMED]
