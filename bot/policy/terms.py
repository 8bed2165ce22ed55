"""Finds terms in a text, with what they belong to: concepts' words and servers' own alike.

Called by `screening`. Pure. Must not know rules or prompts.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import accumulate, chain
from typing import Literal, TypeAlias

from bot.policy.borders import is_chance
from bot.policy.expressions import Span
from bot.policy.matching import Hit, Innocent, Vocabulary
from bot.policy.spoken import Spoken

#: What a term does: it is a word of a concept, or in it no word of a concept counts, `apart` only
#: where nobody is who is on the floor; a server blocks it, or a server allows it, and in it only
#: the floor counts.
Part: TypeAlias = Literal["words", "harmless", "apart", "blocked", "allowed"]
#: What a term does, and for what: a concept's name, or a server's term as it is written there.
Label: TypeAlias = tuple[Part, str]


#: By the text of a line, the terms in it.
Known: TypeAlias = dict[str, Sequence[Hit]]
#: The cost of a hit in a text that is known already, in characters read.
_KNOWN_HIT_COST = 5


class Sightings:
    """Where terms stand, by what they do and what they do it for."""

    __slots__ = ("allowed", "apart", "blocked", "harmless", "words")

    def __init__(self) -> None:
        # Made for every reading of every prompt: no factories of `dataclasses`, which are slower.
        self.words: dict[str, set[Span]] = {}
        self.harmless: dict[str, set[Span]] = {}
        self.apart: dict[str, set[Span]] = {}
        self.blocked: dict[str, set[Span]] = {}
        self.allowed: dict[str, set[Span]] = {}

    def shields(self, concepts: Iterable[str]) -> set[Span]:
        """Where harmless phrases of these concepts stand."""
        return {span for name in concepts for span in self.harmless.get(name, ())}

    def add(self, other: Sightings, excusing_concepts: Callable[[str], Iterable[str]]) -> None:
        """Add what another reading shows, except what its own harmless phrases excuse.

        Its phrases excuse only its own words: a plainly written word still counts.
        `excusing_concepts` gives the concepts whose phrases excuse a concept's words.
        """
        for name, spans in other.allowed.items():
            if kept := spans - self._phrases_over_seen_words(spans):
                self.allowed.setdefault(name, set()).update(kept)
        for name, spans in other.words.items():
            shields = other.shields(excusing_concepts(name)) if other.harmless else ()
            if kept := untouched(spans, shields):
                self.words.setdefault(name, set()).update(kept)
        for name, spans in other.blocked.items():
            self.blocked.setdefault(name, set()).update(spans)

    def _phrases_over_seen_words(self, phrases: Iterable[Span]) -> set[Span]:
        """The phrases that contain a word that was seen before."""
        seen = [*chain.from_iterable((*self.words.values(), *self.blocked.values()))]
        return {(a, b) for a, b in phrases if any(a <= c and d <= b for c, d in seen)}


#: These take words away, so they count only where they are plainly written.
_LENIENT = frozenset({"harmless", "apart", "allowed"})


class TermIndex:
    """Labelled terms, compiled once."""

    def __init__(
        self,
        terms: Iterable[tuple[Label, Iterable[str]]],
        innocent: Innocent,
        shares_parts_with: TermIndex | None = None,
    ) -> None:
        """Terms are folded; a label may come several times.

        `shares_parts_with`: the index that searches the same lines, whose parts of them this one
        uses too.
        """
        labels: dict[str, tuple[Label, ...]] = {}
        for label, labelled in terms:
            alone = (label,)
            for term in labelled:
                known = labels.setdefault(term, alone)
                if known is not alone and label not in known:
                    labels[term] = (*known, label)
        self._labels = list(labels.values())
        self._borders = innocent.borders
        #: Phrases in which a comma stands, and may: a place with its country.
        self._across = frozenset(
            n for n, term in enumerate(labels) if "," in term or "\u3001" in term
        )
        reach = (shares_parts_with.reach,) if shares_parts_with else ()
        self._vocabulary = Vocabulary(list(labels), innocent, *reach)

    @property
    def reach(self) -> int:
        """How many words on either side of a strange one are looked through with it."""
        return self._vocabulary.reach

    def find_terms(self, line: Spoken, found: Sightings, known: Known) -> None:
        """Add the terms in a line; `known`: what was found in other lines, by their text."""
        ascii_only = line.text.isascii()
        for term, start, end, plain in self._find_hits(line, known):
            if not ascii_only and is_chance(line.text, (start, end), self._borders):
                continue
            placed = line.span_in_text(start, end)
            for part, name in self._labels[term]:
                across = part == "apart" and term in self._across
                if part not in _LENIENT or (plain and line.is_close(start, end, across=across)):
                    spans: dict[str, set[Span]] = getattr(found, part)
                    if places := spans.get(name):
                        places.add(placed)
                    else:
                        spans[name] = {placed}

    def _find_hits(self, line: Spoken, known: Known) -> Sequence[Hit]:
        """The hits in a line; in a known text only the hits cost anything."""
        if line.text in known:
            hits = known[line.text]
            line.spend(_KNOWN_HIT_COST * len(hits))
            return hits
        known[line.text] = hits = self._vocabulary.find(line)
        return hits


def outside(spans: Iterable[Span], shields: Collection[Span]) -> set[Span]:
    """The spans that are inside none of the shields."""
    if not shields:
        return set(spans)
    begins, reach = _begins_and_reach(shields)
    return {(a, b) for a, b in spans if reach[bisect_right(begins, a)] < b}


def untouched(spans: Iterable[Span], shields: Collection[Span]) -> set[Span]:
    """The spans that are inside no shield and share no part with one: `nude, kid` in `kid gloves`.

    A shield inside a span takes nothing of it: the longer says more.
    """
    if not shields:
        return set(spans)
    begins, reach = _begins_and_reach(shields)

    def is_cut(at: int) -> bool:
        return reach[bisect_left(begins, at)] > at

    return {(a, b) for a, b in outside(spans, shields) if not is_cut(a) and not is_cut(b)}


def _begins_and_reach(shields: Collection[Span]) -> tuple[Sequence[int], list[int]]:
    """Where shields begin, and the farthest end of each shield and those before it."""
    begins, ends = zip(*sorted(shields), strict=True)
    return begins, [0, *accumulate(ends, max)]
