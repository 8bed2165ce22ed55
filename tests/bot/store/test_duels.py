"""Two pictures side by side: who chose what, once for each pair, and what becomes of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from bot.ballot import Choice, Duel, DuelId, DuelOrigin, DuelTally, DuelVote
from bot.domain import GuildId, JobId, MessageId, Rating, UserId
from bot.store.consequences import Judgement
from bot.store.decisions import Outcome
from bot.store.doomed import Hunt
from tests.stages.factories import (
    CHANNEL,
    GUILD,
    OTHER,
    SINCE,
    USER,
    make_duel,
    make_message,
    make_party,
)
from tests.stages.stores import Stores, open_stores

ADA, BOB, EVE = UserId(71), UserId(72), UserId(73)
MESSAGE = MessageId(900_000_000_000_000_009)
GENERAL = (Rating.GENERAL,)
Deed = Callable[[Stores, JobId], Awaitable[None]]


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def a_duel(
    stores: Stores, *, origin: DuelOrigin = DuelOrigin.PARTY, party: str | None = None
) -> Duel:
    """USER's picture left, OTHER's right, of one prompt."""
    left = await stores.deliver(message=1, seed=1)
    right = await stores.deliver(message=2, seed=2, user=OTHER)
    opened = await stores.duels.open(make_duel(left.id, right.id, origin=origin, party=party))
    assert opened is not None
    return opened


async def posted(stores: Stores, duel: Duel) -> None:
    assert await stores.duels.begin_posting(duel.id, 6_500)
    assert await stores.duels.record_message(duel, MESSAGE, 7_000)


async def ledger(stores: Stores) -> list[tuple[object, ...]]:
    names = ("axis", "about", "voter_id", "place", "added", "self_vote", "source")
    return [tuple(row[name] for name in names) for row in await stores.rows("vote_events")]


# ---- choices ------------------------------------------------------------------------------------


async def test_a_choice_is_an_event_and_can_be_changed_and_taken_back(stores: Stores) -> None:
    duel = await a_duel(stores)
    for choice in (Choice.LEFT, Choice.LEFT, Choice.SKIP, Choice.RIGHT):
        voted = await stores.duels.vote(duel.id, ADA, choice, 7_000)
        assert voted is not None
        assert voted.choice is choice
    assert voted.tally == await stores.duels.tally(duel.id) == DuelTally(right=1)
    assert voted.requesters == (USER, OTHER)
    taken_back = await stores.duels.vote(duel.id, ADA, None, 8_000)
    assert taken_back is not None
    assert taken_back.tally == DuelTally()
    assert await stores.rows("choices") == []
    assert await ledger(stores) == [
        ("duel", duel.id, ADA, place, added, 0, "press")
        for place, added in ((1, 1), (1, 0), (0, 1), (0, 0), (2, 1), (2, 0))
    ]
    assert await stores.duels.vote(duel.id, ADA, None, 8_000), "there is nothing to take back"
    assert len(await ledger(stores)) == 6


@pytest.mark.parametrize("voter", [USER, OTHER])
async def test_a_choice_by_one_of_the_requesters_is_counted_apart(
    stores: Stores, voter: UserId
) -> None:
    duel = await a_duel(stores)
    await stores.duels.vote(duel.id, ADA, Choice.RIGHT, 7_000)
    voted = await stores.duels.vote(duel.id, voter, Choice.LEFT, 7_000)
    assert voted is not None
    assert voted.self_vote
    assert voted.tally == DuelTally(right=1, self_votes=1)
    assert [vote.voter_id for vote in await stores.duels.decided_pairs(GUILD, 0)] == [ADA]


async def test_a_member_has_one_choice_for_a_pair_across_duels(stores: Stores) -> None:
    first = await a_duel(stores)
    # The other way round: left here is right there.
    again = make_duel(first.right_job, first.left_job, duel="d000000002")
    assert await stores.duels.open(again)
    await stores.duels.vote(first.id, ADA, Choice.LEFT, 7_000)
    assert await stores.duels.chosen_pairs(GUILD, ADA) == {frozenset(first.job_ids)}
    await stores.duels.vote(again.id, ADA, Choice.LEFT, 8_000)
    assert await stores.duels.tally(first.id) == DuelTally()
    assert await stores.duels.tally(again.id) == DuelTally(left=1)
    assert await stores.duels.decided_pairs(GUILD, 0) == [
        DuelVote(
            duel_id=again.id,
            winner=again.left_job,
            loser=again.right_job,
            origin=DuelOrigin.PARTY,
            voter_id=ADA,
            at_ms=8_000,
        )
    ]


async def test_skips_decide_nothing_and_are_counted(stores: Stores) -> None:
    duel = await a_duel(stores)
    await stores.duels.vote(duel.id, ADA, Choice.SKIP, 7_000)
    assert await stores.duels.tally(duel.id) == DuelTally(skip=1)
    assert await stores.duels.decided_pairs(GUILD, 0) == []
    await stores.duels.vote(duel.id, BOB, Choice.RIGHT, 7_000)
    assert await stores.duels.decided_pairs(GuildId(GUILD + 1), 0) == []
    assert await stores.duels.decided_pairs(GUILD, duel.opened_ms + 1) == []
    (vote,) = await stores.duels.decided_pairs(GUILD, duel.opened_ms)
    assert (vote.winner, vote.loser) == (duel.right_job, duel.left_job)


async def test_the_ledger_matches_a_model_after_random_presses(stores: Stores) -> None:
    rng = random.Random(3)
    first = await a_duel(stores)
    second = make_duel(first.right_job, first.left_job, duel="d000000002")
    assert await stores.duels.open(second)
    truth: dict[UserId, tuple[DuelId, Choice]] = {}
    for n in range(200):
        who, duel = rng.choice((ADA, BOB, EVE)), rng.choice((first, second))
        choice = rng.choice((*Choice, None))
        await stores.duels.vote(duel.id, who, choice, 7_000 + n)
        truth.pop(who, None)
        if choice is not None:
            truth[who] = (duel.id, choice)
    stands: dict[object, tuple[object, object]] = {}
    for _, about, voter, place, added, _, _ in await ledger(stores):
        if added:
            assert voter not in stands, "one at a time"
            stands[voter] = (about, place)
        else:
            assert stands.pop(voter) == (about, place), (
                "only a choice that stands can be taken back"
            )
    assert stands == {who: (about, choice.place) for who, (about, choice) in truth.items()}
    rows = await stores.rows("choices")
    assert {row["voter_id"]: (row["about"], row["place"]) for row in rows} == stands


async def test_two_presses_at_once_leave_one_choice(stores: Stores) -> None:
    duel = await a_duel(stores)
    await asyncio.gather(
        *(stores.duels.vote(duel.id, ADA, choice, 7_000) for choice in (Choice.LEFT, Choice.RIGHT))
    )
    tally = await stores.duels.tally(duel.id)
    assert tally.left + tally.right == 1


async def test_a_closed_duel_takes_no_choice(stores: Stores) -> None:
    duel = await a_duel(stores)
    await stores.duels.vote(duel.id, ADA, Choice.LEFT, 7_000)
    await stores.duels.close(duel.id, 8_000)
    assert await stores.duels.vote(duel.id, ADA, Choice.RIGHT, 9_000) is None
    assert await stores.duels.vote(DuelId("none"), ADA, Choice.RIGHT, 9_000) is None
    assert await stores.duels.tally(duel.id) == DuelTally(left=1)


# ---- forgotten members --------------------------------------------------------------------------


async def test_a_forgotten_voter_counts_without_a_name_and_never_twice(stores: Stores) -> None:
    duel = await a_duel(stores)
    await stores.duels.vote(duel.id, ADA, Choice.LEFT, 7_000)
    await stores.privacy.forget(ADA)
    assert await stores.duels.tally(duel.id) == DuelTally(left=1)
    (vote,) = await stores.duels.decided_pairs(GUILD, 0)
    assert (vote.winner, vote.voter_id, vote.at_ms) == (duel.left_job, None, None)
    # They come back, and press under another duel of the pair.
    again = make_duel(duel.left_job, duel.right_job, duel="d000000002")
    assert await stores.duels.open(again)
    await stores.duels.vote(again.id, ADA, Choice.RIGHT, 8_000)
    assert await stores.duels.tally(duel.id) == DuelTally()
    assert await stores.duels.tally(again.id) == DuelTally(right=1)


async def test_a_forgotten_voters_choice_on_their_own_picture_is_not_kept(
    stores: Stores,
) -> None:
    duel = await a_duel(stores)
    await stores.duels.vote(duel.id, USER, Choice.LEFT, 7_000)
    await stores.privacy.forget(USER)
    assert await stores.rows("nameless_choices") == []


async def test_forgetting_a_member_deletes_the_duels_of_their_pictures(stores: Stores) -> None:
    duel = await a_duel(stores)
    await posted(stores, duel)
    await stores.duels.vote(duel.id, ADA, Choice.LEFT, 7_000)
    await stores.duels.vote(duel.id, BOB, Choice.LEFT, 7_000)
    await stores.privacy.forget(BOB)
    await stores.privacy.forget(OTHER)
    assert make_message(MESSAGE) in await stores.doomed.messages(9)
    for table in ("duels", "choices", "nameless_choices", "vote_events"):
        assert await stores.rows(table) == [], table


async def test_a_party_ends_when_the_member_who_began_it_is_forgotten(stores: Stores) -> None:
    await stores.parties.begin(make_party(user=ADA))
    duel = await a_duel(stores, party="p000000001")
    await posted(stores, duel)
    await stores.privacy.forget(ADA)
    assert await stores.parties.running_parties() == []
    (owed,) = await stores.duels.unshown_results(9)
    assert (owed.id, owed.message_id, owed.party_id) == (duel.id, MESSAGE, None)
    assert await stores.duels.vote(duel.id, BOB, Choice.LEFT, 9_000) is None


# ---- its message --------------------------------------------------------------------------------


async def test_a_duel_is_owed_until_posted_and_again_once_closed(
    stores: Stores,
) -> None:
    duel = await a_duel(stores)
    assert [owed.id for owed in await stores.duels.unposted_duels(9)] == [duel.id]
    assert await stores.duels.unposted_duels(9, [CHANNEL]) == []
    assert await stores.duels.unposted_duels(9, skip_ids=[duel.id]) == []
    assert await stores.duels.begin_posting(duel.id, 6_500) is True
    assert await stores.duels.begin_posting(duel.id, 6_600) is False, "an earlier attempt was made"
    assert await stores.duels.record_message(duel, MESSAGE, 7_000)
    assert await stores.duels.record_message(duel, MESSAGE, 7_000), "a repetition changes nothing"
    assert await stores.duels.unposted_duels(9) == []
    assert await stores.duels.begin_posting(duel.id, 7_000) is None
    assert await stores.duels.unshown_results(9) == []
    await stores.duels.close(duel.id, 8_000)
    assert [owed.id for owed in await stores.duels.unshown_results(9)] == [duel.id]
    assert await stores.duels.unshown_results(9, [CHANNEL]) == []
    await stores.duels.record_result_shown(duel.id)
    assert await stores.duels.unshown_results(9) == []


async def test_a_second_message_for_one_duel_is_doomed(stores: Stores) -> None:
    duel = await a_duel(stores)
    await posted(stores, duel)
    assert not await stores.duels.record_message(duel, MessageId(5), 7_000)
    assert await stores.doomed.messages(9) == [make_message(5)]


async def delete(stores: Stores, job_id: JobId) -> None:
    await stores.gallery.delete(job_id, 9_000)


async def remove(stores: Stores, job_id: JobId) -> None:
    await judge(stores, job_id, Outcome.REMOVE)


async def spoiler(stores: Stores, job_id: JobId) -> None:
    await judge(stores, job_id, Outcome.SPOILER)


async def judge(stores: Stores, job_id: JobId, outcome: Outcome) -> None:
    await stores.reviews.file_report(job_id, ADA, "Look at it.", 8_000, since_id=SINCE)
    (case,) = [c for c in await stores.reviews.open_cases(GUILD, 9) if c.job_id == job_id]
    judgement = Judgement(outcome=outcome, actor_id=BOB, at_ms=9_000)
    assert await stores.reviews.decide(case.id, judgement)


@pytest.mark.parametrize("deed", [delete, remove, spoiler])
@pytest.mark.parametrize("side", [0, 1])
async def test_a_duel_ends_when_one_of_its_pictures_is_taken_down(
    stores: Stores, deed: Deed, side: int
) -> None:
    duel = await a_duel(stores)
    await posted(stores, duel)
    await stores.duels.vote(duel.id, ADA, Choice.LEFT, 7_000)
    await deed(stores, duel.job_ids[side])
    assert make_message(MESSAGE) in await stores.doomed.messages(9)
    assert await stores.duels.vote(duel.id, BOB, Choice.LEFT, 9_500) is None
    assert await stores.duels.unshown_results(9) == []
    assert await stores.duels.unposted_duels(9) == []
    assert await stores.duels.tally(duel.id) == DuelTally(left=1), "the choices stay"


@pytest.mark.parametrize("deed", [delete, remove, spoiler])
async def test_a_duel_being_posted_is_hunted_when_a_picture_is_taken_down(
    stores: Stores, deed: Deed
) -> None:
    duel = await a_duel(stores)
    await stores.duels.begin_posting(duel.id, 6_500)
    await deed(stores, duel.left_job)
    hunt = Hunt(name=duel.id, channel_id=CHANNEL, guild_id=GUILD, since_id=SINCE)
    assert await stores.doomed.hunts(9) == [hunt]
    assert not await stores.duels.record_message(duel, MESSAGE, 9_500), "it comes too late"
    assert make_message(MESSAGE) in await stores.doomed.messages(9)


async def test_a_duel_with_a_deleted_or_spoilered_picture_is_not_posted(stores: Stores) -> None:
    duel = await a_duel(stores)
    await stores.db.write_one(
        "UPDATE pictures SET spoiler = 1 WHERE job_id = :job", {"job": duel.left_job}
    )
    assert await stores.duels.begin_posting(duel.id, 6_500) is None
    assert await stores.duels.begin_posting(duel.id, 6_500, spoilered=[duel.left_job])
    await stores.gallery.delete(duel.right_job, 9_000)
    assert await stores.duels.begin_posting(duel.id, 9_500, spoilered=duel.job_ids) is None
    assert await stores.duels.open(make_duel(*duel.job_ids, duel="d000000002")) is None


async def test_a_lost_answer_is_hunted_once_the_duel_is_no_longer_owed(stores: Stores) -> None:
    duel = await a_duel(stores)
    await stores.duels.begin_posting(duel.id, 6_500)
    await stores.duels.record_lost_answer(duel)
    assert await stores.doomed.hunts(9) == [], "the next attempt looks for it"
    await stores.duels.close(duel.id, 7_000)
    assert [hunt.name for hunt in await stores.doomed.hunts(9)] == [duel.id]
    await stores.doomed.end_hunt((await stores.doomed.hunts(9))[0], [])
    await stores.duels.record_lost_answer(duel)
    assert [hunt.name for hunt in await stores.doomed.hunts(9)] == [duel.id]


async def test_a_duel_ends_when_a_moderator_deletes_its_message(stores: Stores) -> None:
    duel = await a_duel(stores)
    await posted(stores, duel)
    await stores.gallery.record_deleted_messages([MESSAGE], 8_000)
    assert await stores.duels.vote(duel.id, ADA, Choice.LEFT, 9_000) is None
    assert await stores.duels.unshown_results(9) == await stores.duels.unposted_duels(9) == []


# ---- which pictures -----------------------------------------------------------------------------


async def test_comparable_pictures_share_a_prompt_and_differ_in_seed(stores: Stores) -> None:
    left, _ = await stores.draw(prompt="1girl", seed=1)
    right, _ = await stores.draw(prompt="1girl", seed=2)
    await stores.draw(prompt="1girl", seed=3, guild=GUILD + 1)
    await stores.draw(prompt="a cat", seed=1)
    await stores.draw(prompt="a cat", seed=1)
    deleted, _ = await stores.draw(prompt="a dog", seed=1)
    await stores.draw(prompt="a dog", seed=2)
    await stores.gallery.delete(deleted.id, 1)
    await stores.draw(prompt="a bird", seed=1)
    await stores.hold(prompt="a bird")
    await stores.draw(prompt="a bird", seed=9, rating=Rating.EXPLICIT)
    found = await stores.duels.comparable_pictures(GUILD, ratings=GENERAL)
    assert {one.job_id for one in found} == {left.id, right.id}
    assert len({one.key for one in found}) == 1
    assert {one.channel_id for one in found} == {CHANNEL}


async def test_pictures_of_different_models_are_not_compared(stores: Stores) -> None:
    left, _ = await stores.draw(seed=1)
    await stores.draw(seed=2)
    await stores.db.write_one(
        "UPDATE pictures SET card_id = 'other' WHERE job_id = :job", {"job": left.id}
    )
    assert await stores.duels.comparable_pictures(GUILD, ratings=GENERAL) == []


async def test_members_who_rate_alone_share_the_duel_of_a_pair(stores: Stores) -> None:
    duel = await a_duel(stores, origin=DuelOrigin.ALONE)
    again = make_duel(
        duel.right_job, duel.left_job, duel="d000000002", origin=DuelOrigin.ALONE, at_ms=9
    )
    assert await stores.duels.open(again) == duel
    # A moderator's spoiler closes it; it may be opened again behind one.
    await spoiler(stores, duel.left_job)
    assert await stores.duels.vote(duel.id, ADA, Choice.LEFT, 9_500) is None
    assert await stores.duels.open(again) == duel
    assert await stores.duels.vote(duel.id, ADA, Choice.LEFT, 9_500)
