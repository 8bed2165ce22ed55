"""*Match*: find ten thousand terms in a reading, in one pass, by whole words.

Called by `terms`. Pure. It must not know rules. Words are compared with words. Where some word is
none, terms and text are compared without what parts their words and with every run of a letter as
one; then each hit is looked at: it must begin and end where words do, and what it took to see it (a
word split in two, a letter repeated, all of it turned round) must not be how an innocent word is
written. Both go by an automaton (Aho and Corasick 1975).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Protocol, TypeAlias

from ahocorasick_rs import AhoCorasick

from bot.policy.expressions import Span
from bot.policy.reading import UnreadableError
from bot.policy.splitting import collapsed
from bot.policy.spoken import Found, Spoken, Squeezed
from bot.policy.wordlists import each_spoken, each_squeezed

_RUNS = re.compile(r"\d|(\D)\1*+")
#: Nobody who wants to be understood writes more disguised terms.
_DISGUISED_MAX = 120
#: What a place costs where a term may stand, and one at which it is looked whether it does, in
#: characters that are read; and what looking through a part costs, and each word in it.
_HIT_COST, _CHECK_COST = 5, 3
_PART_COST, _PART_WORD_COST = 35, 2
#: Words on either side of a strange one that are looked through with it, at least: it may be a
#: piece of a word that somebody cut.
_REACH_MIN = 7
#: The fewest letters of a reversed word.
_TURNED_MIN = 4
#: The fewest letters that spell a word one by one.
_SPELLED_MIN = 3


#: The fewest letters of half a word, and of the word with a space on either side.
_HALF_MIN = 3
_HALVED_MIN = 2 * _HALF_MIN + 2


#: A term that was found, by its number; where in the reading it begins and ends; and whether it is
#: written as it is listed, but for what stands between its words. A plain tuple, because so many
#: are made.
Hit: TypeAlias = tuple[int, int, int, bool]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One way to write a term."""

    term: int
    letters: str
    #: Where words may part in it.
    gaps: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Innocent:
    """What is no disguise, however it looks."""

    #: Words and names.
    words: frozenset[str]
    #: Words that may stand side by side and only happen to make another one together.
    halves: frozenset[str]
    #: Words in whose company nothing is looked for that is disguised.
    familiar: frozenset[str]
    #: Words of scripts without spaces that may end or begin inside a term.
    borders: frozenset[str] = frozenset()


class _Patterns:
    """How terms are written, looked for in one pass."""

    def __init__(self, texts: Sequence[str]) -> None:
        """`texts`: for each term how it is written; "" if it is not."""
        first: dict[str, int] = {}
        #: By the first of several terms that are written alike: all of these.
        self._alike: dict[int, list[int]] = {}
        for term, text in enumerate(texts):
            if text and (known := first.setdefault(text, term)) != term:
                self._alike.setdefault(known, [known]).append(term)
        self._automaton: _Automaton | None = AhoCorasick(list(first)) if first else None
        self._first = list(first.values())

    def terms_of(self, number: int) -> Sequence[int]:
        """The terms behind a number that `find` returned."""
        term = self._first[number]
        return self._alike.get(term) or (term,)

    def find(self, text: str) -> Sequence[Found]:
        if self._automaton is None:
            return ()
        return self._automaton.find_matches_as_indexes(text, overlapping=True)


class _Automaton(Protocol):
    """What is used of the package, which has no types."""

    def find_matches_as_indexes(self, haystack: str, *, overlapping: bool) -> Sequence[Found]:
        """The number of each pattern that is there, and where it begins and ends."""
        ...


