"""`Glossary`: a tags file indexed for lookups within microseconds.

Built once per model, off the event loop; immutable. Must not know prompts.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from models.catalogue.tags.book import KnownTag, TagBook, plain
from models.catalogue.tags.near_names import NearNames

#: The weight of a word that begins a tag, compared with one inside it.
_FRONT = 4
#: Sorts after every text that begins like another.
_LAST = "\U0010ffff"
#: Words without a meaning of their own, which surround tags in sentences.
FILLERS = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "with",
        "without",
        "in",
        "on",
        "at",
        "of",
        "is",
        "are",
        "has",
        "have",
        "who",
        "her",
        "his",
        "its",
        "their",
        "she",
        "he",
        "it",
        "very",
        "wearing",
        "wears",
        "from",
        "to",
        "for",
        "by",
        "no",
        "not",
        "as",
        "some",
        "this",
        "that",
        "behind",
        "over",
        "under",
        "near",
        "into",
        "one",
        "の",
        "と",
        "が",
        "は",
        "で",
        "に",
        "を",
        "も",
        "な",
        "い",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A matching tag; `by` is the alias that matched, if it was one."""

    text: str
    count: float
    by: str | None = None


class Glossary:
    """The meaning of each word, and the tags that begin with a text."""

    def __init__(self, book: TagBook) -> None:
        self.book = book
        #: The tags that a text stands for, in plain form; `met` holds those that the model has
        #: seen.
        self._meant: dict[str, tuple[str, ...]] = {}
        self.met: set[str] = set()
        self._words: set[str] = set()
        for text, tag in book.tags.items():
            self._learn(text, tag)

    def _learn(self, text: str, tag: KnownTag) -> None:
        for name in (text, *tag.synonyms):
            name_plain = plain(name)
            self._add(name_plain, text)
            self.met.add(name_plain)
            self._words.update(name_plain.replace("-", " ").split())
        for name in tag.aliases:
            self._add(plain(name), text)

    def _add(self, name: str, text: str) -> None:
        meant = self._meant.get(name, ())
        if text not in meant:
            self._meant[name] = (*meant, text)

    def __bool__(self) -> bool:
        """Whether anything is known at all; otherwise no word can be judged."""
        return bool(self._meant)

    def meaning(self, text: str) -> tuple[str, ...]:
        """The tags that a text in plain form stands for, one or more; () if none.

        A plural stands for the same as its singular, and vice versa.
        """
        for form in (text, text.replace("-", " "), text + "s", text.removesuffix("s")):
            if meant := self._meant.get(form):
                return meant
        return ()

    def knows(self, word: str) -> bool:
        """Whether some training caption had this word, in plain form, in any tag."""
        return word in self._words or word.removesuffix("s") in self._words

    def group(self, text: str) -> str:
        """The group of a tag; "" if it has none."""
        return self.book.tags[text].group

    @cached_property
    def closed_by(self) -> dict[str, frozenset[str]]:
        """The groups hidden by each piece that may be filled in.

        Leaves out pieces that name an unknown tag.
        """
        fillings = (
            shares for group in self.book.groups.values() for shares in group.filling.values()
        )
        pieces = {piece: piece.split(", ") for shares in fillings for piece in shares}
        tags = self.book.tags
        return {
            piece: frozenset(group for name in names for group in tags[name].closes)
            for piece, names in pieces.items()
            if tags.keys() >= {*names}
        }

    @cached_property
    def longest(self) -> int:
        """The word count of the longest name, at most six."""
        return max((min(6, name.count(" ") + 1) for name in self._meant), default=1)

    @cached_property
    def popular(self) -> tuple[str, ...]:
        """The most common tags, as many as anybody may want to see."""
        tags = self.book.tags
        return tuple(heapq.nlargest(500, tags, key=lambda text: tags[text].count))

    def beginning(self, text: str, most: int) -> list[Fit]:
        """Tags with a name in which a word begins like this, the most common first."""
        entries, ranks = self._entries, self._ranks
        low = bisect_left(entries, (text,))
        high = bisect_left(entries, (text + _LAST,), low)
        best = heapq.nlargest(4 * most, range(low, high), key=ranks.__getitem__)
        found: dict[str, Fit] = {}
        for place in best:
            _, tag, by = entries[place]
            if tag not in found:
                found[tag] = Fit(text=tag, count=self.book.tags[tag].count, by=by)
        return list(found.values())[:most]

    def nearest(self, text: str, most: int = 1) -> list[str]:
        """Tags with a similar spelling, the nearest and then the most common first.

        The text must be in plain form and no name itself.
        """
        near: dict[str, tuple[int, float]] = {}
        for slips, name in self._near_names.near(text):
            for tag in self._meant[name]:
                rank = (slips, -self.book.tags[tag].count)
                near[tag] = min(rank, near.get(tag, rank))
        return sorted(near, key=near.__getitem__)[:most]

    def prepare(self) -> None:
        """Build in advance what the first lookup would wait for."""
        _ = self._ranks, self._near_names, self.popular, self.longest, self.closed_by

    @cached_property
    def _near_names(self) -> NearNames:
        return NearNames(tuple(self._meant))

    @cached_property
    def _entries(self) -> list[tuple[str, str, str | None]]:
        """(prefix text, tag, the alias that it is found by or None), sorted."""
        found: set[tuple[str, str, str | None]] = set()
        for name, meant in self._meant.items():
            for tag in meant:
                by = None if name == plain(tag) else name
                found.update((tail, tag, by) for tail in _tails(name))
        return sorted(found, key=lambda entry: (entry[0], entry[1], entry[2] or ""))

    @cached_property
    def _ranks(self) -> list[float]:
        tags = self.book.tags
        return [
            tags[tag].count * (_FRONT if (by or plain(tag)) == tail else 1)
            for tail, tag, by in self._entries
        ]


def _tails(name: str) -> Iterator[str]:
    """The name, starting from each of its words."""
    words = name.split()
    for start in range(len(words)):
        yield " ".join(words[start:])


#: Stands for the vocabulary of a model without a tags file.
NOTHING = Glossary(TagBook())
