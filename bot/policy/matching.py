"""*Match*: find ten thousand terms in a reading, in one pass, by whole words.

Called by `terms`. Pure. It must not know rules. Terms and texts are compared without what parts
their words and with every run of a letter as one, by an automaton (Aho and Corasick 1975); then
each hit is looked at: it must begin and end where words do, and what it took to see it (a word
split in two, a letter repeated, all of it turned round) must not be how an innocent word is
written.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise, product
from typing import Protocol

from ahocorasick_rs import AhoCorasick

from bot.policy.expressions import Span
from bot.policy.reading import Reading

_KATAKANA = "\u30a0-\u30ff"
_HIRAGANA = "\u3041-\u309f"
_KANJI = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HANGUL = "\uac00-\ud7a3"
_THAI = "\u0e00-\u0e7f"
_SCRIPTS = _KATAKANA + _HIRAGANA + _KANJI + _HANGUL + _THAI
#: Words: a change of script ends one, and every kanji is one.
_WORD = re.compile(
    f"[a-z]++|[0-9]++|[{_KATAKANA}]++|[{_HIRAGANA}]++|[{_KANJI}]|[{_HANGUL}]++|[{_THAI}]++"
    f"|[^\\W\\d_a-z{_SCRIPTS}]++"
)
_RUN = re.compile(r"(\D)\1++")
#: Between two words of which neither goes on in the other, unless somebody split it.
_GAP = re.compile("[\\s,_\u3001\uff0c\u3002]")
#: What ends a breath.
_APART = re.compile("[^\\w\\s'\u2019&-]")
#: Scripts that put no space between words, or particles behind them: a long term counts anywhere.
_UNSPACED = re.compile(f"[{_HIRAGANA}{_HANGUL}{_THAI}]")
_HANGUL_END = re.compile(f"[{_HANGUL}]")
#: Hiragana that stand between words.
_PARTICLES = frozenset("をとがはにでものな")
_LONG = 3
#: A word turned round has at least so many letters.
_TURNED_MIN = 4
#: Letters that stand alone spell a word if there are so many.
_SPELLED_MIN = 3


@dataclass(frozen=True, slots=True)
class Hit:
    """A term that was found, and where."""

    term: int
    start: int
    end: int
    #: It is written as it is listed, but for what stands between its words.
    plain: bool


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One way to write a term."""

    term: int
    letters: str
    #: Where words may part in it.
    gaps: frozenset[int]


class _Automaton(Protocol):
    """What is used of the package, which has no types."""

    def find_matches_as_indexes(
        self, haystack: str, *, overlapping: bool
    ) -> Sequence[tuple[int, int, int]]:
        """The number of each pattern that is there, and where it begins and ends."""
        ...


def words(text: str) -> list[str]:
    """The words of a folded text."""
    return _WORD.findall(text)


