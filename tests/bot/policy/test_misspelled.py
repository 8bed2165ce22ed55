"""Floor terms that are misspelled, or joined to another word, are found."""

from __future__ import annotations

import random

import pytest

from bot.policy.listing import grave_words
from bot.policy.screening import Screen
from bot.policy.sides import detector
from bot.rulebooks import load
from tests.stages.misspelled import SLIPS, misspell

DETECTOR, SCREEN = detector(load()), Screen(load())
#: Letters of the shortest term misspelled here: too many names are a slip of a shorter one.
LETTERS_MIN = 7
COUNT = 250
#: Most of the missed words are other words: `schulen`, `schuler`.
MISSED_MAX = 0.1


def _is_found(word: str) -> bool:
    """Whether the word is found beside a child or beside nudity."""
    plain = SCREEN.findings("child") | SCREEN.findings("nude")
    return any(SCREEN.findings(f"{other}, {word}") - plain for other in ("child", "nude"))


@pytest.mark.parametrize("slip", SLIPS)
def test_a_misspelled_floor_term_is_found(slip: str) -> None:
    dice = random.Random(f"misspelled {slip}")
    terms = (word for word in grave_words(DETECTOR.listed) if word.isascii() and word.isalpha())
    chosen = dice.sample(sorted(word for word in terms if len(word) >= LETTERS_MIN), COUNT)
    made = [misspell(word, slip, dice) for word in chosen]
    strange = [word for word in made if not DETECTOR.is_word(word)]
    missed = [word for word in strange if not _is_found(word)]
    assert len(strange) > COUNT // 2
    assert len(missed) <= MISSED_MAX * len(strange), missed
