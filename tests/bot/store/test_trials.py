"""What a blind test draws and counts: no cap, no delivery, and no hint of which side is which."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.ballot import Choice, DuelOrigin
from bot.domain import JobId, JobState, Rating, UserId
from bot.policy.decide import for_trial
from bot.store.trials import Trial, TrialBook, TrialOutcome
from tests.stages.cards import make_card, with_verdict
from tests.stages.factories import GUILD, OTHER, SINCE, USER, make_admitted, make_ask
from tests.stages.stores import AMPLE, Stores, open_stores
from tests.stages.trying_out import (
    CANDIDATE,
    PARENT,
    ask_for_trial,
    begin_lineage,
    draw_trial_job,
    make_trial,
)


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with open_stores(tmp_path) as opened:
        await begin_lineage(opened.db)
        yield opened


@pytest.fixture
async def trials(stores: Stores) -> TrialBook:
    book = TrialBook(stores.db)
    assert isinstance(await book.begin(make_trial()), Trial)
    return book


async def test_one_trial_runs_at_a_time_and_only_against_the_active_card(
    stores: Stores, trials: TrialBook
) -> None:
    again = await trials.begin(make_trial("t000000002"))
    assert isinstance(again, str)
    assert "is already running" in again
    assert await trials.end("t000000001", TrialOutcome.STOPPED, by_id=USER, now_ms=20)
    assert not await trials.end("t000000001", TrialOutcome.CANDIDATE, by_id=None, now_ms=21)
    lineage = await begin_lineage(stores.db)
    await lineage.promote(
        with_verdict(make_card()), serving_id=PARENT, by_id=None, why="", now_ms=3
    )
    late = await trials.begin(make_trial("t000000003"))
    assert isinstance(late, str)
    assert "Someone switched models" in late
    assert [trial.outcome for trial in await trials.history()] == [TrialOutcome.STOPPED]
    assert await trials.running_trial() is None


async def test_both_models_draw_the_same_ask_and_no_cap_counts_it(
    stores: Stores, trials: TrialBook
) -> None:
    candidate, parent = await ask_for_trial(stores, make_trial())
    assert (candidate.draw.model, parent.draw.model) == (CANDIDATE, PARENT)
    assert candidate.draw.seed == parent.draw.seed
    assert candidate.draw.prompt == parent.draw.prompt
    one = type(AMPLE)(per_user=1, per_guild=1, per_day=1, cooldown_ms=10_000)
    made = await stores.queue.enqueue(make_admitted(), one, 1_001, since_id=SINCE)
    assert getattr(made, "jobs", None), "the test costs its member nothing"
    job = await stores.claim(now_ms=1_002)
    assert job is not None
    assert job.draw.model is None, "what its member waits for comes first"


async def test_the_pictures_of_a_trial_are_not_delivered(stores: Stores, trials: TrialBook) -> None:
    for job, card in zip(
        await ask_for_trial(stores, make_trial()), (CANDIDATE, PARENT), strict=True
    ):
        await draw_trial_job(stores, job.id, card)
    assert await stores.outbox.owed_posts(9_000) == []
    assert await stores.views.open_statuses() == []


async def _pair(stores: Stores, trials: TrialBook, user: int = USER) -> tuple[JobId, JobId, str]:
    """A settled pair: the candidate's job, the parent's and their duel."""
    candidate, parent = await ask_for_trial(stores, make_trial(), user)
    await draw_trial_job(stores, candidate.id, CANDIDATE)
    assert await trials.drawn_pairs() == [], "one of them is still to be drawn"
    async with stores.db.write() as tx:
        await tx.execute("UPDATE jobs SET state = 'queued', lease_owner = NULL,"
                         " lease_until_ms = NULL WHERE state = 'running'")  # fmt: skip
    await draw_trial_job(stores, parent.id, PARENT)
    (pair,) = await trials.drawn_pairs()
    assert await trials.settle_pair(pair, 5_000)
    assert not await trials.settle_pair(pair, 5_001), "once"
    return candidate.id, parent.id, pair.duel_id


async def test_a_drawn_pair_becomes_a_duel_and_is_hidden_until_it_closes(
    stores: Stores, trials: TrialBook
) -> None:
    candidate, parent, duel_id = await _pair(stores, trials)
    (duel,) = await stores.duels.unposted_duels(9)
    assert (duel.id, duel.origin, duel.guild_id) == (duel_id, DuelOrigin.TRIAL, GUILD)
    assert set(duel.job_ids) == {candidate, parent}
    for job_id in (candidate, parent):
        job = await stores.views.get(job_id)
        assert job is not None
        assert job.state is JobState.DELIVERED
    assert await stores.views.history(USER, GUILD, 9) == [], "alone, each would reveal its model"
    drawn_by_parent = await stores.views.get(parent)
    assert drawn_by_parent is not None
    assert await stores.views.identical_jobs(GUILD, drawn_by_parent.draw) == [], (
        "and so would a link to it"
    )
    await stores.duels.close(duel_id, 6_000)
    assert len(await stores.views.history(USER, GUILD, 9)) == 2
    assert [job.id for job in await stores.views.identical_jobs(GUILD, drawn_by_parent.draw)] == [
        parent
    ]


async def test_a_blind_pair_is_compared_with_no_other_picture(
    stores: Stores, trials: TrialBook
) -> None:
    """Pictures are compared with those of the same model: that would reveal which it is."""
    ask = make_ask()
    own = replace(ask, draw=replace(ask.draw, seed=5, model=PARENT))
    (job,) = await stores.enqueue(make_admitted(own))
    await draw_trial_job(stores, job.id, PARENT)
    _, parent, duel_id = await _pair(stores, trials)
    assert await stores.duels.comparable_pictures(GUILD, ratings=[Rating.GENERAL]) == []
    await stores.duels.close(duel_id, 6_000)
    found = await stores.duels.comparable_pictures(GUILD, ratings=[Rating.GENERAL])
    assert {one.job_id for one in found} == {job.id, parent}


async def test_the_requester_finds_both_pictures_once_the_trial_is_over(
    stores: Stores, trials: TrialBook
) -> None:
    await _pair(stores, trials)
    await trials.end("t000000001", TrialOutcome.STOPPED, by_id=USER, now_ms=20)
    assert len(await stores.views.history(USER, GUILD, 9)) == 2


async def test_a_pair_with_a_missing_picture_gets_no_duel(
    stores: Stores, trials: TrialBook
) -> None:
    candidate, parent = await ask_for_trial(stores, make_trial())
    await draw_trial_job(stores, candidate.id, CANDIDATE)
    await stores.queue.cancel_job(parent.id, 4_500)
    (pair,) = await trials.drawn_pairs()
    assert not await trials.settle_pair(pair, 5_000)
    assert await stores.duels.unposted_duels(9) == []
    assert await trials.drawn_pairs() == []
    assert await stores.state(candidate) == "delivered"


async def test_choices_are_counted_by_model_and_not_by_side(
    stores: Stores, trials: TrialBook
) -> None:
    candidate, _, duel_id = await _pair(stores, trials)
    (duel,) = await stores.duels.unposted_duels(9)
    side = Choice.LEFT if duel.job_ids[0] == candidate else Choice.RIGHT
    for voter, choice in ((USER, side), (OTHER, Choice.SKIP), (UserId(7), side)):
        await stores.duels.vote(duel.id, voter, choice, 6_000)
    ((found, choices),) = (await trials.undecided_choices("t000000001")).items()
    assert found == duel_id
    assert {(c.voter_id, c.for_candidate, c.self_vote) for c in choices} == {
        (USER, True, True), (7, True, False),
    }  # fmt: skip
    await trials.record_step("t000000001", found, win=True, e_value=1.5, now_ms=7_000)
    (duel,) = await stores.rows("duels")
    assert duel["closed_ms"] == 7_000, "the step and the close are one deed: no kill comes between"
    await trials.record_step("t000000001", found, win=False, e_value=9.0, now_ms=7_001)
    assert await trials.undecided_choices("t000000001") == {}
    (step,) = await trials.steps("t000000001")
    assert (step.win, step.e_value) == (True, 1.5)


async def test_nothing_is_drawn_for_a_trial_that_has_ended(
    stores: Stores, trials: TrialBook
) -> None:
    await trials.end("t000000001", TrialOutcome.PARENT, by_id=None, now_ms=20)
    asked = await trials.queue_pair(
        make_trial(), for_trial(make_admitted(make_ask()), 99), 1_000, since_id=SINCE
    )
    assert asked is None
    assert await stores.rows("jobs") == []


@pytest.mark.parametrize(
    "sql", ["UPDATE trials SET share = 0.5", "UPDATE trial_ends SET outcome = 'candidate'",
            "UPDATE trial_steps SET win = 1", "DELETE FROM trial_steps"],
)  # fmt: skip
async def test_the_records_of_a_trial_cannot_be_changed(
    stores: Stores, trials: TrialBook, sql: str
) -> None:
    _, _, duel_id = await _pair(stores, trials)
    (duel,) = await stores.duels.unposted_duels(9)
    await trials.record_step("t000000001", duel.id, win=False, e_value=0.5, now_ms=7_000)
    assert duel.id == duel_id
    await trials.end("t000000001", TrialOutcome.PARENT, by_id=None, now_ms=20)
    with pytest.raises(sqlite3.IntegrityError):
        await stores.db.write_one(sql)


async def test_a_duels_id_does_not_reveal_the_side(stores: Stores, trials: TrialBook) -> None:
    """The id is in the buttons, where everybody can read it."""
    for _ in range(40):
        await trials.queue_pair(
            make_trial(), for_trial(make_admitted(make_ask()), 99), 1_000, since_id=SINCE
        )
    rows = await stores.db.fetch_all("SELECT duel_id, candidate_left FROM trial_pairs")
    assert {bool(row["candidate_left"]) for row in rows} == {True, False}
    by_parity = {(ord(row["duel_id"][-1]) % 2, row["candidate_left"]) for row in rows}
    assert len(by_parity) == 4
