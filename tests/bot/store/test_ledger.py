"""The ledger equals Discord after random reactions, restarts and outages, over the real wire.

Also, what a book answers to each reaction.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from bot.ballot import VoteEmoji, VoteSource
from bot.domain import JobId, MessageId, UserId
from bot.sandbox.world import lounge
from bot.store.ledger import Ballot, VoteBook
from tests.stages.factories import OTHER
from tests.stages.factories import make_reaction as react
from tests.stages.stage import Stage, stage

EVENTS = 2000
POSTS = 8
VOTERS = 25
EMOJI = ("👍", "👎", "🎉")


@pytest.mark.slow(10)
@pytest.mark.timeout(600)
async def test_two_thousand_events_with_outages_leave_the_ledger_equal_to_discord(
    tmp_path: Path,
) -> None:
    dice = random.Random(3)
    async with stage(tmp_path) as here:
        await here.accept_terms()
        for _ in range(POSTS - 1):
            await here.draw("1girl")
        messages = [int(post["id"]) for post in await here.wait_for_pictures(POSTS)]
        voters = [here.sandbox.add_person(f"voter {n}") for n in range(VOTERS)]
        for event in range(EVENTS):
            _react(here, dice, messages, voters)
            if event % 20 == 0:
                await asyncio.sleep(0.01)
            if event % 250 == 249:
                await _trouble(here, event // 250)
            if event % 250 == 60 and not here.bot.running:
                await here.start()
        await here.until(lambda: _equal(here, messages), 120)
        assert _one_vote_each(here, messages)


def _react(here: Stage, dice: random.Random, messages: list[int], voters: list[int]) -> None:
    message, voter, emoji = dice.choice(messages), dice.choice(voters), dice.choice(EMOJI)
    standing = voter in here.sandbox.reactions(message).get(emoji, [])
    if dice.random() < 0.004:
        here.sandbox.clear_reactions(message, dice.choice((None, emoji)))
    elif standing:
        here.sandbox.remove_reaction(voter, message, emoji)
    else:
        here.sandbox.react(voter, message, emoji)


async def _trouble(here: Stage, turn: int) -> None:
    """A gateway outage, a lost session or a bot that stays down for sixty reactions."""
    match turn % 4:
        case 0:
            here.sandbox.drop_gateway()
        case 1:
            here.sandbox.invalidate_session()
        case 2:
            await here.bot.kill()
        case _:
            here.sandbox.go_offline(0.5)


async def _equal(here: Stage, messages: list[int]) -> bool:
    ledger = set(here.rows("SELECT message_id, voter_id, emoji FROM standing_reactions"))
    return ledger == _standing(here, messages)


def _standing(here: Stage, messages: list[int]) -> set[tuple[int, int, str]]:
    """The truth on Discord: message, voter and thumb."""
    return {
        (message, voter, emoji)
        for message in messages
        for emoji, voters in here.sandbox.reactions(message).items()
        for voter in voters
        if voter != lounge.BOT_ID and emoji in EMOJI[:2]
    }


def _one_vote_each(here: Stage, messages: list[int]) -> bool:
    """Everybody with a thumb standing has one current vote there, and nobody else has any."""
    truth = {(message, voter) for message, voter, _ in _standing(here, messages)}
    votes = here.rows("SELECT message_id, voter_id FROM votes JOIN post_pictures USING (job_id)")
    return sorted(votes) == sorted(truth)


JOB, VOTER = JobId("job"), OTHER


def book(*, counted: bool = False) -> VoteBook:
    hands = VoteEmoji(up="👍", down="👎")
    ballot = Ballot(
        message_id=MessageId(1),
        job_id=JOB,
        requester_id=UserId(8),
        original_emoji=hands,
        current_emoji=hands,
        read_after=0,
    )
    pairs = {(JOB, VOTER)} if counted else set[tuple[JobId, UserId]]()
    return VoteBook(ballots={MessageId(1): ballot}, last_event_id=40, nameless_pairs=pairs)


def test_a_book_takes_votes_on_its_own_posts_and_nothing_else() -> None:
    taken = book()
    assert taken.apply(react(2)) is False
    assert taken.apply(react(1, emoji="🎉")) is False
    assert taken.apply(react(1, added=False)) is True, "a vote, though there is none to take back"
    assert taken.events == []
    assert taken.apply(react(1)) is True
    assert taken.apply(react(1)) is True
    assert [(event.id, event.value, event.added) for event in taken.events] == [(41, 1, True)]
    assert taken.apply(react(1, added=False)) is True
    assert [(event.id, event.value, event.added) for event in taken.events[1:]] == [(42, 1, False)]
    assert taken.current_vote((JOB, VOTER)) is None


def test_a_book_recounts_a_nameless_vote_only_when_its_voter_acts() -> None:
    taken, pair = book(counted=True), (JOB, VOTER)
    assert taken.apply(react(1, source=VoteSource.RECONCILED)) is True
    assert (taken.events, taken.renamed_pairs) == ([], set())
    assert taken.apply(react(1, emoji="👎")) is True
    assert taken.renamed_pairs == {pair}
    assert taken.apply(react(1, source=VoteSource.RECONCILED)) is True
    assert [event.value for event in taken.events] == [-1, 1]
