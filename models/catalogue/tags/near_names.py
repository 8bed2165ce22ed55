"""Which names are spelt nearly as a text: `brwn hair` and `brown hair`. Pure.

Names are found by the groups of three letters that they share, then held against each other by
Damerau-Levenshtein's distance: one letter more, less, other or changed about is one slip.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

#: Names that are looked at closely, and the letters of a text that is looked for at most.
_CLOSELY, _LETTERS_MAX = 40, 40
#: How many slips may pass for one word, by the letters of the text.
_SLIPS = ((9, 2), (4, 1))
#: Groups of three letters that are in more names than this say little and cost much.
_COMMON = 4_000


class NearNames:
    """Names by the groups of three letters in them."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._holding: defaultdict[str, list[int]] = defaultdict(list)
        for place, name in enumerate(names):
            for letters in _trigrams(name):
                self._holding[letters].append(place)

    def near(self, text: str) -> Iterator[tuple[int, str]]:
        """(slips, name) of every name that the text may have been meant for, in no order."""
        allowed = next((slips for letters, slips in _SLIPS if len(text) >= letters), 0)
        if not allowed or len(text) > _LETTERS_MAX:
            return
        for name in self._alike(text, allowed):
            slips = _distance(text, name, allowed)
            if slips <= allowed:
                yield slips, name

    def _alike(self, text: str, allowed: int) -> list[str]:
        """The names of nearly its length that share most with it."""
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
    """Slips between two texts; more than `most` where there are more."""
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
