"""The blind test: which requests it draws, when a duel decides, and how it ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.ballot import Choice
from bot.domain import Rating, Request, RequestId, Ruling, UserId
from bot.drawing.shelf import Shelf
from bot.drawing.signals import Signals
from bot.learning.desk import LearningDesk, build_desk
from bot.learning.trial import DECISIVE_WEIGHT, PATIENCE_MS, as_test, duel_decision, is_selected
from bot.store.consent import Consent
from bot.store.licence_texts import LicenceTexts
from bot.store.trials import Trial, TrialChoice, TrialOutcome
from bot.store.trust import Trust
from models.catalogue.registry import Registry
from tests.stages.cards import make_card, put_card
from tests.stages.factories import GUILD, OTHER, SINCE, USER, make_admitted, make_ask, make_place
from tests.stages.fake_engine import INFO
from tests.stages.stores import AMPLE, Stores, open_stores
from tests.stages.trying_out import CANDIDATE, PARENT, begin_lineage, draw_trial_job, make_trial


def choice(voter: int, *, candidate: bool, own: bool = False) -> TrialChoice:
    return TrialChoice(voter_id=UserId(voter), for_candidate=candidate, self_vote=own)


def test_a_trial_draws_its_share_and_always_the_same_requests() -> None:
    ids = [RequestId(f"r{number:09}") for number in range(4_000)]
    for share in (0.1, 0.5, 1.0):
        trial = make_trial(share=share)
        chosen = [id_ for id_ in ids if is_selected(trial, id_)]
        assert abs(len(chosen) / len(ids) - share) < 0.03
        assert chosen == [id_ for id_ in ids if is_selected(trial, id_)]
    others = {id_ for id_ in ids if is_selected(make_trial("t000000009", share=0.5), id_)}
    assert others != {id_ for id_ in ids if is_selected(make_trial(share=0.5), id_)}


def test_a_duel_is_decided_after_enough_weight_or_enough_time() -> None:
    weights = {UserId(1): DECISIVE_WEIGHT, UserId(2): 0.4, UserId(3): 0.4}
    one = [choice(1, candidate=True)]
    assert duel_decision(one, weights, 0.01, open_ms=0) is True
    young = [choice(2, candidate=False), choice(3, candidate=False)]
    assert duel_decision(young, weights, 0.01, open_ms=0) is None, "not enough yet"
    assert duel_decision(young, weights, 0.01, open_ms=PATIENCE_MS) is False
    assert duel_decision([*one, *young], weights, 0.01, open_ms=0) is True, "a known member decides"
    tie = [choice(2, candidate=True), choice(3, candidate=False)]
    assert duel_decision(tie, weights, 0.01, open_ms=PATIENCE_MS) is None
    assert duel_decision([], weights, 0.01, open_ms=PATIENCE_MS) is None


def test_strangers_together_do_not_outweigh_a_known_member() -> None:
    weights = {UserId(1): DECISIVE_WEIGHT}
    crowd = [choice(number, candidate=True) for number in range(10, 15)]
    assert duel_decision([choice(1, candidate=False), *crowd], weights, 0.03, open_ms=0) is False


def test_the_choice_of_the_member_who_asked_counts_too() -> None:
    own = [choice(1, candidate=False, own=True)]
    assert duel_decision(own, {UserId(1): DECISIVE_WEIGHT}, 0.01, open_ms=0) is False


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with open_stores(tmp_path) as opened:
        await begin_lineage(opened.db)
        yield opened


@pytest.fixture
def desk(stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LearningDesk:
    async def swap(_card_id: str) -> None:
        raise AssertionError("nothing is promoted here")

    catalogue = Registry(tmp_path / "models")
    put_card(tmp_path / "models", make_card(CANDIDATE))
    shelf = Shelf(catalogue, {PARENT: "embedded"})
    shelf.activate(INFO)

    async def known(_self: Trust, _guild: int, _now_ms: int) -> dict[UserId, float]:
        return {OTHER: 1.0}

    monkeypatch.setattr(Trust, "weights", known)
    return build_desk(
        stores.db, data_dir=tmp_path, licences=LicenceTexts(tmp_path), catalogue=catalogue,
        shelf=shelf, signals=Signals(), swap=swap, clock=lambda: 50_000,
    )  # fmt: skip


async def asked(stores: Stores, desk: LearningDesk, **changes: object) -> bool:
    """Make a member's request; return whether the trial has both models draw it."""
    admitted = replace(make_admitted(make_ask()), **changes)  # pyright: ignore[reportArgumentType]  fields of an Admitted
    request = await stores.queue.enqueue(admitted, AMPLE, 1_000, since_id=SINCE)
    assert isinstance(request, Request)
    await stores.queue.cancel_request(request.id, request.user_id, 1_001)
    return await desk.shadow.enter_request(request, admitted)