class Vocabulary:
    """Terms, compiled once; a term is found by its number."""

    def __init__(self, terms: Sequence[str], ordinary: Container[str]) -> None:
        """`terms` are folded; `ordinary` are words that are no trick."""
        self._ordinary = ordinary
        self._patterns: dict[str, list[_Pattern]] = {}
        for number, term in enumerate(terms):
            parts = words(term)
            letters = "".join(parts)
            if letters:
                gaps = frozenset(accumulate(map(len, parts[:-1])))
                pattern = _Pattern(number, letters, gaps)
                self._patterns.setdefault(_RUN.sub(r"\1", letters), []).append(pattern)
        self._by_number = list(self._patterns.values())
        self._automaton: _Automaton | None = None
        if self._patterns:
            self._automaton = AhoCorasick(list(self._patterns))

    def find(self, line: Squeezed) -> Iterator[Hit]:
        """Every term that stands in the line."""
        if self._automaton is None:
            return
        size = len(line.key)
        for number, start, end in self._automaton.find_matches_as_indexes(
            line.key, overlapping=True
        ):
            if not line.may_span(start, end):
                continue
            for span in line.spans(start, end):
                yield from self._hits(line, self._by_number[number], span, turned=False)
        for number, start, end in self._automaton.find_matches_as_indexes(
            line.key[::-1], overlapping=True
        ):
            if not line.may_span(size - end, size - start):
                continue
            for span in line.spans(size - end, size - start):
                yield from self._hits(line, self._by_number[number], span, turned=True)

    def _hits(
        self, line: Squeezed, patterns: list[_Pattern], span: Span, *, turned: bool
    ) -> Iterator[Hit]:
        for pattern in patterns:
            plain = self._judged(line, pattern, span, turned=turned)
            if plain is not None:
                yield Hit(pattern.term, *line.place(*span), plain)

    def _judged(
        self, line: Squeezed, pattern: _Pattern, span: Span, *, turned: bool
    ) -> bool | None:
        """None: the pattern is not there; else whether it is written plainly."""
        found = line.squeezed[span[0] : span[1]]
        letters, gaps = pattern.letters, pattern.gaps
        if turned:
            if len(letters) < _TURNED_MIN:
                return None
            letters = letters[::-1]
            gaps = frozenset(len(letters) - gap for gap in gaps)
        exact = found == letters
        if not exact and not _repeats(found, letters):
            return None
        if not exact:
            gaps = frozenset(_stretched(found, letters, gap) for gap in gaps)
        if not line.stands_alone(span, len(letters)):
            return None
        splits = line.splits(span, gaps)
        if splits and self._is_chance(found, splits):
            return None
        tricked = turned or not exact
        if (tricked or gaps) and self._is_ordinary(line, span, glued=not tricked):
            return None
        return not tricked and not splits

    def _is_chance(self, found: str, splits: list[int]) -> bool:
        """Whether words that stand side by side only happen to make another one together."""
        edges = [0, *splits, len(found)]
        parts = [found[a:b] for a, b in pairwise(edges)]
        if all(len(part) == 1 for part in parts):
            return len(parts) < _SPELLED_MIN and found.isascii()
        return all(part in self._ordinary for part in parts)

    def _is_ordinary(self, line: Squeezed, span: Span, *, glued: bool) -> bool:
        """Whether the words that were found are words of their own.

        `glued`: what is asked about is one word that is written like several of a term.
        """
        stand = line.words_of(span)
        if glued and len(stand) > 1:
            return False
        return all(word in self._ordinary for word in stand)


def _repeats(found: str, letters: str) -> bool:
    """Whether what was found is the term with some of its letters repeated."""
    if len(found) < len(letters):
        return False
    runs = [(m[0][0], len(m[0])) for m in _RUNS.finditer(found)]
    wanted = [(m[0][0], len(m[0])) for m in _RUNS.finditer(letters)]
    return len(runs) == len(wanted) and all(
        a == b and n >= m for (a, n), (b, m) in zip(runs, wanted, strict=True)
    )


_RUNS = re.compile(r"\d|(\D)\1*+")


def _stretched(found: str, letters: str, gap: int) -> int:
    """Where a place in the term is in what was found, which repeats letters."""
    runs = len(_RUN.sub(r"\1", letters[:gap]))
    return [m.end() for m in _RUNS.finditer(found)][runs - 1]


