"""Misspellings that people still understand: one slip of the keyboard in each word.

A seeded generator for the tests of the screening. Most slips keep the first letter, by which people
recognise a word; `joined` adds another common word before or after it.
"""

from __future__ import annotations

import random
from collections.abc import Callable

_Slip = Callable[[str, random.Random], str]
#: Words that `joined` adds before or after a word.
_AFFIXES = ("art", "girl", "pic", "photo", "body", "style", "hot", "big", "cute", "real")
_VOWELS = "aeiou"


def _swap(word: str, dice: random.Random) -> str:
    at = dice.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _drop(word: str, dice: random.Random) -> str:
    at = dice.randrange(1, len(word))
    return word[:at] + word[at + 1 :]


def _double(word: str, dice: random.Random) -> str:
    at = dice.randrange(len(word))
    return word[: at + 1] + word[at:]


def _exchange_vowel(word: str, dice: random.Random) -> str:
    """Exchange one vowel for another."""
    places = [at for at in range(1, len(word)) if word[at] in _VOWELS]
    if not places:
        return word
    at = dice.choice(places)
    return word[:at] + dice.choice(_VOWELS) + word[at + 1 :]


def _join(word: str, dice: random.Random) -> str:
    affix = dice.choice(_AFFIXES)
    return dice.choice((word + affix, affix + word))


#: Functions that misspell a word of five or more ASCII letters, by the name of the slip.
SLIPS: dict[str, _Slip] = {
    "swapped": _swap, "dropped": _drop, "doubled": _double, "exchanged": _exchange_vowel,
    "joined": _join,
}  # fmt: skip


def misspell(word: str, slip: str, dice: random.Random) -> str:
    """Make a slip of this kind in the word, which may leave it unchanged."""
    return SLIPS[slip](word, dice)
