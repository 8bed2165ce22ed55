"""Words as somebody misspells them to be understood all the same: one slip of the keyboard each.

A seeded generator for the tests of the screening. Most slips leave the first letter, which tells a
word; `joined` runs it together with a word that members add to any.
"""

from __future__ import annotations

import random
from collections.abc import Callable

_Slip = Callable[[str, random.Random], str]
#: What is run together with a word, before it or behind.
_BESIDE = ("art", "girl", "pic", "photo", "body", "style", "hot", "big", "cute", "real")
_VOWELS = "aeiou"


def _swapped(word: str, dice: random.Random) -> str:
    at = dice.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _dropped(word: str, dice: random.Random) -> str:
    at = dice.randrange(1, len(word))
    return word[:at] + word[at + 1 :]


def _doubled(word: str, dice: random.Random) -> str:
    at = dice.randrange(len(word))
    return word[: at + 1] + word[at:]


def _exchanged(word: str, dice: random.Random) -> str:
    """With one vowel for another."""
    places = [at for at in range(1, len(word)) if word[at] in _VOWELS]
    if not places:
        return word
    at = dice.choice(places)
    return word[:at] + dice.choice(_VOWELS) + word[at + 1 :]


def _joined(word: str, dice: random.Random) -> str:
    beside = dice.choice(_BESIDE)
    return dice.choice((word + beside, beside + word))


#: How a word of ASCII with five letters or more is misspelled, by what the slip is called.
SLIPS: dict[str, _Slip] = {
    "swapped": _swapped, "dropped": _dropped, "doubled": _doubled, "exchanged": _exchanged,
    "joined": _joined,
}  # fmt: skip


def misspelled(word: str, slip: str, dice: random.Random) -> str:
    """The word with a slip of this kind: one vowel for another may be the same."""
    return SLIPS[slip](word, dice)
