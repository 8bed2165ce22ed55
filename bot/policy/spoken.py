"""A reading as words, and as letters without what parts them: what terms are looked for in.

Called by `matching`, which looks, and by whoever needs the words of a text. Pure. It must not know
terms. Where something stood is worked out on demand: in most prompts nobody asks.
"""

from __future__ import annotations

import re
import weakref
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import accumulate, pairwise, product

from bot.policy.expressions import Span
from bot.policy.reading import Reading

#: Without the dot between words.
_KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff"
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
#: Letters that something other than a gap stands between.
_TIED = re.compile(r"[^\W_][^\w\s,]++[^\W_]")
#: Words that disguise nothing: numbers, and kanji, which are found wherever they stand.
_NO_DISGUISE = re.compile(f"[0-9]+|[{_KANJI}]")
#: What is left of a word behind an apostrophe.
_ELISION = re.compile("[a-z]{2}['\u2019]")
_ELIDED_MAX = 2
#: Words on either side of a strange one that are looked through with it.
_AROUND = 4


def words(text: str) -> list[str]:
    """The words of a folded text."""
    return _WORD.findall(text)


def spoken(parts: Iterable[str]) -> str:
    """Words with a space around each."""
    return f" {' '.join(parts)} "


def collapsed(text: str) -> str:
    """A text with one letter for every run of it; digits stay."""
    return _RUN.sub(r"\1", text)


class Spoken:
    """A reading as its words, and where they stood; the latter on demand."""

    def __init__(self, reading: Reading) -> None:
        self.text = reading.text
        self.placed = reading.placed
        self.words = words(reading.text)
        self.spoken = spoken(self.words)
        self._disguises: list[Squeezed] | None = None
        self._strange_words: set[str] | None = None

    @cached_property
    def spans(self) -> list[Span]:
        """Where each word stands in the reading."""
        return [word.span() for word in _WORD.finditer(self.text)]

    @cached_property
    def _numbers(self) -> dict[int, int]:
        """For each place in what is spoken where a word begins, its number."""
        begins = accumulate((len(word) + 1 for word in self.words), initial=1)
        return {begin: number for number, begin in enumerate(begins)}

    def place(self, start: int, end: int) -> Span:
        """Where a part of what is spoken, with the space around it, is in the reading."""
        first, last = self._numbers[start + 1], self._numbers[end] - 1
        return self.spans[first][0], self.spans[last][1]

    def is_close(self, start: int, end: int) -> bool:
        """Whether a part of the reading is one breath: no comma and no bracket in it."""
        return _APART.search(self.text[start:end]) is None

    def disguises(self, familiar: frozenset[str]) -> list[Squeezed]:
        """The parts in which a term may be disguised; looked for once."""
        if self._disguises is None:
            self._disguises = list(self._disguised(familiar))
        return self._disguises

    def _disguised(self, familiar: frozenset[str]) -> Iterator[Squeezed]:
        """The parts in which some word is no word.

        Or it is tied to its neighbour. Whatever disguises a term makes such a word of it, or what
        was found would be innocent.
        """
        numbers = self._tied() | self._unknown(familiar)
        if not numbers:
            return
        first = last = -1
        for number in sorted(numbers):
            if first >= 0 and number - _AROUND > last:
                yield Squeezed(self, first, last)
                first = -1
            if first < 0:
                first = max(0, number - _AROUND)
            last = number + _AROUND + 1
        yield Squeezed(self, first, min(last, len(self.words)))

    def _unknown(self, familiar: frozenset[str]) -> set[int]:
        """The numbers of words that are no words."""
        strange = self.strange(familiar)
        if not strange:
            return set()
        return {number for number, word in enumerate(self.words) if word in strange}

    def strange(self, familiar: frozenset[str]) -> set[str]:
        """The words that are no words; looked for once."""
        if self._strange_words is None:
            words = set(self.words) - familiar
            self._strange_words = {word for word in words if not _NO_DISGUISE.fullmatch(word)}
        return self._strange_words

    def _tied(self) -> set[int]:
        """The numbers of words with more than space between them and the word before."""
        if not _TIED.search(self.text):
            return set()
        gaps = enumerate(pairwise(self.spans), start=1)
        return {n for n, ((_, end), (begin, _)) in gaps if self.is_tied(end, begin)}

    def is_tied(self, end: int, begin: int) -> bool:
        """Whether what stands between two words holds them together: a bracket, a hyphen."""
        return begin > end and not _GAP.search(self.text, end, begin)


class Squeezed:
    """Some words of a line without what parts them; where they stood on demand."""

    def __init__(self, line: Spoken, first: int, last: int) -> None:
        # A proxy, for the line keeps its parts: a circle is freed by the collector alone, and that
        # holds up the loop.
        self._line = weakref.proxy(line)
        self._first = first
        self.words = line.words[first:last]
        self.squeezed = "".join(self.words)
        self.key = collapsed(self.squeezed)
        self._plain = self.squeezed.isascii()

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(map(len, self.words))]

    @cached_property
    def _edges(self) -> frozenset[int]:
        return frozenset(self._starts)

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

    def _inner(self, span: Span) -> range:
        """The words that begin inside a span, by their numbers."""
        return range(bisect_right(self._starts, span[0]), bisect_left(self._starts, span[1]))

    def splits(self, span: Span, gaps: frozenset[int]) -> list[int]:
        """Where a gap stands inside a word of the term."""
        cuts = ((number, self._starts[number] - span[0]) for number in self._inner(span))
        return [cut for number, cut in cuts if cut not in gaps and self._is_gap(number)]

    def _is_gap(self, number: int) -> bool:
        """Whether somebody parted a word from the one before it, and not just bracketed it."""
        spans, here = self._line.spans, self._first + number
        return _GAP.search(self._line.text, spans[here - 1][1], spans[here][0]) is not None

    def begins_elided(self, span: Span) -> bool:
        """Whether its first word is the end of another with an apostrophe: `the witch's cat`."""
        number = self._first + bisect_right(self._starts, span[0]) - 1
        start, end = self._line.spans[number]
        before = max(0, start - 3)
        return end - start <= _ELIDED_MAX and bool(_ELISION.match(self._line.text, before, start))

    def holds_ties(self, span: Span) -> bool:
        """Whether some of the words in a span are tied together."""
        spans = self._line.spans
        places = (self._first + number for number in self._inner(span))
        return any(self._line.is_tied(spans[n - 1][1], spans[n][0]) for n in places)

    def words_of(self, span: Span) -> list[str]:
        """The words, whole, that a span touches."""
        inner = self._inner(span)
        return self.words[inner.start - 1 : inner.stop]

    def place(self, first: int, last: int) -> Span:
        """Where a span is in the reading."""
        begin = bisect_right(self._starts, first) - 1
        end = bisect_left(self._starts, last) - 1
        spans = self._line.spans
        return (
            spans[self._first + begin][0] + first - self._starts[begin],
            spans[self._first + end][0] + last - self._starts[end],
        )


def longest(spans: Iterable[Span]) -> list[Span]:
    """The spans that are not inside another, in order."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or span[1] > kept[-1][1]:
            kept.append(span)
    return kept
