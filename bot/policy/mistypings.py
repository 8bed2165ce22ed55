"""Mistypings of the keyboard: a letter that was left out, or one vowel for another.

Called by `respelling`. Pure. It must not know terms. A first letter is no slip: it tells a word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from string import ascii_lowercase

#: A word is told with a slip in it if it has so many letters.
_LETTERS_MIN = 6
_VOWELS = "aeiou"


class Mistypings:
    """Tells of which words another is a slip; made once for a rulebook."""

    def __init__(self, words: Iterable[str], ordinary: Collection[str] = ()) -> None:
        """`ordinary`: what is as near to one of these is a slip of that."""
        self._words = {w for w in words if len(w) >= _LETTERS_MIN and w.isascii()}
        self._ordinary = ordinary
        #: What is left of a word without one of its letters: most words are told by that.
        self._shortened = {w[:at] + w[at + 1 :] for w in self._words for at in range(1, len(w))}

    def intended(self, word: str) -> str | None:
        """The word of which this is a slip; None: of none, or as well of an ordinary one."""
        meant = next(filter(self._words.__contains__, self._candidates(word)), None)
        if meant is None or any(near in self._ordinary for near in _neighbours(word)):
            return None
        return meant

    def _candidates(self, word: str) -> Iterator[str]:
        """What a word may be a slip of."""
        if word in self._shortened:
            for at in range(1, len(word) + 1):
                yield from (word[:at] + letter + word[at:] for letter in ascii_lowercase)
        for at, letter in enumerate(word):
            if at and letter in _VOWELS and word[:at] + word[at + 1 :] in self._shortened:
                yield from (word[:at] + vowel + word[at + 1 :] for vowel in _VOWELS)


def _neighbours(word: str) -> Iterator[str]:
    """Every word that has one letter more or less, or another one."""
    for at in range(1, len(word) + 1):
        yield word[:at] + word[at + 1 :]
        for letter in ascii_lowercase:
            yield word[:at] + letter + word[at:]
            yield word[:at] + letter + word[at + 1 :]
