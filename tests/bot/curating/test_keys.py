"""Pseudonyms of people and keys of prompts: they are keyed and never change."""

from __future__ import annotations

from dataclasses import replace

from bot.curating.keys import HELD_OUT, prompt_key, pseudonym, split_of
from bot.domain import UserId
from models.manifest import Split
from tests.stages.factories import make_draw

KEY, OTHERS = b"k" * 32, b"o" * 32


def test_a_voter_has_another_pseudonym_in_each_installation() -> None:
    first, second = UserId(700_000_000_000_000_001), UserId(700_000_000_000_000_002)
    assert pseudonym(KEY, first) == pseudonym(KEY, first)
    assert len({pseudonym(KEY, first), pseudonym(KEY, second), pseudonym(OTHERS, first)}) == 3


def test_prompts_that_the_text_encoder_reads_alike_share_a_key() -> None:
    draw = make_draw("1girl, blue hair", negative="lowres")
    same = make_draw("1Girl ,blue   hair,", negative="Lowres", seed=9)
    assert prompt_key(KEY, draw) == prompt_key(KEY, same)
    others = [
        prompt_key(OTHERS, draw),
        prompt_key(KEY, make_draw("1girl, red hair", negative="lowres")),
        prompt_key(KEY, make_draw("1girl, blue hair", negative="")),
        prompt_key(KEY, replace(draw, width_px=16)),
    ]
    assert len({prompt_key(KEY, draw), *others}) == 5


def test_a_pseudonym_and_a_prompt_key_of_one_text_differ() -> None:
    assert pseudonym(KEY, UserId(5))[1:] not in prompt_key(KEY, make_draw("5", negative=""))


def test_the_split_of_a_prompt_never_changes() -> None:
    """Frozen: another split would train a model on the prompts that test it."""
    prompts = [f"1girl, {number}" for number in range(12)]
    held_out = [n for n, p in enumerate(prompts) if split_of(KEY, p) is Split.HELD_OUT]
    assert held_out == [0, 1, 2, 6, 7, 10, 11]
    others = [n for n, p in enumerate(prompts) if split_of(OTHERS, p) is Split.HELD_OUT]
    assert others != held_out


def test_the_same_words_are_always_in_one_split() -> None:
    for number in range(200):
        prompt = f"1girl, {number}"
        assert split_of(KEY, prompt) is split_of(KEY, prompt.upper().replace(", ", ",  "))


def test_a_third_of_all_prompts_is_held_out() -> None:
    held_out = sum(split_of(KEY, str(number)) is Split.HELD_OUT for number in range(10_000))
    assert abs(held_out / 10_000 - HELD_OUT) < 0.015
