"""Words that were run together, or reversed: recognised by the words that they are made of.

Called by `sides`, for words that are in no list. Pure. It must not know terms or rules: a word is a
word here, whatever it says.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise

from bot.policy.expressions import Span
from bot.policy.inflection import never_a_form
from bot.policy.reading import IsWord, Reading, window_around
from bot.policy.spoken import Spoken

#: A word of fewer letters is not taken apart, and one of more is no word, unless it repeats one.
_TOGETHER_MIN, _TOGETHER_MAX = 7, 48
_PART_MIN, _PART_MAX = 3, 20
_LONG = 10
#: The fewest letters of a foreign word beside an English one, of an English word beside a foreign
#: one, and of a foreign word that counts beside any.
_FOREIGN_MIN, _ENGLISH_MIN, _SURE_MIN = 5, 4, 7
#: The fewest letters of a grave term that counts alone.
_GRAVE_MIN = 5
#: Letters of a word that is the first part of a compound, or its last, and of what is left.
_FIRST_MIN, _HEAD_MIN, _REST_MIN = 9, 7, 3
#: Words of fewer letters that may be parts of a long word, and those that may be its last.
_LITTLE_FOREIGN = frozenset({
    "da", "de", "di", "du", "el", "en", "et", "im", "la", "le", "mi", "se", "su", "tu", "un", "zu",
})  # fmt: skip
_LITTLE = _LITTLE_FOREIGN | {
    "a", "an", "as", "at", "be", "by", "do", "ex", "he", "if", "in", "is", "it", "me", "my", "no",
    "of", "on", "or", "so", "to", "up", "us", "we",
}  # fmt: skip
_LAST_WORDS = frozenset({"ex", "in", "is", "it", "me", "of", "on", "to", "up", "us"})
#: The fewest letters of a reversed word.
_TURNED_MIN = 4
_LETTERS = re.compile("[a-z]+")
#: Nothing but one word again and again; and how many of its letters tell that it is no chance, if
#: they are Latin and if they are others.
_REPEATED = re.compile(r"(..+?)\1+")
_LATIN_MIN, _OTHER_MIN = 3, 2
#: The most words in a row without a gap that may be words run together and cut elsewhere.
_TIED_MAX = 4
#: Words farther apart than this form no term together.
_FAR_CHARS = 64
_REMEMBERED = 4096


class Parting:
    """Takes words apart; made once for a rulebook."""

    def __init__(
        self,
        known: Iterable[str],
        foreign: Collection[str] = (),
        english: Collection[str] = (),
        is_form: IsWord = never_a_form,
        grave: Collection[str] = (),
    ) -> None:
        """`known` are the words that others may be made of; `is_form`: it is one of its own.

        `foreign`: those that are no English; `english`: those that are nothing else;
        `grave`: terms, of which two or a longer one are no chance and no form.
        """
        self._is_form, self._grave = is_form, frozenset(grave)
        self._foreign, self._english = _LITTLE_FOREIGN.union(foreign), frozenset(english)
        every = frozenset(known)
        self._known = frozenset(word for word in every if len(word) >= _PART_MIN)
        self._repeated = frozenset(
            word
            for word in every.union(foreign, english)
            if len(word) >= (_LATIN_MIN if word.isascii() else _OTHER_MIN)
        )
        self._all = self._known | _LITTLE
        self.parts = lru_cache(maxsize=_REMEMBERED)(self._parts)

    @staticmethod
    def may_part(strange: Iterable[str]) -> bool:
        """Whether one of these words may have been run together: in Latin letters, or repeated."""
        return any(word.isascii() or _REPEATED.fullmatch(word) for word in strange)

    def running_backwards(self, strange: Collection[str]) -> list[str]:
        """Those of these words that are known words backwards."""
        return [w for w in strange if len(w) >= _TURNED_MIN and w[::-1] in self._known]

    def take_apart(self, line: Spoken, strange: Collection[str]) -> Iterator[Reading]:
        """The parts of the line that contain such words, with these taken apart."""
        if not line.tied and not any(map(self.parts, strange)):
            return
        seams: list[int] = []
        for cuts in self._find_seams(line, strange):
            if seams and cuts[0] - seams[-1] > _FAR_CHARS:
                yield _reading_with_seams(line, seams)
                seams = []
            seams += cuts
        if seams:
            yield _reading_with_seams(line, seams)

    def _find_seams(self, line: Spoken, strange: Collection[str]) -> Iterator[list[int]]:
        """The seams of words that were run together: in one word, or across several tied ones."""
        for numbers in _tied_rows(line, strange):
            chain = [line.words[number] for number in numbers]
            parts = self.parts("".join(chain))
            if parts:
                yield from _seams_inside_words(line, numbers, parts)
                continue
            # A row of one word has been tried already.
            for number, word in zip(numbers, chain, strict=True) if len(chain) > 1 else ():
                if word in strange and (own_parts := self.parts(word)):
                    yield from _seams_inside_words(line, [number], own_parts)

    def _parts(self, word: str) -> tuple[str, ...]:
        """The words that a word is made of, preferring long ones; () if it is made of none."""
        repeated = _REPEATED.fullmatch(word)
        if repeated and repeated[1] in self._repeated:
            return (repeated[1],) * (len(word) // len(repeated[1]))
        if not _TOGETHER_MIN <= len(word) <= _TOGETHER_MAX or not _LETTERS.fullmatch(word):
            return ()
        known = self._all if len(word) >= _LONG else self._known
        #: For each place, the best parts up to it, and how good they are.
        best: dict[int, tuple[int, tuple[str, ...]]] = {0: (0, ())}
        for end in range(1, len(word) + 1):
            for start in range(max(0, end - _PART_MAX), end):
                before, part = best.get(start), word[start:end]
                if before and part in known and (end < len(word) or self._may_end(part)):
                    score = before[0] + len(part) ** 2
                    here = best.get(end)
                    if here is None or score > here[0]:
                        best[end] = score, (*before[1], part)
        whole = best.get(len(word))
        if whole is None or len(whole[1]) == 1:
            return () if self._is_form(word) else self._compound(word)
        parts = whole[1]
        if self._is_grave(parts):
            return parts
        return () if self._is_chance(parts) or self._is_form(word) else parts

    def _is_grave(self, parts: Sequence[str]) -> bool:
        """Whether there are two grave terms among the words, or a longer one.

        A list that has the word says whether it only happens to hold one.
        """
        grave = [part for part in parts if part in self._grave]
        return len(grave) > 1 or any(len(part) >= _GRAVE_MIN for part in grave)

    def _compound(self, word: str) -> tuple[str, ...]:
        """A word that begins or ends with a long one of another language, and what is left."""
        for at in range(_REST_MIN, len(word) - _REST_MIN + 1):
            if at >= _FIRST_MIN and word[:at] in self._foreign:
                return word[:at], word[at:]
            if len(word) - at >= _HEAD_MIN and word[at:] in self._foreign:
                return word[:at], word[at:]
        return ()

    def _is_chance(self, parts: Sequence[str]) -> bool:
        """Whether short words of several languages only happen to make one: `boy kot tieren`."""
        foreign = [len(part) for part in parts if part in self._foreign]
        english = [len(part) for part in parts if part in self._english]
        if not foreign or not english or max(foreign) >= _SURE_MIN:
            return False
        return min(foreign) < _FOREIGN_MIN or min(english) < _ENGLISH_MIN

    @staticmethod
    def _may_end(part: str) -> bool:
        """Whether a word may be the last one of those that were run together."""
        return len(part) >= _PART_MIN or part in _LAST_WORDS


def _tied_rows(line: Spoken, strange: Collection[str]) -> Iterator[range]:
    """Rows of words without a gap, at least one of them strange, as their numbers."""
    behind, tied = 0, line.tied
    for number in [number for number, word in enumerate(line.words) if word in strange]:
        if number < behind:
            continue
        # A word is in one row only, so that seams come in order.
        first, row_before, behind = number, behind, number + 1
        while first > row_before and first in tied and number - first < _TIED_MAX:
            first -= 1
        while behind in tied and behind - first < _TIED_MAX:
            behind += 1
        # A tie may stand before what is no word.
        yield range(first, min(behind, len(line.words)))


def _seams_inside_words(
    line: Spoken, numbers: Sequence[int], parts: Sequence[str]
) -> Iterator[list[int]]:
    """The seams that fall inside a word of the row, if there are any."""
    places = [at for number in numbers for at in range(*line.span(number))]
    begins = {line.span(number)[0] for number in numbers}
    ends = accumulate(map(len, parts[:-1]))
    if cuts := [places[end] for end in ends if places[end] not in begins]:
        yield cuts


def _reading_with_seams(line: Spoken, cuts: Sequence[int]) -> Reading:
    """The part of the line around the seams, with a space at each."""
    first, last = window_around(line.text, cuts[0], cuts[-1])
    text = " ".join(line.text[a:b] for a, b in pairwise([first, *cuts, last]))
    spaces = [cut - first + before for before, cut in enumerate(cuts)]

    def original_place(at: int) -> int:
        return first + at - bisect_left(spaces, at)

    def origin(start: int, end: int) -> Span:
        return line.span_in_text(original_place(start), original_place(end - 1) + 1)

    return Reading(text, origin=origin)
