"""Recognises words of terms that are everyday words of the text's own language.

Called by `sides`. Pure. Which words they are, and which little words identify a language, is data
of the rulebook. Must not know rules. A text counts as a language's if it has several of its little
words, and more than of any other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

#: The fewest different little words that identify a language: one may be chance, or a trick.
_SIGNS_MIN = 2
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """A language: see `lexicon/homographs.toml`."""

    words: tuple[str, ...]
    signs: tuple[str, ...]


class Homographs:
    """Finds words that mean something else in a text; made once for a rulebook."""

    def __init__(self, tongues: Mapping[str, Tongue]) -> None:
        self._tongues = [(frozenset(t.words), frozenset(t.signs)) for t in tongues.values()]
        #: Every such word, of any language.
        self.words = _NONE.union(*(words for words, _ in self._tongues))

    def find(self, text: Collection[str]) -> frozenset[str]:
        """The words of a text that mean something else in its language."""
        if self.words.isdisjoint(text):
            return _NONE
        said = frozenset(text)
        signs = [len(signs & said) for _, signs in self._tongues]
        most = max(signs)
        if most < _SIGNS_MIN or signs.count(most) > 1:
            return _NONE
        return self._tongues[signs.index(most)][0] & said
