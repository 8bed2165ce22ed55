"""Judging words, asks and appeals: whatever is in doubt is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.domain import (
    Admitted,
    Ask,
    ChannelId,
    Finding,
    Layer,
    RefusalReason,
    Refused,
    RequestKind,
    RuleId,
    Ruling,
)
from bot.policy.decide import admit, for_trial, may_offer, ruling_on, uphold, weigh
from bot.policy.effect import NOTHING, Effect
from bot.policy.layers import EffectivePolicy, Ground, Overrides, effective
from bot.policy.rulebook import SERVER
from bot.policy.screening import Term
from bot.policy.showing import may_be_learned_from
from bot.words import refusals
from tests.stages.factories import CHANNEL, make_ask, make_place
from tests.stages.law import FixedScreen, make_guild, make_policy
from tests.stages.policies import BOOK, GROWN, LAWFUL, NEVER, OPEN, REFUSED

SPOILER, HOLD = Effect(ruling=Ruling.SPOILER), Effect(ruling=Ruling.HOLD)
BLOCKED = "purple wyvern"
HALL = ChannelId(77)


def finding(
    found: Mapping[RuleId, Sequence[str]], *, adult: bool = False, **document: Any
) -> EffectivePolicy:
    """A policy in which these are found in every prompt."""
    policy = effective(BOOK, make_guild(**document), make_place(adult=adult))
    return replace(policy, screen=FixedScreen(found))


def open_is(effect: Effect) -> Overrides:
    return Overrides(effects={OPEN: effect})


def ask_for(policy: EffectivePolicy, **more: Any) -> Ask:
    return replace(make_ask(place=policy.place), **more)


class Broken(FixedScreen):
    """A screen with a bug."""

    def __init__(self) -> None:
        super().__init__({})

    def findings(self, prompt: str, negative: str = "", licence: object = ()) -> frozenset[Finding]:
        raise LookupError(prompt, negative)


class Doubtful:
    """A stand-in for an ask that fails as soon as it is read."""

    @property
    def precedent(self) -> Ruling:
        raise LookupError


# What is proposed, and what may be learned from.


def test_a_prompt_that_would_be_refused_is_never_offered() -> None:
    policy = make_policy(make_guild(BLOCKED))
    assert ruling_on("1girl", "", policy) is Ruling.ALLOW
    assert may_offer("1girl", policy)
    for prompt in (BLOCKED, "loli"):
        assert ruling_on(prompt, "", policy) is Ruling.REFUSE
        assert not may_offer(prompt, policy)


def test_the_negative_prompt_is_judged_too() -> None:
    """A negative prompt of `clothes` asks for nudity."""
    policy = make_policy()
    assert ruling_on("1girl", "clothes", policy) is Ruling.REFUSE
    assert ruling_on("1girl", "lowres", policy) is Ruling.ALLOW


def test_adult_content_is_offered_only_in_adult_places() -> None:
    assert ruling_on("", "", finding({GROWN: ["x"]})) is Ruling.REFUSE
    assert ruling_on("", "", finding({GROWN: ["x"]}, adult=True)) is Ruling.ALLOW
    assert not may_offer("", finding({GROWN: ["x"]}))


@pytest.mark.parametrize("effect", [NOTHING, SPOILER, HOLD])
def test_a_prompt_that_would_be_spoilered_or_held_may_be_offered(effect: Effect) -> None:
    policy = finding({OPEN: ["x"]}, rules=open_is(effect))
    assert ruling_on("", "", policy) is effect.ruling
    assert may_offer("", policy)


def test_nothing_is_offered_where_the_bot_is_switched_off() -> None:
    assert ruling_on("1girl", "", finding({}, paused=True)) is Ruling.REFUSE
    assert not may_offer("1girl", finding({}, rules=Overrides(enabled=False)))


def test_an_error_in_judging_means_refused_and_not_learned_from() -> None:
    broken = replace(finding({}), screen=Broken())
    assert ruling_on("1girl", "", broken) is Ruling.REFUSE
    assert not may_offer("1girl", broken)
    assert not may_be_learned_from("1girl", "", broken)


def test_floor_content_in_either_prompt_is_not_learned_from() -> None:
    ground: Ground = make_policy()
    assert may_be_learned_from("1girl, blue hair", "lowres", ground)
    assert not may_be_learned_from("loli", "", ground)
    assert not may_be_learned_from("nude", "adult", ground), "the opposite is asked for"
    assert may_be_learned_from("nude", "", ground), "adult content may be learned from"


# Why an admitted picture is spoilered or held.


def test_an_admitted_ask_names_the_deciding_rules_and_their_layer() -> None:
    spoiled = Overrides(effects={OPEN: SPOILER, SERVER: NOTHING})
    both = {OPEN: ["x"], SERVER: ["a", "b"]}
    terms = Term(text="a", effect=SPOILER), Term(text="b", effect=HOLD)
    admitted = admit(ask_for(policy := finding(both, rules=spoiled, blocked=terms)), policy)
    assert isinstance(admitted, Admitted)
    assert (admitted.ruling, admitted.rules, admitted.layer) == (
        Ruling.SPOILER, (OPEN,), Layer.SERVER,
    )  # fmt: skip


def test_an_ask_shown_freely_names_no_rule() -> None:
    policy = finding({OPEN: ["x"]})
    admitted = admit(ask_for(policy), policy)
    assert isinstance(admitted, Admitted)
    assert (admitted.ruling, admitted.rules, admitted.layer) == (Ruling.ALLOW, (), None)


def test_the_strictest_layers_rule_is_named_first() -> None:
    """The floor's before the licence's, and both before those of a server."""
    found = {SERVER: ["a"], OPEN: ["x"], LAWFUL: ["y"], NEVER: ["z"]}
    policy = finding(found, rules=open_is(REFUSED), blocked=(Term(text="a", effect=REFUSED),))
    weighed = weigh(policy, "", "")
    assert weighed.deciding_rules(policy) == (NEVER, LAWFUL, OPEN, SERVER)
    refused = admit(ask_for(policy), policy)
    assert isinstance(refused, Refused)
    assert (refused.rule, refused.layer, refused.words) == (NEVER, Layer.FLOOR, ("z",))
    assert not refused.appealable
    assert refused.found == ()


def test_a_refusal_lists_everything_the_server_refuses() -> None:
    found = {SERVER: ["a"], OPEN: ["x", "y"]}
    policy = finding(found, rules=open_is(REFUSED), blocked=(Term(text="a", effect=REFUSED),))
    refused = admit(ask_for(policy), policy)
    assert isinstance(refused, Refused)
    assert [f.rule for f in refused.found] == [refused.rule, *({OPEN, SERVER} - {refused.rule})]
    assert {f.rule: f.words for f in refused.found} == {OPEN: ("x", "y"), SERVER: ("a",)}
    assert refused.appealable
    assert refused.text.endswith(refusals.also([("Blocked words of this server", ("a",))]))


def test_a_refusal_for_blocked_words_also_names_the_other_rules() -> None:
    """A channel's rule comes after the server's words."""
    found = {SERVER: ["a"], OPEN: ["x"]}
    policy = finding(
        found, channels={CHANNEL: open_is(REFUSED)}, blocked=(Term(text="a", effect=REFUSED),)
    )
    refused = admit(ask_for(policy), policy)
    assert isinstance(refused, Refused)
    assert (refused.rule, refused.layer) == (SERVER, Layer.SERVER)
    assert refused.text.endswith(refusals.also([("Title of open", ("x",))]))


# What moderators decided about the same draw before.


def test_a_draw_that_moderators_held_before_is_held_again() -> None:
    policy = finding({})
    admitted = admit(ask_for(policy, precedent=Ruling.HOLD), policy)
    assert isinstance(admitted, Admitted)
    assert (admitted.ruling, admitted.rules, admitted.layer) == (Ruling.HOLD, (), Layer.SERVER)


def test_a_rule_keeps_its_layer_beside_an_earlier_decision() -> None:
    category = {HALL: open_is(SPOILER)}
    place = replace(make_place(), category_id=HALL)
    policy = replace(
        effective(BOOK, make_guild(categories=category), place), screen=FixedScreen({OPEN: ["x"]})
    )
    admitted = admit(ask_for(policy, precedent=Ruling.HOLD), policy)
    assert isinstance(admitted, Admitted)
    assert (admitted.ruling, admitted.layer) == (Ruling.HOLD, Layer.CATEGORY)


def test_an_appeal_lifts_an_earlier_removal_but_not_a_hold() -> None:
    policy = finding({OPEN: ["x"]}, rules=open_is(REFUSED))
    appealed = [Finding(rule=OPEN, words=("x",))]
    removed = uphold(ask_for(policy, precedent=Ruling.REFUSE), policy, appealed)
    assert isinstance(removed, Admitted)
    assert removed.ruling is Ruling.ALLOW
    assert removed.ask.precedent is None, "the removal does not count when it is asked again"
    held = uphold(ask_for(policy, precedent=Ruling.HOLD), policy, appealed)
    assert isinstance(held, Admitted)
    assert (held.ruling, held.ask.precedent) == (Ruling.HOLD, Ruling.HOLD)


def test_an_internal_error_in_an_appeal_is_a_refusal() -> None:
    doubtful: Any = Doubtful()
    assert uphold(doubtful, finding({}), []) == Refused(
        reason=RefusalReason.FAULT, text=refusals.FAULT
    )


# A blind test of two models.


@pytest.mark.parametrize("filled", [None, ("smile", "frown", "yawn")])
def test_a_trial_draws_the_same_words_twice_from_another_seed(
    filled: tuple[str, ...] | None,
) -> None:
    policy = finding({OPEN: ["x"]}, rules=open_is(HOLD))
    admitted = admit(ask_for(policy, count=3, completions=filled), policy)
    assert isinstance(admitted, Admitted)
    trial = for_trial(admitted, 99)
    first = None if filled is None else (filled[0], filled[0])
    assert trial == replace(
        admitted,
        ask=replace(
            admitted.ask,
            draw=replace(admitted.ask.draw, seed=99),
            count=2,
            kind=RequestKind.TRIAL,
            completions=first,
        ),
    )
    assert trial.ruling is Ruling.HOLD, "the ruling of the policy still holds"
