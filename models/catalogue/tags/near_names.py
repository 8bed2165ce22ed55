"""Finds names with a spelling close to a text: `brwn hair` and `brown hair`. Pure.

Candidates share groups of three letters, then Damerau-Levenshtein distance decides: an inserted,
missing, replaced or transposed letter is one typo.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

#: The most candidates that are compared exactly, and the longest text that is looked up.
_COMPARED_MAX, _LETTERS_MAX = 40, 40
#: (least length of a text, typos allowed in it).
_TYPOS_ALLOWED = ((9, 2), (4, 1))
#: Groups of three letters in more names than this distinguish little and cost much.
_NAMES_MAX = 4_000


class NearNames:
    """An index of names by their groups of three letters."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._names_with: defaultdict[str, list[int]] = defaultdict(list)
        for index, name in enumerate(names):
            for letters in _trigrams(name):
                self._names_with[letters].append(index)

    def matches(self, text: str) -> Iterator[tuple[int, str]]:
        """(typos, name) for every name that the text may mean, in no order."""
        allowed = next((typos for letters, typos in _TYPOS_ALLOWED if len(text) >= letters), 0)
        if not allowed or len(text) > _LETTERS_MAX:
            return
        for name in self._candidates(text, allowed):
            typos = _distance(text, name, allowed)
            if typos <= allowed:
                yield typos, name

    def _candidates(self, text: str, allowed: int) -> list[str]:
        """The names of similar length that share the most groups of letters with it."""
        shared: Counter[int] = Counter()
        for letters in _trigrams(text):
            indices = self._names_with.get(letters, ())
            if len(indices) <= _NAMES_MAX:
                shared.update(indices)
        named = ((count, self._names[index]) for index, count in shared.items())
        close = [(n, name) for n, name in named if abs(len(name) - len(text)) <= allowed]
        return [name for _, name in sorted(close, key=lambda pair: -pair[0])[:_COMPARED_MAX]]


def _trigrams(name: str) -> set[str]:
    padded = f" {name} "
    return {padded[start : start + 3] for start in range(len(padded) - 2)}


def _distance(one: str, other: str, limit: int) -> int:
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
        if min(row) > limit:
            return limit + 1
    return row[-1]
