"""Completions suit the place, and never get a member's prompt refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.domain import Ask, Finding, RequestKind, RuleId, Ruling
from bot.policy.effect import Effect
from bot.policy.filling import surprise, with_completions
from bot.policy.layers import EffectivePolicy, Overrides, effective
from bot.policy.screening import Screen
from models.catalogue.tags import filling
from models.contract import SEED_COUNT
from tests.stages.factories import make_ask, make_place
from tests.stages.law import FixedScreen, make_guild, make_policy
from tests.stages.policies import BOOK, OPEN
from tests.stages.words import embedded_glossary

WORDS = embedded_glossary()
EASY = make_policy()


class Looks(FixedScreen):
    """A screen that finds one rule's words in some texts."""

    def __init__(self, rule: RuleId, found: Callable[[str], bool]) -> None:
        super().__init__({rule: ["x"]})
        self._looks = found

    def findings(self, prompt: str, negative: str = "", licence: object = ()) -> frozenset[Finding]:
        return super().findings(prompt, negative) if self._looks(prompt) else frozenset()


def where(found: Callable[[str], bool], ruling: Ruling = Ruling.REFUSE) -> EffectivePolicy:
    """A place in which these texts get this ruling."""
    guild = make_guild(rules=Overrides(effects={OPEN: Effect(ruling=ruling)}))
    screen: Screen = Looks(OPEN, found)
    return replace(effective(BOOK, guild, make_place()), screen=screen)


def open_ask(prompt: str = "waifu", **more: Any) -> Ask:
    """An ask that lets the bot complete its prompt."""
    ask = make_ask(prompt, negative=more.pop("negative", ""), **more)
    return replace(ask, draw=replace(ask.draw, completion=""))


def filled_in(seed: int, policy: EffectivePolicy) -> str:
    completions = with_completions(open_ask(seed=seed), WORDS, policy).completions
    assert completions is not None
    return completions[0]


def test_nothing_is_filled_in_if_a_member_wants_only_their_words() -> None:
    ask = replace(make_ask("waifu"), completions=("smile",))
    assert with_completions(ask, WORDS, EASY) == replace(ask, completions=None)


@pytest.mark.parametrize("kind", [RequestKind.AGAIN, RequestKind.TRIAL])
def test_a_repeated_picture_keeps_its_completion(kind: RequestKind) -> None:
    ask = make_ask("waifu", count=2, kind=kind)
    ask = replace(ask, draw=replace(ask.draw, completion="red eyes"))
    assert with_completions(ask, WORDS, EASY) == replace(ask, completions=("red eyes", "red eyes"))


def variation(strength: float) -> Ask:
    ask = open_ask(kind=RequestKind.VARY, seed=5)
    return replace(ask, draw=replace(ask.draw, completion="red eyes", strength=strength))


def test_a_near_variation_keeps_its_completion_and_a_far_one_does_not() -> None:
    anew = (filling.completion("waifu", WORDS, 5),)
    assert with_completions(variation(0.5), WORDS, EASY).completions == ("red eyes",)
    assert with_completions(variation(0.6), WORDS, EASY).completions == anew != ("red eyes",)


def test_a_completion_is_replaced_in_a_place_that_refuses_it() -> None:
    """The picture may come from an age-restricted channel, and the bot chose the words."""
    policy = where(lambda text: "red eyes" in text)
    (found,) = with_completions(variation(0.5), WORDS, policy).completions or ("",)
    assert found
    assert "red eyes" not in found


def test_each_completion_comes_from_its_seed_and_avoids_the_negative() -> None:
    ask = open_ask(count=3, seed=5, negative="smile, blue hair")
    filled = with_completions(ask, WORDS, EASY)
    assert filled == replace(
        ask,
        completions=tuple(
            filling.completion("waifu", WORDS, seed, negative="smile, blue hair")
            for seed in (5, 6, 7)
        ),
    )
    assert all(filled.completions or ())


def test_tags_that_a_place_refuses_or_holds_are_not_filled_in() -> None:
    """For both rulings: refused there, and held there."""
    for ruling in (Ruling.REFUSE, Ruling.HOLD):
        policy = where(lambda text: text == "long hair", ruling)
        for seed in range(12):
            found = filled_in(seed, policy)
            assert found
            assert "long hair" not in found.split(", ")
    assert any("long hair" in filled_in(seed, EASY) for seed in range(12))


def test_tags_are_screened_once_per_policy_and_prompts_every_time() -> None:
    seen: list[str] = []
    place, other = (where(lambda text: seen.append(text) or False) for _ in range(2))
    filled_in(5, place)
    words, tags = ([text for text in seen if ("waifu" in text) is own] for own in (True, False))
    assert tags
    assert len(tags) == len({*tags})
    seen.clear()
    filled_in(5, place)
    assert seen == words
    seen.clear()
    filled_in(5, other)
    assert sorted(seen) == sorted(tags + words)


def test_nothing_is_filled_in_if_policy_fails() -> None:
    def broken(_: str) -> bool:
        raise RuntimeError

    assert with_completions(open_ask(), WORDS, where(broken)).completions == ("",)


def test_words_that_are_refused_only_together_are_not_combined() -> None:
    together = where(lambda text: "waifu" in text and "," in text)
    assert with_completions(open_ask(), WORDS, together).completions == ("",)


def test_a_prompt_that_is_held_anyway_still_gets_a_completion() -> None:
    held = where(lambda text: "waifu" in text, Ruling.HOLD)
    assert with_completions(open_ask(), WORDS, held).completions != ("",)


def test_a_surprise_is_a_prompt_that_the_place_allows() -> None:
    first, second = (filling.surprise(WORDS, 3 + number * SEED_COUNT) for number in range(2))
    assert surprise(WORDS, 3, EASY) == first != second
    assert surprise(WORDS, 3, where(lambda text: text == first)) == second
    assert surprise(WORDS, 3, where(lambda text: text == first, Ruling.HOLD)) == second
    without = surprise(WORDS, 3, where(lambda text: text == first.split(", ")[0]))
    assert without
    assert first.split(", ")[0] not in without.split(", ")


def test_there_is_no_surprise_if_the_place_allows_nothing() -> None:
    assert surprise(WORDS, 3, where(lambda text: "," in text)) == ""
    assert surprise(WORDS, 3, where(bool)) == ""
