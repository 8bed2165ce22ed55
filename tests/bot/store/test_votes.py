from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.ballot import Reaction, Tally, VoteEmoji
from bot.domain import GuildId, JobId, MessageId, Rating, UserId
from bot.store.guilds import Guilds
from tests.stages.factories import GUILD, USER, make_post, make_reaction
from tests.stages.stores import Stores, open_stores

CUSTOM = VoteEmoji(up="sakura:123456", down="stone:654321")


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def test_a_vote_counts_and_can_be_taken_back(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    assert await stores.votes.record(make_reaction(1, 50))
    assert await stores.votes.tally(job.id) == Tally(up=1)
    assert await stores.votes.record(make_reaction(1, 50, added=False))
    assert await stores.votes.tally(job.id) == Tally()
    assert [row["added"] for row in await stores.rows("vote_events")] == [1, 0]


async def test_a_reaction_that_is_no_vote_leaves_no_trace(stores: Stores) -> None:
    await stores.deliver(message=1)
    assert not await stores.votes.record(make_reaction(404, 50))
    assert not await stores.votes.record(make_reaction(1, 50, "🍣"))
    assert not await stores.votes.record(make_reaction(1, 50, "🍣", added=False))
    assert await stores.rows("vote_events") == []


async def test_the_same_event_twice_is_written_once(stores: Stores) -> None:
    await stores.deliver(message=1)
    for _ in range(2):
        assert await stores.votes.record(make_reaction(1, 50))
    for _ in range(2):
        assert await stores.votes.record(make_reaction(1, 50, added=False))
    assert len(await stores.rows("vote_events")) == 2


async def test_the_latest_standing_reaction_is_the_vote(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    await stores.gallery.add_post(make_post(job.id, message=2))
    await stores.votes.record(make_reaction(1, 50, "👍"))
    await stores.votes.record(make_reaction(2, 50, "👎"))
    assert await stores.votes.tally(job.id) == Tally(down=1)
    await stores.votes.record(make_reaction(2, 50, "👎", added=False))
    assert await stores.votes.tally(job.id) == Tally(up=1), "the thumb under post 1 still stands"


async def test_a_vote_on_ones_own_picture_is_counted_apart(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    await stores.votes.record(make_reaction(1, USER))
    await stores.votes.record(make_reaction(1, 50, "👎"))
    assert await stores.votes.tally(job.id) == Tally(down=1, self_votes=1)


async def test_the_ledger_marks_each_event_that_is_a_self_vote(
    stores: Stores,
) -> None:
    await stores.deliver(message=1)
    await stores.votes.record(make_reaction(1, USER))
    await stores.votes.record(make_reaction(1, 50, "👎"))
    rows = await stores.db.fetch_all("SELECT voter_id, self_vote FROM vote_events")
    assert {row["voter_id"]: row["self_vote"] for row in rows} == {USER: 1, 50: 0}


async def test_skin_tones_are_one_vote_but_separate_reactions(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    await stores.votes.record(make_reaction(1, 50, "👍🏽"))
    await stores.votes.record(make_reaction(1, 50, "👍"))
    await stores.votes.record(make_reaction(1, 60, "👎🏿"))
    assert await stores.votes.tally(job.id) == Tally(up=1, down=1)
    await stores.votes.record(make_reaction(1, 50, "👍", added=False))
    assert await stores.votes.tally(job.id) == Tally(up=1, down=1), "👍🏽 still stands"
    await stores.votes.record(make_reaction(1, 50, "👍🏽", added=False))
    assert await stores.votes.tally(job.id) == Tally(down=1)


async def test_a_super_reaction_stands_beside_a_plain_one(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    plain, super_ = make_reaction(1, 50), make_reaction(1, 50, burst=True)
    await stores.votes.record_many([plain, super_, super_])
    assert await stores.votes.tally(job.id) == Tally(up=1), "one vote for each voter"
    assert set(await stores.votes.standing_reactions(MessageId(1))) == {
        (50, "👍", False),
        (50, "👍", True),
    }
    await stores.votes.record(make_reaction(1, 50, added=False, burst=True))
    assert await stores.votes.tally(job.id) == Tally(up=1), "the plain one still stands"
    await stores.votes.record(make_reaction(1, 50, added=False))
    assert await stores.votes.tally(job.id) == Tally()
    assert [row["burst"] for row in await stores.rows("vote_events")] == [0, 1, 1, 0]
    await stores.votes.record_many([plain, super_])
    assert await stores.votes.reconcile(MessageId(1), "👍", set(), 9, burst=True) == (0, 1)
    assert await stores.votes.standing_reactions(MessageId(1)) == [(50, "👍", False)]
    await stores.votes.record(super_)
    assert await stores.votes.clear_reactions(MessageId(1), "👍", 9) == 2


async def test_presentation_and_custom_names_make_no_difference(stores: Stores) -> None:
    guilds = Guilds(stores.db)
    await guilds.set_vote_emoji(GUILD, VoteEmoji(up="❤️", down="stone:654321"), USER, 1)
    job = await stores.deliver(message=1)
    await stores.votes.record(make_reaction(1, 50, "❤"))
    await stores.votes.record(make_reaction(1, 60, "boulder:654321"))
    assert await stores.votes.tally(job.id) == Tally(up=1, down=1)
    await stores.votes.record(make_reaction(1, 50, "❤️", added=False))
    await stores.votes.record(make_reaction(1, 60, "pebble:654321", added=False))
    assert await stores.votes.tally(job.id) == Tally()
    assert not await stores.votes.record(make_reaction(1, 60, "stone:999"))


async def test_changing_the_emoji_loses_no_old_or_new_vote(stores: Stores) -> None:
    guilds = Guilds(stores.db)
    job = await stores.deliver(message=1)
    await stores.votes.record(make_reaction(1, 50, "👍"))
    assert await guilds.set_vote_emoji(GUILD, CUSTOM, USER, 5) is None
    assert await stores.votes.tally(job.id) == Tally(up=1)
    await stores.votes.record(make_reaction(1, 60, "👎"))
    await stores.votes.record(make_reaction(1, 70, CUSTOM.up))
    assert await stores.votes.tally(job.id) == Tally(up=2, down=1)
    later = await stores.deliver(message=2)
    assert await stores.votes.record(make_reaction(2, 60, CUSTOM.down))
    assert not await stores.votes.record(make_reaction(2, 60, "👍"))
    assert await stores.votes.tally(later.id) == Tally(down=1)
    await guilds.set_vote_emoji(GUILD, VoteEmoji(up="👎", down="👍"), USER, 6)
    await stores.votes.record(make_reaction(1, 80, "👍"))
    assert await stores.votes.tally(job.id) == Tally(up=3, down=1), "the post's own pair wins"
    await stores.votes.record(make_reaction(1, 50, "👍", added=False))
    assert await stores.votes.tally(job.id) == Tally(up=2, down=1)


async def test_a_moderator_can_clear_one_emoji_or_all(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    for voter in range(50, 60):
        await stores.votes.record(make_reaction(1, voter, "👍" if voter % 2 else "👎"))
    assert await stores.votes.clear_reactions(MessageId(1), "👎", 9) == 5
    assert await stores.votes.tally(job.id) == Tally(up=5)
    assert await stores.votes.clear_reactions(MessageId(1), None, 9) == 5
    assert await stores.votes.tally(job.id) == Tally()
    assert await stores.votes.clear_reactions(MessageId(1), None, 9) == 0
    assert len(await stores.rows("vote_events")) == 20


async def test_reconciling_makes_the_ledger_agree_with_discord(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    for voter in (50, 51, 52):
        await stores.votes.record(make_reaction(1, voter))
    now = {UserId(51), UserId(52), UserId(53), UserId(54)}
    assert await stores.votes.reconcile(MessageId(1), "👍", now, 9) == (2, 1)
    assert await stores.votes.reconcile(MessageId(1), "👍", now, 9) == (0, 0)
    assert {voter for voter, _, _ in await stores.votes.standing_reactions(MessageId(1))} == now
    assert await stores.votes.tally(job.id) == Tally(up=4)
    sources = [row["source"] for row in await stores.rows("vote_events")]
    assert sources == ["gateway"] * 3 + ["reconciled"] * 3


async def test_reconciling_skips_voters_with_newer_events(stores: Stores) -> None:
    await stores.deliver(message=1)
    for voter in (50, 51):
        await stores.votes.record(make_reaction(1, voter))
    on_discord, newer = {UserId(60), UserId(61)}, {UserId(50), UserId(60)}
    changed = await stores.votes.reconcile(MessageId(1), "👍", on_discord, 9, skip_voters=newer)
    assert changed == (1, 1)
    assert {voter for voter, _, _ in await stores.votes.standing_reactions(MessageId(1))} == {
        50,
        61,
    }


async def forgotten_votes(stores: Stores) -> JobId:
    """A picture with a named thumb up, two nameless ones, and a nameless thumb down."""
    job = await stores.deliver(message=1)
    for voter, emoji in ((50, "👍"), (51, "👍"), (52, "👍"), (53, "👎")):
        await stores.votes.record(make_reaction(1, voter, emoji))
    for voter in (51, 52, 53):
        await stores.privacy.forget(UserId(voter))
    assert await stores.votes.tally(job.id) == Tally(up=3, down=1)
    return job.id


async def test_a_moderators_clear_removes_nameless_votes_too(stores: Stores) -> None:
    job_id = await forgotten_votes(stores)
    assert await stores.votes.clear_reactions(MessageId(1), "👍🏽", 9) == 0
    assert await stores.votes.tally(job_id) == Tally(up=3, down=1), (
        "nobody knows who used that tone"
    )
    assert await stores.votes.clear_reactions(MessageId(1), "👎", 9) == 1
    assert await stores.votes.tally(job_id) == Tally(up=3)
    await stores.votes.record(make_reaction(1, 53, "👎"))
    assert await stores.votes.tally(job_id) == Tally(up=3, down=1), "a new vote"
    assert await stores.votes.clear_reactions(MessageId(1), None, 9) == 4
    assert await stores.votes.tally(job_id) == Tally()
    assert await stores.rows("nameless_marks") == []


@pytest.mark.parametrize(("cleared", "up"), [(1, 2), (2, 3)])
@pytest.mark.parametrize("deleted", [True, False])
async def test_nameless_votes_outlive_a_clear_of_one_of_several_posts(
    stores: Stores, *, deleted: bool, cleared: int, up: int
) -> None:
    job_id = await forgotten_votes(stores)
    await stores.gallery.add_post(make_post(job_id, message=2))
    if deleted:
        await stores.gallery.record_deleted_messages([MessageId(3 - cleared)], 9)
    await stores.votes.clear_reactions(MessageId(cleared), None, 9)
    await stores.votes.end_reading(MessageId(cleared), {}, 0)
    assert await stores.votes.tally(job_id) == Tally(up=up, down=1), "the named one was under 1"


async def test_nameless_votes_stay_for_voters_who_still_react(stores: Stores) -> None:
    job_id = await forgotten_votes(stores)
    reacting = {"👍": [UserId(50), UserId(53)], "👍🏽": [UserId(51)], "🎉": [UserId(53)]}
    assert await stores.votes.end_reading(MessageId(1), reacting, 0) == 1
    assert await stores.votes.tally(job_id) == Tally(up=2, down=1), "52 is gone"
    assert await stores.votes.end_reading(MessageId(404), {}, 0) == 0


async def test_votes_outlive_message_and_picture(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    await stores.votes.record(make_reaction(1, 50))
    await stores.gallery.record_deleted_messages([MessageId(1)], 9)
    await stores.gallery.delete(job.id, 9)
    assert await stores.votes.tally(job.id) == Tally(up=1)
    assert await stores.votes.record(make_reaction(1, 60)), "an event that was on its way"


class Model:
    """The rule in its plainest form: all events, then who stands, then the last one."""

    def __init__(self) -> None:
        self.standing: dict[tuple[int, int, str, bool], int] = {}
        self.clock = 0

    def take(self, reaction: Reaction) -> None:
        key = (reaction.message_id, reaction.voter_id, reaction.emoji, reaction.burst)
        if reaction.added and key not in self.standing:
            self.clock += 1
            self.standing[key] = self.clock
        elif not reaction.added:
            self.standing.pop(key, None)

    def tally(self, messages: set[int], requester: int) -> Tally:
        latest: dict[int, tuple[int, str]] = {}
        for (message, voter, emoji, _), when in self.standing.items():
            if message in messages:
                latest[voter] = max(latest.get(voter, (0, "")), (when, emoji))
        votes = [emoji for voter, (_, emoji) in latest.items() if voter != requester]
        up = sum(emoji in {"👍", "👍🏽"} for emoji in votes)
        return Tally(up=up, down=len(votes) - up, self_votes=len(latest) - len(votes))


class Play:
    """Random deeds, applied to the ledger and to the model alike."""

    voters = (USER, 50, 51, 52)
    emoji = ("👍", "👎", "👍🏽")

    def __init__(self, stores: Stores, messages: list[int], seed: int) -> None:
        self.stores = stores
        self.messages = messages
        self.model = Model()
        self.dice = random.Random(seed)

    def event(self) -> Reaction:
        reaction = make_reaction(
            self.dice.choice(self.messages),
            self.dice.choice(self.voters),
            self.dice.choice(self.emoji),
            added=self.dice.random() < 0.6,
            burst=self.dice.random() < 0.2,
        )
        self.model.take(reaction)
        return reaction

    async def one(self) -> None:
        await self.stores.votes.record(self.event())

    async def several(self) -> None:
        await asyncio.gather(*(self.stores.votes.record(self.event()) for _ in range(9)))

    async def many(self) -> None:
        events = [self.event() for _ in range(self.dice.randrange(1, 30))]
        await self.stores.votes.record_many(events)

    async def clear(self) -> None:
        message, emoji = self.dice.choice(self.messages), self.dice.choice([*self.emoji, None])
        await self.stores.votes.clear_reactions(MessageId(message), emoji, 1)
        for key in list(self.model.standing):
            if key[0] == message and emoji in {None, key[2]}:
                del self.model.standing[key]

    async def reconcile(self) -> None:
        message, emoji = self.dice.choice(self.messages), self.dice.choice(self.emoji)
        now = {UserId(voter) for voter in self.voters if self.dice.random() < 0.5}
        burst = self.dice.random() < 0.5
        await self.stores.votes.reconcile(MessageId(message), emoji, now, 1, burst=burst)
        for voter in sorted(self.voters):
            self.model.take(make_reaction(message, voter, emoji, added=voter in now, burst=burst))


@pytest.mark.parametrize("seed", range(8))
async def test_any_sequence_of_events_ends_as_the_model_says(stores: Stores, seed: int) -> None:
    posts: dict[JobId, set[int]] = {}
    for i in range(3):
        job = await stores.deliver(message=10 + i, seed=i)
        await stores.gallery.add_post(make_post(job.id, message=20 + i))
        posts[job.id] = {10 + i, 20 + i}
    messages = [message for group in posts.values() for message in group]
    play = Play(stores, messages, seed)
    for _ in range(40):
        deed = play.dice.choice([play.one, play.several, play.many, play.clear, play.reconcile])
        await deed()
    for job_id, group in posts.items():
        assert await stores.votes.tally(job_id) == play.model.tally(group, USER)
    for message in messages:
        expected = {key[1:] for key in play.model.standing if key[0] == message}
        assert set(await stores.votes.standing_reactions(MessageId(message))) == expected


async def test_thousands_of_concurrent_votes_are_all_recorded(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    reactions = [make_reaction(1, voter) for voter in range(1_000, 4_000)]
    assert all(await asyncio.gather(*(stores.votes.record(r) for r in reactions)))
    await stores.votes.close()
    assert await stores.votes.tally(job.id) == Tally(up=3_000)


async def test_top_ranks_by_net_votes_within_its_bounds(stores: Stores) -> None:
    loved = await stores.deliver(message=1, now_ms=3_000)
    liked = await stores.deliver(message=2, now_ms=3_001)
    mixed = await stores.deliver(message=3, now_ms=3_002)
    await stores.deliver(message=4)
    elsewhere = await stores.deliver(message=5, guild=99)
    old = await stores.deliver(message=6, now_ms=10)
    adult, _ = await stores.draw(rating=Rating.EXPLICIT)
    await stores.outbox.record_delivery(adult.owed_post_id, make_post(adult.id, message=7), 4_000)
    ups = {1: 3, 2: 2, 3: 3, 5: 9, 6: 9, 7: 9}
    for message, count in ups.items():
        for voter in range(50, 50 + count):
            await stores.votes.record(make_reaction(message, voter))
    for voter in (90, 91):
        await stores.votes.record(make_reaction(3, voter, "👎"))
        await stores.votes.record(make_reaction(4, voter, "👎"))

    async def top(guild: int, *ratings: Rating) -> list[tuple[JobId, int, int]]:
        found = await stores.votes.top(GuildId(guild), 2_000, 4_000, 10, ratings=ratings)
        return [(picture.job_id, tally.up, tally.down) for picture, tally in found]

    expected = [(loved.id, 3, 0), (liked.id, 2, 0), (mixed.id, 3, 2)]
    assert await top(GUILD, Rating.GENERAL) == expected
    assert (await top(GUILD, *Rating))[0] == (adult.id, 9, 0)
    assert await top(99, Rating.GENERAL) == [(elsewhere.id, 9, 0)]
    assert await top(GUILD) == []
    everything = await stores.votes.top(GUILD, 0, 4_000, 1, ratings=[Rating.GENERAL])
    assert [picture.job_id for picture, _ in everything] == [old.id]


async def test_a_reaction_to_a_post_of_several_pictures_is_no_vote(stores: Stores) -> None:
    jobs = [await stores.deliver(message=n, seed=n) for n in (1, 2)]
    await stores.gallery.add_post(make_post(*(job.id for job in jobs), message=3))
    assert not await stores.votes.record(make_reaction(3, 50))
    assert await stores.votes.reconcile(MessageId(3), "👍", {UserId(50)}, 9_000) == (0, 0)
    assert await stores.votes.record(make_reaction(1, 50)), "alone it is a vote"
    assert [await stores.votes.tally(job.id) for job in jobs] == [Tally(up=1), Tally()]
