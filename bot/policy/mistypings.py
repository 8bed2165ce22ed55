"""Mistypings of the keyboard: a letter that was left out, or one vowel for another.

Called by `respelling`. Pure. It must not know terms. A first letter is no slip: it tells a word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from string import ascii_lowercase

#: A word is told with a slip in it if it has so many letters.
_LETTERS_MIN = 6
_VOWELS = frozenset("aeiou")


class Mistypings:
    """Tells of which words another is a slip; made once for a rulebook."""

    def __init__(self, words: Iterable[str], ordinary: Collection[str] = ()) -> None:
        """`ordinary`: what is as near to one of these is a slip of that."""
        #: By what is left of a word without one of its letters: where that was, and the word.
        self._left: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        self._ordinary = ordinary
        for word in words:
            if len(word) >= _LETTERS_MIN and word.isascii():
                for at in range(1, len(word)):
                    self._left[word[:at] + word[at + 1 :]].append((at, word))

    def meant(self, word: str) -> str | None:
        """The word of which this is a slip; None: of none, or as well of an ordinary one."""
        meant = next(self._meant(word), None)
        if meant is None or any(near in self._ordinary for near in _near(word)):
            return None
        return meant

    def _meant(self, word: str) -> Iterator[str]:
        yield from (meant for _, meant in self._left.get(word, ()))
        for at, letter in enumerate(word):
            if at and letter in _VOWELS:
                others = self._left.get(word[:at] + word[at + 1 :], ())
                yield from (
                    meant for place, meant in others if at == place and meant[at] in _VOWELS
                )


def _near(word: str) -> Iterator[str]:
    """Every word that has one letter more or less, or another one."""
    for at in range(1, len(word) + 1):
        yield word[:at] + word[at + 1 :]
        for letter in ascii_lowercase:
            yield word[:at] + letter + word[at:]
            yield word[:at] + letter + word[at + 1 :]