class Squeezed:
    """A reading without what parts its words, and where they stood; the latter on demand."""

    def __init__(self, reading: Reading) -> None:
        self._text = reading.text
        self._begin = reading.start
        self.words = words(reading.text)
        self.squeezed = "".join(self.words)
        self.key = _RUN.sub(r"\1", self.squeezed)
        self._plain = self.squeezed.isascii()

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(map(len, self.words))]

    @cached_property
    def _edges(self) -> frozenset[int]:
        return frozenset(self._starts)

    @cached_property
    def _spans(self) -> list[Span]:
        return [word.span() for word in _WORD.finditer(self._text)]

    @cached_property
    def _runs(self) -> tuple[list[int], list[int]]:
        """Where the key has one letter for several: the places, and how many are gone by then."""
        places: list[int] = []
        gone = [0]
        for run in _RUN.finditer(self.squeezed):
            places.append(run.start() - gone[-1])
            gone.append(gone[-1] + run.end() - run.start() - 1)
        return places, gone

    def _wide(self, at: int) -> Span:
        """The run of letters that one letter of the key stands for."""
        places, gone = self._runs
        runs = bisect_left(places, at)
        first = at + gone[runs]
        if runs < len(places) and places[runs] == at:
            return first, first + gone[runs + 1] - gone[runs] + 1
        return first, first + 1

    @cached_property
    def _key_edges(self) -> tuple[frozenset[int], frozenset[int]]:
        """Where in the key words begin and end."""
        if len(self.key) == len(self.squeezed):
            return self._edges, self._edges
        places, gone = self._runs
        begins: set[int] = set()
        ends: set[int] = set()
        run, passed = 0, 0
        for edge in self._starts:
            while run < len(places) and places[run] + gone[run + 1] < edge:
                run += 1
                passed = gone[run]
            inside = run < len(places) and places[run] + passed < edge
            begins.add(places[run] if inside else edge - passed)
            ends.add(places[run] + 1 if inside else edge - passed)
        return frozenset(begins), frozenset(ends)

    def may_span(self, start: int, end: int) -> bool:
        """Whether a place in the key can begin and end where words do: a quick no for most."""
        if not self._plain:
            return True
        begins, ends = self._key_edges
        return start in begins and end in ends

    def spans(self, start: int, end: int) -> Iterable[Span]:
        """From a place in the key to those that begin and end where words may.

        Several where a letter is repeated on the edge: what is repeated may be two words' letter.
        """
        if len(self.key) == len(self.squeezed):
            return ((start, end),) if self._may_begin(start) and self._may_end(end) else ()
        low, high = self._wide(start)
        firsts = [at for at in range(low, high) if self._may_begin(at)]
        if not firsts:
            return ()
        low, high = self._wide(end - 1)
        lasts = [at for at in range(low + 1, high + 1) if self._may_end(at)]
        if not lasts:
            return ()
        pairs = product({firsts[0], firsts[-1]}, {lasts[0], lasts[-1]})
        return [(first, last) for first, last in pairs if first < last]

    def _may_begin(self, at: int) -> bool:
        return at in self._edges or (not self._plain and self._is_loose(at))

    def _may_end(self, at: int) -> bool:
        return at in self._edges or (
            not self._plain
            and (self._is_loose(at - 1) or bool(_HANGUL_END.match(self.squeezed[at - 1])))
        )

    def _is_loose(self, at: int) -> bool:
        return bool(_UNSPACED.match(self.squeezed[at]))

    def stands_alone(self, span: Span, size: int) -> bool:
        """Whether a short term of a script without spaces is a word where it was found."""
        if size >= _LONG:
            return True
        first, last = span
        begins = first in self._edges or self.squeezed[first - 1] in _PARTICLES
        ends = (
            last in self._edges
            or self.squeezed[last] in _PARTICLES
            or bool(_HANGUL_END.match(self.squeezed[last]))
        )
        return begins and ends

    def is_close(self, hit: Hit) -> bool:
        """Whether the words of a hit stand in one breath: no comma and no bracket between them."""
        found = self._text[hit.start - self._begin : hit.end - self._begin]
        return _APART.search(found) is None

    def _inner(self, span: Span) -> range:
        """The words that begin inside a span, by their numbers."""
        return range(bisect_right(self._starts, span[0]), bisect_left(self._starts, span[1]))

    def splits(self, span: Span, gaps: frozenset[int]) -> list[int]:
        """Where a gap stands inside a word of the term."""
        cuts = ((number, self._starts[number] - span[0]) for number in self._inner(span))
        return [cut for number, cut in cuts if cut not in gaps and self._is_gap(number)]

    def _is_gap(self, number: int) -> bool:
        """Whether somebody parted a word from the one before it, and not just bracketed it."""
        spans = self._spans
        return _GAP.search(self._text, spans[number - 1][1], spans[number][0]) is not None

    def words_of(self, span: Span) -> list[str]:
        """The words, whole, that a span touches."""
        inner = self._inner(span)
        return self.words[inner.start - 1 : inner.stop]

    def place(self, first: int, last: int) -> Span:
        """Where a span is in the text that the reading is of."""
        begin = bisect_right(self._starts, first) - 1
        end = bisect_left(self._starts, last) - 1
        return (
            self._begin + self._spans[begin][0] + first - self._starts[begin],
            self._begin + self._spans[end][0] + last - self._starts[end],
        )


def longest(spans: Iterable[Span]) -> list[Span]:
    """The spans that are not inside another, in order."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or span[1] > kept[-1][1]:
            kept.append(span)
    return kept
