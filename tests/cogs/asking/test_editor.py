"""The form for changing a request holds all of it: filled in and submitted, it is the same."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TypeVar

import pytest

from bot.domain import Ask, Refused, UserId
from bot.policy.asks import make_ask
from bot.typed.options import Typed
from bot.typed.reading import parse_input
from cogs.asking.editor import field_values, read_fields
from cogs.forms import FIELD_CHARS_MAX
from models.contract import Aspect, Limits, Sampler
from tests.stages.factories import make_place
from tests.stages.fake_engine import INFO

_Value = TypeVar("_Value")
#: A model that takes as much as Discord's options hold, and has usual unwanted words.
ROOMY = replace(INFO, limits=Limits(prompt_chars_max=9_000), default_negative="lowres, text")


def request_of(typed: Typed) -> Ask | Refused:
    read = parse_input(typed)
    assert not read.left_out
    ask = make_ask(
        info=ROOMY,
        user_id=UserId(1),
        place=make_place(),
        typed=read.typed,
        fresh_seed=5,
        faults=read.faults,
    )
    assert not isinstance(ask, Refused)
    # The name of a style is looked up elsewhere, and its form with it.
    return replace(ask, draw=replace(ask.draw, style=read.typed.style))


def submitted(typed: Typed) -> Typed:
    """The input after a round through the form."""
    values = field_values(typed)
    assert all(len(value) <= FIELD_CHARS_MAX for value in values.values())
    return read_fields("private" if typed.private else "public", values)


def tags(dice: random.Random, chars: int) -> str:
    """A list of tags of about this length."""
    words, total = list[str](), 0
    while total < chars:
        words.append(" ".join("".join(dice.choices("abcdeé猫", k=5)) for _ in range(2)))
        total += len(words[-1]) + 2
    return ", ".join(words)


@pytest.mark.parametrize("number", range(60))
def test_a_request_is_the_same_after_a_round_through_the_form(number: int) -> None:
    dice = random.Random(number)

    def maybe(value: _Value) -> _Value | None:
        return dice.choice((value, None))

    typed = Typed(
        prompt=tags(dice, dice.choice((5, 300, 3_900, 4_100, 5_500))),
        negative=dice.choice((None, "", "lowres", tags(dice, 3_000), tags(dice, 5_200))),
        without=dice.choice((None, "hat", tags(dice, 500), tags(dice, 800))),
        aspect=maybe(dice.choice(list(Aspect))),
        count=maybe(dice.randint(1, 4)),
        seed=maybe(dice.randrange(2**32)),
        steps=maybe(dice.randint(4, 20)),
        guidance=maybe(round(dice.uniform(1, 9), 3)),
        sampler=maybe(dice.choice(list(Sampler))),
        clip_skip=maybe(2),
        complete=maybe(dice.choice((True, False))),
        style=maybe("raw"),
        preset=maybe("mine"),
        private=maybe(True),
    )
    assert request_of(submitted(typed)) == request_of(typed)
    assert parse_input(submitted(typed)).typed.preset == typed.preset


@pytest.mark.parametrize("chars", [10, 500, 2_000, 3_900])
@pytest.mark.parametrize("negative", [None, "", "lowres"])
def test_a_long_list_of_unwanted_words_is_filled_in_whole(chars: int, negative: str | None) -> None:
    unwanted = tags(random.Random(chars), chars)
    typed = Typed(prompt="1girl", steps=9, negative=negative, without=unwanted)
    assert unwanted in field_values(typed)["more"]
    assert request_of(submitted(typed)) == request_of(typed)
    once = Typed(prompt=f"1girl --steps 9 --no {unwanted}", negative=negative)
    assert request_of(submitted(once)) == request_of(typed)


def test_a_prompt_of_one_endless_word_is_not_cut() -> None:
    typed = Typed(prompt="猫" * 5_000)
    read = parse_input(submitted(typed)).typed.prompt
    assert read.replace("\n", "") == typed.prompt


@pytest.mark.parametrize("option", ["style", "preset"])
def test_a_name_of_several_words_stays_one_name(option: str) -> None:
    typed = Typed(prompt="1girl", **{option: "my  own style"})  # type: ignore[arg-type]
    read = parse_input(submitted(typed)).typed
    assert getattr(read, option) == "my-own-style"
    assert read.prompt == "1girl"
