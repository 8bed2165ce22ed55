"""Words misspelled so that people still understand them: one slip of the keyboard each.

A seeded generator for the tests of the screening. Most slips keep the first letter, by which people
recognise a word; `joined` joins it to a word that members add to others.
"""

from __future__ import annotations

import random
from collections.abc import Callable

_Slip = Callable[[str, random.Random], str]
#: What is joined to a word, before or after it.
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
    """With one vowel exchanged for another."""
    places = [at for at in range(1, len(word)) if word[at] in _VOWELS]
    if not places:
        return word
    at = dice.choice(places)
    return word[:at] + dice.choice(_VOWELS) + word[at + 1 :]


def _joined(word: str, dice: random.Random) -> str:
    beside = dice.choice(_BESIDE)
    return dice.choice((word + beside, beside + word))


#: How a word of five or more ASCII letters is misspelled, by the name of the slip.
SLIPS: dict[str, _Slip] = {
    "swapped": _swapped, "dropped": _dropped, "doubled": _doubled, "exchanged": _exchanged,
    "joined": _joined,
}  # fmt: skip


def misspelled(word: str, slip: str, dice: random.Random) -> str:
    """The word with a slip of this kind, which may leave it as it is."""
    return SLIPS[slip](word, dice)
