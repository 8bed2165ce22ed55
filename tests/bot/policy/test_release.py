"""Release: what happens to a finished picture, by its place, its scores and its words."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bot import rulebooks
from bot.domain import Admitted, Finding, Job, Rating, Ruling
from bot.finished import Held, Released, Withheld
from bot.policy.decide import NUDITY, admit, may_preview, may_stay_preview, release
from bot.policy.effect import Effect
from bot.policy.layers import everywhere
from bot.policy.rulebook import SERVER
from bot.policy.screening import Screen, Term
from bot.words import refusals
from models.contract import ModelInfo, Rendered, Scores
from tests.stages.factories import make_ask, make_draw, make_job, make_place
from tests.stages.fake_engine import INFO
from tests.stages.law import make_guild, make_policy

GROUND = everywhere(rulebooks.load())
BOLD = replace(INFO, can_draw_nudity=True)
RENDERED = Rendered(row_id="0000000001", width_px=1, height_px=2, rgb=b"abc", batch_width=1)
ORDINARY, ADULT = make_job(), make_job(rating=Rating.EXPLICIT)


def released(job: Job, info: ModelInfo = BOLD, **values: float) -> Released | Held | Withheld:
    return release(job, RENDERED, Scores(values=values), info, GROUND)


UNMEASURED = [
    {},
    {"nudity": 0.1},
    {"blank": 0.0},
    {"blank": math.nan, "nudity": 0.0},
    {"blank": 0.0, "nudity": math.nan},
    {"blank": -0.1, "nudity": 0.0},
    {"blank": 1.5, "nudity": 0.0},
    {"blank": 0.0, "nudity": 0.0, "gore": math.inf},
]


@pytest.mark.parametrize("values", UNMEASURED)
def test_an_unmeasured_picture_is_withheld_or_held_among_adults(
    values: dict[str, float],
) -> None:
    assert released(ORDINARY, **values) == Withheld(text=refusals.UNCHECKED)
    held = released(ADULT, **values)
    assert isinstance(held, Held)
    assert (held.why, held.text) == (refusals.UNMEASURED, refusals.AWAITED)
    assert (held.rating, held.scores.values) == (Rating.EXPLICIT, values)
    assert (held.width_px, held.height_px, held.rgb) == (1, 2, b"abc")


def test_an_unscored_picture_is_withheld_or_held_among_adults() -> None:
    assert release(ORDINARY, RENDERED, None, BOLD, GROUND) == Withheld(text=refusals.UNCHECKED)
    held = release(ADULT, RENDERED, None, BOLD, GROUND)
    assert isinstance(held, Held)
    assert held.scores == Scores()


def test_a_model_that_draws_no_nudity_needs_no_nudity_score() -> None:
    assert isinstance(released(ORDINARY, INFO, blank=0.0), Released)
    assert isinstance(released(ORDINARY, INFO, blank=0.0, nudity=0.9), Withheld), "any score counts"


def test_an_empty_picture_is_withheld_in_every_place() -> None:
    for job in (ORDINARY, ADULT):
        assert released(job, blank=0.9, nudity=0.0) == Withheld(text=refusals.EMPTY)
        assert isinstance(released(job, blank=math.nextafter(0.5, 0), nudity=0.0), Released)
        assert isinstance(released(job, blank=0.5, nudity=0.0), Withheld)


def ruling_of(verdict: Released | Held | Withheld) -> Ruling:
    match verdict:
        case Released(spoiler=spoiler):
            return Ruling.SPOILER if spoiler else Ruling.ALLOW
        case Held():
            return Ruling.HOLD
        case Withheld():
            return Ruling.REFUSE


def test_a_score_spoilers_holds_or_withholds_in_an_ordinary_channel() -> None:
    assert [ruling for _, ruling in NUDITY[Rating.GENERAL]] == [
        Ruling.REFUSE,
        Ruling.HOLD,
        Ruling.SPOILER,
    ]
    below = Ruling.ALLOW
    for threshold, ruling in reversed(NUDITY[Rating.GENERAL]):
        under = released(ORDINARY, blank=0.0, nudity=math.nextafter(threshold, 0))
        assert ruling_of(under) is below
        at = released(ORDINARY, blank=0.0, nudity=threshold)
        assert ruling_of(at) is ruling
        assert getattr(at, "rating", Rating.GENERAL) is Rating.GENERAL
        below = ruling
    assert released(ORDINARY, blank=0.0, nudity=1.0) == Withheld(text=refusals.REVEALING)
    held = released(ORDINARY, blank=0.0, nudity=0.6)
    assert isinstance(held, Held)
    assert (held.job, held.scores.values) == (ORDINARY, {"blank": 0.0, "nudity": 0.6})
    assert held.why == refusals.SCORED


def test_no_nudity_score_holds_a_picture_back_among_adults() -> None:
    spoiler_from = NUDITY[Rating.GENERAL][-1][0]
    for nudity, rating in (
        (1.0, Rating.EXPLICIT),
        (spoiler_from, Rating.EXPLICIT),
        (math.nextafter(spoiler_from, 0), Rating.GENERAL),
    ):
        verdict = released(ADULT, blank=0.0, nudity=nudity)
        assert ruling_of(verdict) is Ruling.ALLOW
        assert isinstance(verdict, Released)
        assert verdict.rating is rating


@pytest.mark.parametrize("ruling", [Ruling.ALLOW, Ruling.SPOILER, Ruling.HOLD])
@pytest.mark.parametrize("nudity", [0.0, 0.4, 0.6, 0.9])
def test_the_stricter_of_the_prompts_ruling_and_the_score_wins(
    ruling: Ruling, nudity: float
) -> None:
    alone = ruling_of(released(ORDINARY, blank=0.0, nudity=nudity))
    both = released(replace(ORDINARY, ruling=ruling), blank=0.0, nudity=nudity)
    assert ruling_of(both) is max(alone, ruling)
    if isinstance(both, Held):
        asked, seen = ruling is Ruling.HOLD, alone is Ruling.HOLD
        assert both.why == " ".join([refusals.ASKED_FOR] * asked + [refusals.SCORED] * seen)


def test_a_clean_picture_is_released_unchanged() -> None:
    clean = released(ORDINARY, blank=0.0, nudity=0.1)
    assert clean == Released(
        job=ORDINARY,
        width_px=1,
        height_px=2,
        rgb=b"abc",
        scores=Scores(values={"blank": 0.0, "nudity": 0.1}),
        rating=Rating.GENERAL,
        spoiler=False,
    )


def test_a_picture_of_a_plain_prompt_is_rated_by_its_score() -> None:
    """A nude picture of a plain prompt is shown in adult places and withheld elsewhere."""
    for place, nude_is, adult in (
        (make_place(), Withheld, False),
        (make_place(adult=True), Released, True),
    ):
        admitted = admit(make_ask("1girl, beach", place=place), make_policy(place=place))
        assert isinstance(admitted, Admitted)
        assert (admitted.rating is Rating.EXPLICIT) is adult
        job = make_job(prompt="1girl, beach", rating=admitted.rating)
        nude = released(job, blank=0.0, nudity=0.9)
        assert isinstance(nude, nude_is)
        assert getattr(nude, "rating", Rating.EXPLICIT) is Rating.EXPLICIT
        clean = released(job, blank=0.0, nudity=0.1)
        assert isinstance(clean, Released)
        assert clean.rating is Rating.GENERAL, "it may be shown again in any channel"


def test_a_picture_of_an_adult_prompt_is_adult_whatever_its_score() -> None:
    for prompt, negative in (("1girl, nude", ""), ("1girl", "(nude:-1)")):
        job = replace(ADULT, draw=make_draw(prompt, negative=negative))
        shown = released(job, blank=0.0, nudity=0.0)
        assert isinstance(shown, Released)
        assert shown.rating is Rating.EXPLICIT
        below = released(replace(job, rating=Rating.GENERAL), blank=0.0, nudity=0.0)
        assert below == Withheld(text=refusals.ADULT), "the words became adult ones in the meantime"


@pytest.mark.parametrize("job", [ORDINARY, ADULT])
def test_the_floor_is_checked_again_before_release(job: Job) -> None:
    worse = replace(job, draw=make_draw("loli"))
    assert released(worse, blank=0.0, nudity=0.0) == Withheld(text=refusals.FORBIDDEN)


@pytest.mark.parametrize("job", [ORDINARY, ADULT])
def test_an_internal_error_withholds_in_every_place(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Screen, "findings", broken)
    assert released(job, blank=0.0, nudity=0.0) == Withheld(text=refusals.UNCHECKED)


def test_a_preview_is_shown_only_if_no_score_could_hold_the_picture_back() -> None:
    assert may_preview(ORDINARY, INFO)
    assert not may_preview(ORDINARY, BOLD)
    assert may_preview(ADULT, BOLD)
    for ruling in (Ruling.SPOILER, Ruling.HOLD):
        assert not may_preview(replace(ADULT, ruling=ruling), INFO)


def test_an_adult_preview_needs_a_place_that_is_still_adult() -> None:
    assert may_stay_preview(ORDINARY, make_policy())
    assert may_stay_preview(ADULT, make_policy(place=make_place(adult=True)))
    assert not may_stay_preview(ADULT, make_policy())


def test_a_preview_ends_when_its_server_blocks_holds_or_pauses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    word = ORDINARY.draw.prompt.split(",")[0]
    held = Term(text=word, effect=Effect(ruling=Ruling.HOLD))
    for guild in (make_guild(word), make_guild(held), make_guild(paused=True)):
        assert not may_stay_preview(ORDINARY, make_policy(guild))
    excused = replace(ORDINARY, excused=frozenset({Finding(rule=SERVER)}))
    assert may_stay_preview(excused, make_policy(make_guild(word)))

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Screen, "findings", broken)
    assert not may_stay_preview(ORDINARY, make_policy())


def test_a_completion_is_screened_like_a_prompt() -> None:
    """At release and before a preview: everything that the model read is screened."""
    plain = replace(make_job(), draw=replace(make_draw("smile"), completion="dragon"))
    policy = replace(make_policy(), screen=Screen(GROUND.rulebook, [Term(text="dragon")]))
    ground = replace(GROUND, screen=policy.screen)
    fine = Scores(values={"blank": 0.0, "nudity": 0.0})
    assert isinstance(release(plain, RENDERED, fine, BOLD, ground), Withheld)
    assert not may_stay_preview(plain, policy)
    open_to = replace(plain, draw=replace(plain.draw, completion="hat"))
    assert isinstance(release(open_to, RENDERED, fine, BOLD, ground), Released)
    assert may_stay_preview(open_to, policy)
