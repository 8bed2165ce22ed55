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
_FRONT_WEIGHT = 4
#: Sorts after every text that begins like another.
_SORTS_LAST = "\U0010ffff"
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
class TagMatch:
    """A matching tag; `alias` is the alias that matched, if it was one."""

    text: str
    count: float
    alias: str | None = None


class Glossary:
    """The meaning of each word, and the tags that begin with a text."""

    def __init__(self, book: TagBook) -> None:
        self.book = book
        #: The tags that each name in plain form stands for; `seen_names` holds the names that the
        #: model has seen.
        self._tags_by_name: dict[str, tuple[str, ...]] = {}
        self.seen_names: set[str] = set()
        self._seen_words: set[str] = set()
        for text, tag in book.tags.items():
            self._index_tag(text, tag)

    def _index_tag(self, text: str, tag: KnownTag) -> None:
        for name in (text, *tag.synonyms):
            name_plain = plain(name)
            self._add_name(name_plain, text)
            self.seen_names.add(name_plain)
            self._seen_words.update(name_plain.replace("-", " ").split())
        for name in tag.aliases:
            self._add_name(plain(name), text)

    def _add_name(self, name: str, text: str) -> None:
        tags = self._tags_by_name.get(name, ())
        if text not in tags:
            self._tags_by_name[name] = (*tags, text)

    def __bool__(self) -> bool:
        """Whether anything is known at all; otherwise no word can be judged."""
        return bool(self._tags_by_name)

    def meaning(self, text: str) -> tuple[str, ...]:
        """The tags that a text in plain form stands for, one or more; () if none.

        A plural stands for the same as its singular, and vice versa.
        """
        for form in (text, text.replace("-", " "), text + "s", text.removesuffix("s")):
            if tags := self._tags_by_name.get(form):
                return tags
        return ()

    def knows(self, word: str) -> bool:
        """Whether some training caption had this word, in plain form, in any tag."""
        return word in self._seen_words or word.removesuffix("s") in self._seen_words

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
    def name_words_max(self) -> int:
        """The word count of the longest name, at most six."""
        return max((min(6, name.count(" ") + 1) for name in self._tags_by_name), default=1)

    @cached_property
    def popular(self) -> tuple[str, ...]:
        """The 500 most common tags."""
        tags = self.book.tags
        return tuple(heapq.nlargest(500, tags, key=lambda text: tags[text].count))

    def starting_with(self, text: str, limit: int) -> list[TagMatch]:
        """Tags with a name in which a word begins like this, the most common first."""
        entries, ranks = self._entries, self._ranks
        low = bisect_left(entries, (text,))
        high = bisect_left(entries, (text + _SORTS_LAST,), low)
        positions = heapq.nlargest(4 * limit, range(low, high), key=ranks.__getitem__)
        matches: dict[str, TagMatch] = {}
        for index in positions:
            _, tag, alias = entries[index]
            if tag not in matches:
                matches[tag] = TagMatch(text=tag, count=self.book.tags[tag].count, alias=alias)
        return list(matches.values())[:limit]

    def nearest(self, text: str, limit: int = 1) -> list[str]:
        """Tags with a similar spelling, the nearest and then the most common first.

        The text must be in plain form and no name itself.
        """
        best: dict[str, tuple[int, float]] = {}
        for typos, name in self._near_names.matches(text):
            for tag in self._tags_by_name[name]:
                rank = (typos, -self.book.tags[tag].count)
                best[tag] = min(rank, best.get(tag, rank))
        return sorted(best, key=best.__getitem__)[:limit]

    def prepare(self) -> None:
        """Build in advance what would delay the first lookup."""
        _ = self._ranks, self._near_names, self.popular, self.name_words_max, self.closed_by

    @cached_property
    def _near_names(self) -> NearNames:
        return NearNames(tuple(self._tags_by_name))

    @cached_property
    def _entries(self) -> list[tuple[str, str, str | None]]:
        """(the text from some word on, tag, the alias it comes from or None), sorted."""
        entries: set[tuple[str, str, str | None]] = set()
        for name, tags in self._tags_by_name.items():
            for tag in tags:
                alias = None if name == plain(tag) else name
                entries.update((tail, tag, alias) for tail in _tails(name))
        return sorted(entries, key=lambda entry: (entry[0], entry[1], entry[2] or ""))

    @cached_property
    def _ranks(self) -> list[float]:
        tags = self.book.tags
        return [
            tags[tag].count * (_FRONT_WEIGHT if (alias or plain(tag)) == tail else 1)
            for tail, tag, alias in self._entries
        ]


def _tails(name: str) -> Iterator[str]:
    """The name, starting from each of its words."""
    words = name.split()
    for start in range(len(words)):
        yield " ".join(words[start:])


#: Stands for the vocabulary of a model without a tags file.
NOTHING = Glossary(TagBook())
