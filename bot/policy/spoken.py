"""A reading as words, and as letters without separators: the forms in which terms are searched.

Called by `matching`, which searches, and by whoever needs the words of a text. Pure. Must not know
terms. Positions are computed on demand: for most prompts nobody asks.
"""

from __future__ import annotations

import re
import weakref
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice, product
from math import inf
from typing import TypeAlias

from bot.policy.expressions import Span
from bot.policy.reading import Reading, UnreadableError
from bot.policy.splitting import (
    HANGUL,
    HIRAGANA,
    THAI,
    collapsed,
    each_word,
    may_disguise,
    spoken,
    tie_ends,
    without_runs,
    words,
    words_before,
)

#: Letters that are one in a key.
_RUN = re.compile(r"\d|(\D)\1*+")
#: Between two words of which neither goes on in the other, unless somebody split it.
_GAP = re.compile("[\\s,_\u3001\uff0c\u3002]")
#: With space around it one of these parts no word: `pass - port` is one as well.
_DASHES = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2015")
_DASHED = 3
#: What ends a breath; the point behind an initial does not.
_BREATH_END = re.compile("[^\\w\\s'\u2019&.-]|(?<!\\b[^\\W\\d_])\\.")
_COMMAS = frozenset(",\u3001")
#: With at least this many words for each tie, counting words is faster than placing them.
_TIES_RARE = 4
#: Scripts that put no space between words, or particles behind them: a long term counts anywhere.
_UNSPACED = re.compile(f"[{HIRAGANA}{HANGUL}{THAI}]")
_HANGUL_END = re.compile(f"[{HANGUL}]")
#: Hiragana that stand between words, and what they are in Korean.
_PARTICLES = frozenset("をとがはにでものな의")
_LONG_TERM_MIN = 3
#: What is left of a word behind an apostrophe.
_ELISION = re.compile("[a-z]{2}['\u2019]")
_ELIDED_MAX = 2
#: How many more words than asked for are placed at once.
_AHEAD = 16


#: The number of a pattern, and where it begins and ends.
Found: TypeAlias = tuple[int, int, int]


class Spoken:
    """A reading as its words, and where they stood; the latter on demand."""

    def __init__(self, reading: Reading) -> None:
        self.text = reading.text
        self.span_in_text = reading.span_in_text
        self.words = words(reading.text)
        self.spoken = spoken(self.words)
        #: The cost of searching it so far, in characters read, and the most allowed.
        self.effort = 0
        self.effort_max = inf
        self._spans: list[Span] = []
        #: The words that were not looked for yet.
        self._rest: Iterator[re.Match[str]] | None = None
        #: By how far they reach.
        self._disguises: dict[int, list[Squeezed]] = {}
        self._strange_words: set[str] | None = None
        self._tied: set[int] | None = None

    def spend(self, effort: int) -> None:
        """Count a cost before it is incurred; UnreadableError if it is too much."""
        self.effort += effort
        if self.effort > self.effort_max:
            raise UnreadableError

    def span(self, number: int) -> Span:
        """Where a word stands in the reading; it and those before it are looked for once."""
        missing = number + 1 - len(self._spans)
        if missing > 0:
            if self._rest is None:
                self._rest = each_word(self.text)
            self._spans += [word.span() for word in islice(self._rest, missing + _AHEAD)]
        return self._spans[number]

    def span_in_reading(self, start: int, end: int) -> Span:
        """The span in the reading of a part of `spoken`, which has a space on either side."""
        last = self.spoken.count(" ", 0, end - 1) - 1
        first = last - self.spoken.count(" ", start + 1, end - 1)
        end = self.span(last)[1]
        return self._spans[first][0], end

    def is_close(self, start: int, end: int, *, across: bool = False) -> bool:
        """Whether a part of the reading is one breath: no comma and no bracket in it.

        `across`: one comma may be.
        """
        breaks = _BREATH_END.findall(self.text[start:end])
        return not breaks or (across and len(breaks) == 1 and breaks[0] in _COMMAS)

    def disguised_parts(self, familiar: frozenset[str], reach: int) -> list[Squeezed]:
        """The parts in which a term may be disguised; looked for once.

        `reach`: how many words on either side of a strange one are looked through with it.
        """
        if reach not in self._disguises:
            self._disguises[reach] = list(self._find_disguised_parts(familiar, reach))
        return self._disguises[reach]

    def _find_disguised_parts(self, familiar: frozenset[str], reach: int) -> Iterator[Squeezed]:
        """The parts that contain an unknown word, or one tied to its neighbour.

        Every disguise leaves such a word; without one, whatever is found is innocent.
        """
        odd: list[int] = []
        for number in self._odd_words(familiar):
            if odd and number - reach > odd[-1] + reach + 1:
                yield Squeezed(self, odd, reach)
                odd = []
            odd.append(number)
        if odd:
            yield Squeezed(self, odd, reach)

    def _odd_words(self, familiar: frozenset[str]) -> list[int]:
        """The numbers of words that are unknown or tied."""
        strange, tied = self.strange(familiar), self.tied
        if not strange:
            return sorted(tied)
        return [n for n, word in enumerate(self.words) if word in strange or n in tied]

    def strange(self, familiar: frozenset[str]) -> set[str]:
        """The unknown words; worked out once."""
        if self._strange_words is None:
            unknown = set(self.words) - familiar
            # The test for kanji first: in Chinese most words are one.
            self._strange_words = {
                word for word in unknown if not "\u4e00" <= word <= "\u9fff" and may_disguise(word)
            }
        return self._strange_words

    @property
    def tied(self) -> set[int]:
        """The numbers of words with more than space between them and the word before."""
        # No `cached_property`, which takes a lock in Python 3.11: that takes longer than most ties.
        if self._tied is None:
            self._tied = self._tied_words()
        return self._tied

    def _tied_words(self) -> set[int]:
        ends = tie_ends(self.text)
        if not ends:
            return set()
        if self.text.isascii() and len(ends) * _TIES_RARE < len(self.words):
            return set(words_before(self.text, ends))
        self.span(len(self.words) - 1)
        begins = [begin for begin, _ in self._spans]
        return {bisect_left(begins, end) for end in ends}

    def is_tied(self, end: int, begin: int) -> bool:
        """Whether what stands between two words holds them together: a bracket, a hyphen."""
        return begin > end and not self.is_gap(end, begin)

    def is_gap(self, end: int, begin: int) -> bool:
        """Whether what stands between two words parts them."""
        if begin - end == _DASHED and self.text[end + 1] in _DASHES:
            return False
        return _GAP.search(self.text, end, begin) is not None