class Vocabulary:
    """Terms, compiled once; a term is found by its number."""

    def __init__(
        self, terms: Sequence[str], innocent: Innocent, reach_min: int = _REACH_MIN
    ) -> None:
        """`terms` are folded.

        `reach_min`: the fewest words on either side of a strange one that are looked through with
        it. Vocabularies with the same reach share the parts that they look through.
        """
        self._innocent = innocent.words
        self._familiar = innocent.familiar
        self._ordinary = innocent.halves
        self._texts = each_spoken(terms)
        #: One strange word of the longest term has all others looked through.
        self.reach = max([reach_min, *(text.count(" ") - 2 for text in self._texts)])
        #: Terms that somebody may split into two words, behind the terms themselves.
        self._halved = list(self._halved_terms())
        self._spoken = _Patterns([*self._texts, *(text for _, text in self._halved)])
        self._squeezed = _Patterns(each_squeezed(self._texts))
        self._patterns: dict[int, _Pattern] = {}

    def find(self, line: Spoken) -> list[Hit]:
        """Every term that stands in the line; UnreadableError if too many are disguised."""
        hits = self._find_spoken(line)
        for part in line.disguised_parts(self._familiar, self.reach):
            hits += self._find_in_part(part, line)
        return hits

    def _find_spoken(self, line: Spoken) -> list[Hit]:
        """The terms that stand in a line as they are spoken."""
        hits: list[Hit] = []
        listed = len(self._texts)
        found = self._spoken.find(line.spoken)
        line.spend(_HIT_COST * len(found))
        for number, start, end in found:
            begin, last = line.span_in_reading(start, end)
            for term in self._spoken.terms_of(number):
                if term < listed:
                    hits.append((term, begin, last, True))
                elif line.is_close(begin, last):
                    hits.append((self._halved[term - listed][0], begin, last, False))
        return hits

    def _find_in_part(self, part: Squeezed, line: Spoken) -> list[Hit]:
        """The terms that are disguised in a part of a line."""
        line.spend(_PART_COST + _PART_WORD_COST * len(part.words))
        hits: list[Hit] = []
        if found := self._squeezed.find(part.both_ways):
            for turned, there in (
                (False, part.found_forwards(found)),
                (True, part.found_backwards(found)),
            ):
                stretches = part.stretches(there)
                line.spend(_CHECK_COST * len(stretches))
                for hit in self._find_disguised(part, stretches, turned=turned):
                    hits.append(hit)
                    if len(hits) > _DISGUISED_MAX:
                        raise UnreadableError
        return hits

    def _halved_terms(self) -> Iterator[tuple[int, str]]:
        """Terms of one word with a space in it, where both halves are words and not just chance.

        A split that leaves a strange word is found by that word; this kind is not: `fin gering`.
        """
        for term, text in enumerate(self._texts):
            if text.count(" ") > 2 or len(text) < _HALVED_MIN or not text.isascii():
                continue
            for at in range(1 + _HALF_MIN, len(text) - _HALF_MIN):
                halves = {text[1:at], text[at:-1]}
                if halves <= self._familiar and not halves <= self._ordinary:
                    yield term, f"{text[:at]} {text[at:]}"

    def _pattern(self, term: int) -> _Pattern:
        """How a term is written; worked out when it may stand somewhere."""
        if term not in self._patterns:
            parts = self._texts[term].split()
            gaps = frozenset(accumulate(map(len, parts[:-1])))
            self._patterns[term] = _Pattern(term, "".join(parts), gaps)
        return self._patterns[term]

    def _find_disguised(
        self, part: Squeezed, stretches: Sequence[tuple[int, Span, bool]], *, turned: bool
    ) -> Iterator[Hit]:
        """The terms in a part, of those that may stand in its stretches."""
        for number, span, odd in stretches:
            for pattern in map(self._pattern, self._squeezed.terms_of(number)):
                # Familiar words with gaps between them are found as such, or run words together.
                if odd or (pattern.gaps and not turned):
                    plain = self._is_plain_hit(part, pattern, span, turned=turned)
                    if plain is not None:
                        yield pattern.term, *part.span_in_reading(*span), plain

    def _is_plain_hit(
        self, part: Squeezed, pattern: _Pattern, span: Span, *, turned: bool
    ) -> bool | None:
        """Whether the pattern is written plainly; None if it is not there."""
        found = part.squeezed[span[0] : span[1]]
        letters, gaps = pattern.letters, pattern.gaps
        if turned:
            if len(letters) < _TURNED_MIN:
                return None
            letters = letters[::-1]
            gaps = frozenset(len(letters) - gap for gap in gaps)
        exact = found == letters
        is_spoken = exact and not turned and part.parts_at(span, gaps)
        if is_spoken or not (exact or _repeats_letters(found, letters)):
            return None  # It is no hit, or was found as it is spoken.
        if not exact:
            gaps = frozenset(_gap_among_repeats(found, letters, gap) for gap in gaps)
        if not part.stands_alone(span, len(letters)):
            return None
        splits = part.splits(span, gaps)
        if splits and (self._is_chance(found, splits) or part.begins_elided(span)):
            return None
        tricked = turned or not exact
        if (tricked or gaps) and self._is_ordinary(part, span, glued=not tricked):
            return None
        return not tricked and not splits

    def _is_chance(self, found: str, splits: list[int]) -> bool:
        """Whether adjacent words only happen to form another one together."""
        edges = [0, *splits, len(found)]
        parts = [found[a:b] for a, b in pairwise(edges)]
        if all(len(part) == 1 for part in parts):
            return len(parts) < _SPELLED_MIN and found.isascii()
        return self._ordinary.issuperset(parts)

    def _is_ordinary(self, part: Squeezed, span: Span, *, glued: bool) -> bool:
        """Whether the words that were found are innocent words themselves.

        `glued`: the hit is one word that is written like several of a term.
        """
        touched = part.words_of(span)
        if len(touched) > 1 and (glued or part.holds_ties(span)):
            return False
        return all(word in self._innocent for word in touched)


@lru_cache(maxsize=4096)
def _repeats_letters(found: str, letters: str) -> bool:
    """Whether what was found is the term with some of its letters repeated."""
    if len(found) < len(letters):
        return False
    runs = [(m[0][0], len(m[0])) for m in _RUNS.finditer(found)]
    wanted = [(m[0][0], len(m[0])) for m in _RUNS.finditer(letters)]
    return len(runs) == len(wanted) and all(
        a == b and n >= m for (a, n), (b, m) in zip(runs, wanted, strict=True)
    )


def _gap_among_repeats(found: str, letters: str, gap: int) -> int:
    """Where a gap of the term falls in what was found, which repeats letters."""
    runs = len(collapsed(letters[:gap]))
    return [m.end() for m in _RUNS.finditer(found)][runs - 1]
