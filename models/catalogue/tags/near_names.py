"""Finds names with a spelling close to a text: `brwn hair` and `brown hair`. Pure.

Candidates share groups of three letters, then Damerau-Levenshtein distance decides: an inserted,
missing, replaced or transposed letter is one typo.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

#: How many candidates are compared exactly, and the longest text that is looked up.
_CLOSELY, _LETTERS_MAX = 40, 40
#: How many typos are allowed, by the length of the text.
_SLIPS = ((9, 2), (4, 1))
#: Groups of three letters in more names than this say little and cost much.
_COMMON = 4_000


class NearNames:
    """An index of names by their groups of three letters."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._holding: defaultdict[str, list[int]] = defaultdict(list)
        for place, name in enumerate(names):
            for letters in _trigrams(name):
                self._holding[letters].append(place)

    def near(self, text: str) -> Iterator[tuple[int, str]]:
        """(typos, name) for every name that the text may mean, in no order."""
        allowed = next((slips for letters, slips in _SLIPS if len(text) >= letters), 0)
        if not allowed or len(text) > _LETTERS_MAX:
            return
        for name in self._alike(text, allowed):
            slips = _distance(text, name, allowed)
            if slips <= allowed:
                yield slips, name

    def _alike(self, text: str, allowed: int) -> list[str]:
        """The names of similar length that share most with it."""
        shared: Counter[int] = Counter()
        for letters in _trigrams(text):
            places = self._holding.get(letters, ())
            if len(places) <= _COMMON:
                shared.update(places)
        named = ((count, self._names[place]) for place, count in shared.items())
        close = [(n, name) for n, name in named if abs(len(name) - len(text)) <= allowed]
        return [name for _, name in sorted(close, key=lambda pair: -pair[0])[:_CLOSELY]]


def _trigrams(name: str) -> set[str]:
    padded = f" {name} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


def _distance(one: str, other: str, most: int) -> int:
    """The number of typos between two texts; anything above `most` is not exact."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        previous, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, previous[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