class Squeezed:
    """Some words of a line without what parts them; where they stood on demand."""

    def __init__(self, line: Spoken, odd: Sequence[int], reach: int) -> None:
        """`odd`: the numbers of the words for which it is looked through, and as far as `reach`."""
        # A proxy, for the line keeps its parts: a circle is freed by the collector alone, and that
        # holds up the loop.
        self._line = weakref.proxy(line)
        self._first = first = max(0, odd[0] - reach)
        self._odd = [number - first for number in odd]
        self.words = line.words[first : odd[-1] + reach + 1]
        self.squeezed = "".join(self.words)
        self._plain = self.squeezed.isascii()
        #: Its letters, one for every run of them.
        self.key = without_runs(self.squeezed)
        #: The key, and the same from its end: no term holds what parts them.
        self.both_ways = f"{self.key}\n{self.key[::-1]}"
        # No `cached_property`, as for ties.
        self._word_starts: list[int] | None = None
        self._in_key: tuple[dict[int, list[int]], dict[int, list[int]]] | None = None
        #: Where words may begin and end, in scripts that do not say where.
        self._open: set[int] = set()
        #: For a place in the key the first of the letters that it stands for, and last their end;
        #: empty if every letter stands for itself.
        self._run_starts: list[int] = []

    @property
    def _starts(self) -> list[int]:
        """Where words begin in what is squeezed, and last where it ends."""
        if self._word_starts is None:
            self._word_starts = [0, *accumulate(map(len, self.words))]
        return self._word_starts

    def _edges_in_key(self) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
        """For a place in the key the numbers of the words that begin there, where they show it.

        And of those behind the words that end there. They are several if words go on with the
        letter that others end with.
        """
        begins: dict[int, list[int]] = {}
        ends: dict[int, list[int]] = {}
        size, last = 0, ""
        for number, word in enumerate(self.words):
            at = size
            if word[0] == last and not last.isdecimal():
                at -= 1
            size = at + len(collapsed(word))
            last = word[-1]
            # A place has one word, or a few letters in a row that are words.
            if at in begins:
                begins[at].append(number)
            else:
                begins[at] = [number]
            if size in ends:
                ends[size].append(number + 1)
            else:
                ends[size] = [number + 1]
        return begins, ends

    def found_forwards(self, found: Sequence[Found]) -> list[Found]:
        """The hits in the key itself, of those in `both_ways`."""
        size = len(self.key)
        return [there for there in found if there[1] < size]

    def found_backwards(self, found: Sequence[Found]) -> list[Found]:
        """The hits in the reversed key, of those in `both_ways`, with their places in the key."""
        size = len(self.key)
        last = len(self.both_ways)
        return [(number, last - end, last - start) for number, start, end in found if start > size]

    def stretches(self, found: Sequence[Found]) -> list[tuple[int, Span, bool]]:
        """What was found in the key, as spans that begin and end where words may.

        With each, whether there is more in it than familiar words with a gap between them.
        """
        if not found:
            return []
        if not self._plain:
            self._find_open_places()
            return [
                (n, span, True) for n, start, end in found for span in self._open_spans(start, end)
            ]
        self._in_key = self._in_key or self._edges_in_key()
        starts, (begins, ends) = self._starts, self._in_key
        return [
            (number, (starts[first], starts[last]), self._is_odd(first, last))
            for number, start, end in found
            if start in begins and end in ends
            for first, last in _outer_and_inner(begins[start], ends[end])
        ]

    def _is_odd(self, first: int, last: int) -> bool:
        """Whether one of its odd words is among these."""
        at = bisect_left(self._odd, first)
        return at < len(self._odd) and self._odd[at] < last

    def _find_open_places(self) -> None:
        """Work out where words may begin and end, and which letters the key stands for."""
        if not self._open:
            # Where a letter of such a script is no edge, one of the same stands before it.
            loose = (letter.start() for letter in _UNSPACED.finditer(self.squeezed))
            self._open.update(self._starts, loose)
            if len(self.key) < len(self.squeezed):
                self._run_starts = [run.start() for run in _RUN.finditer(self.squeezed)]
                self._run_starts.append(len(self.squeezed))

    def _open_spans(self, start: int, end: int) -> Iterable[Span]:
        """The spans behind a place in the key that begin and end where words may."""
        wide, is_open = self._run_starts, self._open
        if not wide:
            return ((start, end),) if start in is_open and end in is_open else ()
        firsts = [at for at in range(wide[start], wide[start + 1]) if at in is_open]
        if not firsts:
            return ()
        lasts = [at for at in range(wide[end - 1] + 1, wide[end] + 1) if at in is_open]
        return _outer_and_inner(firsts, lasts) if lasts else ()

    def stands_alone(self, span: Span, size: int) -> bool:
        """Whether a short term of a script without spaces is a word where it was found."""
        if size >= _LONG_TERM_MIN:
            return True
        first, last = span
        begins = self._is_edge(first) or self.squeezed[first - 1] in _PARTICLES
        ends = (
            self._is_edge(last)
            or self.squeezed[last] in _PARTICLES
            or bool(_HANGUL_END.match(self.squeezed[last]))
        )
        return begins and ends

    def _is_edge(self, at: int) -> bool:
        return self._starts[bisect_left(self._starts, at)] == at

    def _inner(self, span: Span) -> range:
        """The words that begin inside a span, by their numbers."""
        return range(bisect_right(self._starts, span[0]), bisect_left(self._starts, span[1]))

    def parts_at(self, span: Span, gaps: frozenset[int]) -> bool:
        """Whether a span is whole words that part at these places and nowhere else."""
        starts, (begin, end) = self._starts, span
        first, last = bisect_right(starts, begin), bisect_left(starts, end)
        if last - first != len(gaps) or starts[first - 1] != begin or starts[last] != end:
            return False
        return not gaps or gaps.issuperset([at - begin for at in starts[first:last]])

    def splits(self, span: Span, gaps: frozenset[int]) -> list[int]:
        """Where a gap stands inside a word of the term."""
        cuts = ((number, self._starts[number] - span[0]) for number in self._inner(span))
        return [cut for number, cut in cuts if cut not in gaps and self._is_gap(number)]

    def _is_gap(self, number: int) -> bool:
        """Whether a word is separated from the one before it, and not just bracketed."""
        (_, end), (begin, _) = self._neighbour_spans(number)
        return self._line.is_gap(end, begin)

    def begins_elided(self, span: Span) -> bool:
        """Whether its first word is the end of another with an apostrophe: `the witch's cat`."""
        number = self._first + bisect_right(self._starts, span[0]) - 1
        start, end = self._line.span(number)
        before = max(0, start - 3)
        return end - start <= _ELIDED_MAX and bool(_ELISION.match(self._line.text, before, start))

    def holds_ties(self, span: Span) -> bool:
        """Whether some of the words in a span are tied together."""
        pairs = map(self._neighbour_spans, self._inner(span))
        return any(self._line.is_tied(end, begin) for (_, end), (begin, _) in pairs)

    def _neighbour_spans(self, number: int) -> tuple[Span, Span]:
        """Where the word before, and this word, stand in the reading."""
        here = self._first + number
        return self._line.span(here - 1), self._line.span(here)

    def words_of(self, span: Span) -> list[str]:
        """The words, whole, that a span touches."""
        inner = self._inner(span)
        return self.words[inner.start - 1 : inner.stop]

    def span_in_reading(self, first: int, last: int) -> Span:
        """The span in the reading of a span in what is squeezed."""
        begin = bisect_right(self._starts, first) - 1
        end = bisect_left(self._starts, last) - 1
        span = self._line.span
        return (
            span(self._first + begin)[0] + first - self._starts[begin],
            span(self._first + end)[0] + last - self._starts[end],
        )


def _outer_and_inner(firsts: Sequence[int], lasts: Sequence[int]) -> list[Span]:
    """The outermost and the innermost of two ends.

    Several where a letter is repeated on the edge: what is repeated may be two words' letter.
    """
    if len(firsts) == len(lasts) == 1:
        return [(firsts[0], lasts[0])]
    pairs = product({firsts[0], firsts[-1]}, {lasts[0], lasts[-1]})
    return [(first, last) for first, last in pairs if first < last]


def longest(spans: Iterable[Span]) -> list[Span]:
    """The spans that are not inside another, in order."""
    kept: list[Span] = []
    begun, reach = -1, -1
    for start, end in sorted(spans):
        if end > reach:
            if start == begun:
                kept.pop()
            kept.append((start, end))
            begun, reach = start, end
    return kept