async def test_only_public_and_unrestricted_requests_are_drawn_for_a_trial(
    stores: Stores, desk: LearningDesk
) -> None:
    licence = desk.catalogue.card(CANDIDATE).licence.sha256
    assert not await asked(stores, desk), "no trial runs"
    assert isinstance(await desk.trials.begin(make_trial()), Trial)
    assert not await asked(stores, desk), "the licence of the candidate is not accepted"
    await Consent(stores.db).accept(USER, licence, CANDIDATE, 1)
    assert await asked(stores, desk)
    seeds = {json.loads(str(row["draw"]))["seed"] for row in await stores.rows("jobs")}
    assert len(seeds) == 2, "the trial draws from a new seed"
    assert not await asked(stores, desk, ruling=Ruling.HOLD)
    assert not await asked(stores, desk, ruling=Ruling.SPOILER)
    assert not await asked(stores, desk, rating=Rating.EXPLICIT)
    private = replace(make_ask(), private=True)
    assert not await asked(stores, desk, ask=private), "a duel is public"
    elsewhere = make_ask(place=make_place(guild=GUILD + 1))
    assert not await asked(stores, desk, ask=elsewhere), "a trial belongs to one server"


async def _duel(stores: Stores, desk: LearningDesk, number: int, *, candidate: bool) -> None:
    """Have both models draw one request, and OTHER prefer one of the pictures."""
    assert await asked(stores, desk)
    (pair,) = await stores.db.fetch_all(
        "SELECT candidate_job, parent_job, duel_id, candidate_left FROM trial_pairs"
        " WHERE settled = 0"
    )
    for job, card in ((pair["candidate_job"], CANDIDATE), (pair["parent_job"], PARENT)):
        await draw_trial_job(stores, job, card)
    await desk.shadow.poll()
    left = bool(pair["candidate_left"]) is candidate
    voted = await stores.duels.vote(
        pair["duel_id"], OTHER, Choice.LEFT if left else Choice.RIGHT, 60_000 + number
    )
    assert voted is not None
    await desk.shadow.poll()


@pytest.mark.parametrize("better", [True, False])
async def test_a_clear_difference_ends_a_trial_early_either_way(
    stores: Stores,
    desk: LearningDesk,
    better: bool,  # noqa: FBT001  the parameter of the test
) -> None:
    await Consent(stores.db).accept(USER, desk.catalogue.card(CANDIDATE).licence.sha256, "c", 1)
    assert isinstance(await desk.trials.begin(make_trial()), Trial)
    number = 0
    while (trial := await desk.trials.running_trial()) is not None:
        await _duel(stores, desk, number, candidate=better)
        number += 1
        assert number < 30, "the difference is clear long before"
    assert trial is None
    ((ended,), steps) = (await desk.trials.history(), await desk.trials.steps("t000000001"))
    assert ended.outcome is (TrialOutcome.CANDIDATE if better else TrialOutcome.PARENT)
    assert len(steps) == number
    assert {step.win for step in steps} == {better}
    assert as_test(ended, steps).winner == ended.outcome
    assert (
        len(await stores.duels.unshown_results(99))
        + len([d for d in await stores.rows("duels") if d["closed_ms"] is not None and d["told"]])
        == number
    ), "every decided duel is closed"


async def test_a_vote_after_a_duel_is_decided_is_refused(
    stores: Stores, desk: LearningDesk
) -> None:
    await Consent(stores.db).accept(USER, desk.catalogue.card(CANDIDATE).licence.sha256, "c", 1)
    assert isinstance(await desk.trials.begin(make_trial()), Trial)
    await _duel(stores, desk, 0, candidate=True)
    (step,) = await desk.trials.steps("t000000001")
    assert step.win
    assert await stores.duels.vote(step.duel_id, OTHER, Choice.SKIP, 70_000) is None, "closed"


async def test_switching_the_model_ends_the_trial(
    stores: Stores, desk: LearningDesk, tmp_path: Path
) -> None:
    assert isinstance(await desk.trials.begin(make_trial()), Trial)
    shelf = Shelf(desk.catalogue)
    shelf.activate(replace(INFO, card_id="other"))
    other = build_desk(
        stores.db, data_dir=tmp_path, licences=LicenceTexts(tmp_path), catalogue=desk.catalogue,
        shelf=shelf, signals=Signals(), swap=_never, clock=lambda: 60_000,
    )  # fmt: skip
    await other.shadow.poll()
    assert [trial.outcome for trial in await desk.trials.history()] == [TrialOutcome.STOPPED]


async def _never(_card_id: str) -> None:
    raise AssertionError("nothing is promoted here")
