"""Whether a picture may be shown again, and how: its state, the rules of today, and the place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.domain import (
    Finding,
    GuildId,
    JobState,
    Layer,
    Picture,
    Rating,
    RefusalReason,
    Refused,
    RuleId,
    Ruling,
)
from bot.policy.effect import NOTHING, Effect
from bot.policy.layers import Overrides, effective
from bot.policy.screening import Screen, Term
from bot.policy.showing import Shown, may_show
from bot.words import refusals
from tests.stages.factories import CHANNEL, GUILD, make_draw, make_job, make_place
from tests.stages.law import FixedScreen, make_guild
from tests.stages.policies import BOOK, GROWN, NEVER, OPEN, REFUSED

JOB = make_job(state=JobState.DELIVERED)
PICTURE = Picture(
    job_id=JOB.id, user_id=JOB.user_id, guild_id=GUILD, sha256="0" * 64, size_bytes=1, width_px=1,
    height_px=1, card_id="tiny-1", rating=Rating.GENERAL, created_ms=1, spoiler=False,
    removed=False,
)  # fmt: skip
HELD, SPOILER = Effect(ruling=Ruling.HOLD), Effect(ruling=Ruling.SPOILER)


def shown(
    found: Mapping[RuleId, Sequence[str]] | None = None,
    *,
    line: Effect = NOTHING,
    adult: bool = False,
    job: Mapping[str, Any] | None = None,
    picture: Mapping[str, Any] | None = None,
    guild: Mapping[str, Any] | None = None,
) -> Shown | Refused:
    document = {"rules": Overrides(effects={OPEN: line}), **(guild or {})}
    policy = effective(BOOK, make_guild(**document), make_place(adult=adult))
    return may_show(
        replace(JOB, **(job or {})),
        replace(PICTURE, **(picture or {})),
        replace(policy, screen=FixedScreen(found or {})),
    )


def why_not(*args: Any, **more: Any) -> RefusalReason:
    verdict = shown(*args, **more)
    assert isinstance(verdict, Refused)
    assert verdict.text
    assert not verdict.strike, "showing it again is nobody's fault"
    assert not verdict.alert
    assert not verdict.appealable
    return verdict.reason


def test_a_plain_picture_is_shown_without_a_spoiler() -> None:
    assert shown() == Shown(spoiler=False)
    assert shown({OPEN: ["bikini"]}, adult=True) == Shown(spoiler=False)


def test_a_spoiler_comes_from_the_picture_or_from_todays_rules() -> None:
    assert shown(picture={"spoiler": True}) == Shown(spoiler=True)
    assert shown({OPEN: ["bikini"]}, line=SPOILER) == Shown(spoiler=True)


@pytest.mark.parametrize("adult", [False, True])
def test_a_held_or_removed_picture_is_shown_nowhere(*, adult: bool) -> None:
    assert why_not(job={"state": JobState.HELD}, adult=adult) is RefusalReason.HELD
    assert why_not(picture={"removed": True}, adult=adult) is RefusalReason.REMOVED
    assert why_not(job={"fault": "draw"}, adult=adult) is RefusalReason.FAULT
    both = shown(job={"state": JobState.HELD}, picture={"removed": True}, adult=adult)
    assert isinstance(both, Refused)
    assert both.text == refusals.REMOVED


def test_a_picture_that_would_be_held_today_needs_an_approval() -> None:
    """A job whose own words were held was approved, or it would still be held."""
    found = {OPEN: ["bikini"]}
    assert why_not(found, line=HELD) is RefusalReason.HELD
    assert why_not(found, line=HELD, job={"ruling": Ruling.SPOILER}) is RefusalReason.HELD
    assert shown(found, line=HELD, job={"ruling": Ruling.HOLD}) == Shown(spoiler=False)


def test_a_picture_that_would_be_refused_today_is_not_shown() -> None:
    verdict = shown({OPEN: ["bikini"]}, line=REFUSED)
    assert isinstance(verdict, Refused)
    assert (verdict.reason, verdict.rule, verdict.layer, verdict.words) == (
        RefusalReason.SERVER,
        OPEN,
        Layer.SERVER,
        ("bikini",),
    )
    assert "bikini" in verdict.text
    assert why_not({OPEN: ["bikini"]}, line=REFUSED, job={"ruling": Ruling.HOLD}) is (
        RefusalReason.SERVER
    )


def test_the_floor_is_checked_again_and_gives_no_details() -> None:
    for adult in (False, True):
        verdict = shown({NEVER: ["wicked"]}, adult=adult)
        assert isinstance(verdict, Refused)
        assert (verdict.reason, verdict.text) == (RefusalReason.FLOOR, refusals.FORBIDDEN)
        assert why_not({NEVER: ["wicked"]}, adult=adult) is RefusalReason.FLOOR


def test_an_adult_picture_is_shown_only_among_adults() -> None:
    for label in ({"rating": Rating.EXPLICIT}, None):
        found = {GROWN: ["bare"]} if label is None else None
        verdict = shown(found, picture=label)
        assert isinstance(verdict, Refused)
        assert (verdict.reason, verdict.text) == (RefusalReason.AGE, refusals.ADULT)
        assert shown(found, picture=label, adult=True) == Shown(spoiler=False)


def test_both_prompts_are_screened() -> None:
    seen: list[tuple[str, str]] = []

    class Listening(FixedScreen):
        def findings(
            self, prompt: str, negative: str = "", licence: object = ()
        ) -> frozenset[Finding]:
            seen.append((prompt, negative))
            return frozenset()

    policy = replace(effective(BOOK, make_guild(), make_place()), screen=Listening({}))
    assert may_show(JOB, PICTURE, policy) == Shown(spoiler=False)
    assert seen == [(JOB.draw.prompt, JOB.draw.negative)]


def test_a_completion_is_screened_like_a_prompt() -> None:
    screen = Screen(BOOK, [Term(text="dragon")])
    policy = replace(effective(BOOK, make_guild("dragon"), make_place()), screen=screen)
    for completion, expected in (("dragon", Refused), ("hat", Shown)):
        job = replace(JOB, draw=replace(make_draw("smile"), completion=completion))
        assert isinstance(may_show(job, PICTURE, policy), expected)


def test_nothing_is_shown_where_the_bot_is_silent() -> None:
    off = {"channels": {CHANNEL: Overrides(enabled=False)}}
    assert why_not(guild=off) is RefusalReason.CHANNEL
    assert why_not(guild={"paused": True}) is RefusalReason.CHANNEL


def test_an_internal_error_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ({"job_id": "0000000002"}, {"guild_id": GuildId(1)}):
        verdict = shown(picture=wrong)
        assert isinstance(verdict, Refused)
        assert (verdict.reason, verdict.text) == (RefusalReason.FAULT, refusals.UNSURE)
    assert why_not(job={"guild_id": GuildId(1)}) is RefusalReason.FAULT
    both = {"guild_id": GuildId(1)}
    assert why_not(job=both, picture=both) is RefusalReason.FAULT, "both are another server's"

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(FixedScreen, "findings", broken)
    monkeypatch.setattr(Screen, "findings", broken)
    assert why_not() is RefusalReason.FAULT
