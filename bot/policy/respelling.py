"""Words that are a term but for a slip, or for a letter that looks like another.

Called by `sides`, for words that are in no list. Pure. It must not know rules. Only what becomes a
word of a term is read: `nvde`, `naekd`, and `IoIi`, in which a capital I is an l. What of the terms
that matter most is nothing but a word that is in a list decides, and not how it looks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from itertools import combinations

from bot.policy.expressions import Span
from bot.policy.inflection import never_a_form
from bot.policy.mistypings import Mistypings
from bot.policy.reading import IsWord, Reading
from bot.policy.spoken import Spoken
from bot.policy.windows import windows

#: Letters that look alike: for each of these another is meant.
_TWINS = {"i": "l", "v": "u"}
#: The fewest letters of a word with a twin in it, and of one with two letters exchanged.
_TWIN_MIN, _EXCHANGED_MIN = 4, 5
#: The most twins in a word that are tried in every combination.
_TWINS_MAX = 4
_REMEMBERED = 4096


class Respelling:
    """Reads words as they were meant; made once for a rulebook."""

    def __init__(
        self,
        listed: Collection[str],
        is_form: IsWord = never_a_form,
        grave: Collection[str] = (),
        ordinary: Collection[str] = (),
    ) -> None:
        """`listed` are the words of terms; `is_form`: a word is one of its own.

        `grave`: those for which no word passes as a form, and that are recognised with a slip,
        unless a word of `ordinary` is as near.
        """
        self._listed, self._is_form, self._grave = listed, is_form, grave
        self._slips = Mistypings(grave, ordinary)
        self.intended = lru_cache(maxsize=_REMEMBERED)(self._find_intended)

    def readings(self, line: Spoken, strange: Collection[str]) -> Iterator[Reading]:
        """The parts of the line that contain such words, with these as they were meant."""
        meant = {word: term for word in strange if (term := self.intended(word))}
        if not meant:
            return
        spans = [line.span(at) for at, word in enumerate(line.words) if word in meant]
        text = list(line.text)
        for start, end in spans:
            text[start:end] = _spread_over(meant[line.text[start:end]], end - start)
        for first, last in windows(line.text, spans):
            yield Reading(
                "".join(text[first:last]), origin=_origin_of(line, text, range(first, last))
            )

    def _find_intended(self, word: str) -> str | None:
        """The word of a term that was meant; None if there is none."""
        if not word.isascii() or not word.isalpha() or word in self._listed:
            return None
        meant = next((found for found in _candidates(word) if found in self._listed), None)
        if meant and meant not in self._grave and self._is_form(word):
            return None
        return meant or self._slips.intended(word)


def _spread_over(word: str, count: int) -> list[str]:
    """A word spread over `count` places: the last one takes the rest."""
    return [*word[: count - 1], word[count - 1 :]]


def _origin_of(line: Spoken, text: Sequence[str], part: range) -> Callable[[int, int], Span]:
    """Maps a span in a part of the line to the text; `text`: what stands in each place."""
    places = [at for at in part for _ in text[at]]
    return lambda start, end: line.span_in_text(places[start], places[end - 1] + 1)


def _candidates(word: str) -> Iterator[str]:
    """What a word may have been meant to be."""
    if len(word) >= _TWIN_MIN:
        yield from _with_twins(word)
    if len(word) >= _EXCHANGED_MIN:
        for at in range(1, len(word) - 1):
            yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _with_twins(word: str) -> Iterator[str]:
    """The word with some of its letters as those that they look like."""
    places = [at for at, letter in enumerate(word) if letter in _TWINS][:_TWINS_MAX]
    for size in range(1, len(places) + 1):
        for chosen in combinations(places, size):
            yield "".join(_TWINS[c] if at in chosen else c for at, c in enumerate(word))
