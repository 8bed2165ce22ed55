"""Mistypings of the keyboard: a letter that was left out, or one vowel for another.

Called by `respelling`. Pure. It must not know terms. The first letter is never a slip: words are
recognised by it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from string import ascii_lowercase

#: The fewest letters of a word that is recognised with a slip in it.
_LETTERS_MIN = 6
_VOWELS = "aeiou"


class Mistypings:
    """Finds the word that a mistyped one was meant to be; made once for a rulebook."""

    def __init__(self, words: Iterable[str], ordinary: Collection[str] = ()) -> None:
        """`ordinary`: what is as near to one of these is a slip of that."""
        self._words = {w for w in words if len(w) >= _LETTERS_MIN and w.isascii()}
        self._ordinary = ordinary
        #: Each word without one of its letters: a cheap test that rules out most words.
        self._shortened = {w[:at] + w[at + 1 :] for w in self._words for at in range(1, len(w))}

    def intended(self, word: str) -> str | None:
        """The word that was meant; None if there is none, or an ordinary word is as near."""
        meant = next(filter(self._words.__contains__, self._candidates(word)), None)
        if meant is None or any(near in self._ordinary for near in _neighbours(word)):
            return None
        return meant

    def _candidates(self, word: str) -> Iterator[str]:
        """What a mistyped word may have been meant to be."""
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
