"""Makes a tags file from captions: how often each tag occurs, alone and with others.

A caption comes as its tags by group and counts once. Called by whatever makes models: the
painter's captions give the embedded model's file, a recipe's captions its model's. Pure; must not
know where captions come from.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from models.catalogue.tags.book import KnownTag, TagBook, TagGroup

GroupedTags = Mapping[str, tuple[str, ...]]

#: The minimum number of captions with a tag before anything is concluded from it.
_CAPTIONS_MIN = 40
#: How far shares must differ from those of all captions (total variation), beyond chance, to be
#: kept separately.
_DISTANCE_MIN, _CHANCE_FACTOR = 0.15, 0.6
#: A tag closes a group if this many joint occurrences were expected and none came.
_EXPECTED_MIN = 12


def learn_book(
    captions: Iterable[GroupedTags],
    order: Sequence[str],
    *,
    may_be_open: Collection[str],
    min_share: float = 0.0,
) -> TagBook:
    """The book of these captions; groups come in this `order`, the order of filling.

    A group in `may_be_open` is open if at least `min_share` of the captions (0 to 1) mention it.
    """
    counts = _TagCounts(list(captions))
    groups = {
        name: TagGroup(
            open=name in may_be_open and counts.share(name) >= min_share,
            filling=counts.filling(name),
        )
        for name in order
    }
    tags = {
        tag: KnownTag(group=counts.groups[tag], count=count, closes=counts.closes[tag])
        for tag, count in counts.tags.most_common()
    }
    return TagBook(groups=groups, tags=tags)


def merge_books(base: TagBook, more: TagBook) -> TagBook:
    """The vocabulary of a further trained model: counts add up, the later shares apply."""
    tags = dict(base.tags)
    for text, tag in more.tags.items():
        known = tags.get(text)
        tags[text] = replace(known, count=known.count + tag.count) if known else tag
    filled = {name: group for name, group in more.groups.items() if group.open}
    return replace(base, groups={**more.groups, **base.groups, **filled}, tags=tags)


class _TagCounts:
    """How often each tag occurs, and how often with the first tag of each other group."""

    def __init__(self, captions: Sequence[GroupedTags]) -> None:
        #: The group of each tag; if it occurs in several, the most frequent one.
        self.groups = _groups(captions)
        #: The first tag of each group that a caption mentions, and all of its tags.
        self._captions = [
            (
                {group: tags[0] for group, tags in grouped.items() if tags},
                tuple(dict.fromkeys(tag for tags in grouped.values() for tag in tags)),
            )
            for grouped in captions
        ]
        self.tags = Counter(tag for _, tags in self._captions for tag in tags)
        self._group_counts = Counter(group for firsts, _ in self._captions for group in firsts)
        self.closes = self._closed_groups()

    def share(self, group: str) -> float:
        """The share of captions that mention it, 0 to 1."""
        return self._group_counts[group] / max(1, len(self._captions))

    def _closed_groups(self) -> dict[str, tuple[str, ...]]:
        """By tag, the groups that never occur with it, though chance predicts that they would."""
        beside: defaultdict[str, set[str]] = defaultdict(set)
        for firsts, tags in self._captions:
            for tag in tags:
                beside[tag].update(firsts)
        return {
            tag: tuple(
                group
                for group in self._group_counts
                if count * self.share(group) >= _EXPECTED_MIN and group not in beside[tag]
            )
            for tag, count in self.tags.items()
        }

    def filling(self, group: str) -> dict[str, dict[str, float]]:
        """The shares in all captions where nothing closes the group, under the empty text.

        Before these come the shares beside tags that change them much, the most changed first.
        """
        counts, totals = self._counts_beside(group)
        overall = _shares(counts[""], totals[""])
        tags_by_shares: defaultdict[tuple[tuple[str, float], ...], list[str]] = defaultdict(list)
        distances: defaultdict[tuple[tuple[str, float], ...], float] = defaultdict(float)
        # Sorted: rules that are equally far apart would change places with the order of a set.
        for tag in sorted(totals.keys() - {""}):
            beside = _shares(counts[tag], totals[tag])
            chance = _CHANCE_FACTOR * math.sqrt(len(overall) / totals[tag])
            if (
                totals[tag] >= _CAPTIONS_MIN
                and _variation(beside, overall) > _DISTANCE_MIN + chance
            ):
                key = tuple(sorted(beside.items()))
                tags_by_shares[key].append(tag)
                distances[key] = max(distances[key], _variation(beside, overall))
        rules = sorted(tags_by_shares, key=lambda key: (-distances[key], tags_by_shares[key]))
        return {", ".join(sorted(tags_by_shares[key])): dict(key) for key in rules} | {"": overall}

    def _counts_beside(self, group: str) -> tuple[dict[str, Counter[str]], Counter[str]]:
        """By tag of another group: counts of this group's first tag beside it, and of its captions.

        Under "" are the counts in all captions where nothing closes the group.
        """
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        totals: Counter[str] = Counter()
        closing = {tag for tag, groups in self.closes.items() if group in groups}
        for firsts, tags in self._captions:
            if closing.isdisjoint(tags):
                others = ("", *(tag for tag in tags if self.groups[tag] != group))
                totals.update(others)
                if (first := firsts.get(group)) is not None:
                    for tag in others:
                        counts[tag][first] += 1
        return counts, totals


def _groups(captions: Sequence[GroupedTags]) -> dict[str, str]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for grouped in captions:
        for group, tags in grouped.items():
            for tag in tags:
                counts[tag][group] += 1
    return {tag: groups.most_common(1)[0][0] for tag, groups in counts.items()}


def _shares(counts: Counter[str], total: int) -> dict[str, float]:
    """Rounded to three digits, so that differences below the effect of chance vanish."""
    return {piece: round(count / total, 3) for piece, count in counts.items()}


def _variation(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """The total variation distance, including what each lacks of 1."""
    rests = abs(math.fsum(one.values()) - math.fsum(other.values()))
    apart = math.fsum(abs(one.get(p, 0) - other.get(p, 0)) for p in one.keys() | other.keys())
    return (apart + rests) / 2
