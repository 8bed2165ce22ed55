"""How far voters agree, and so how well anybody could predict a single vote.

The gate and reports use it to compare a reward model with the voters' own agreement. Must not know
what is voted on. Ratings are one mapping per voter, from what they rated to their rating.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

Ratings = Sequence[Mapping[Hashable, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """Shares of single votes that the voters' own majority predicts, in 0..1.

    The best that can be known of the crowd predicts a share between the two (after Nili et al.
    2014, "noise ceiling"): `low` by the majority of the *other* voters, `high` by that of all.
    """

    low: float
    high: float


def alpha(ratings: Ratings, metric: Literal["nominal", "ordinal"] = "nominal") -> float | None:
    """Krippendorff's alpha: 1 is full agreement, 0 is chance, below 0 is contradiction.

    Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section D. A unit counts if it
    has two ratings. None if it is undefined: no such unit, or all ratings are equal.
    """
    units = [unit for unit in _by_unit(ratings) if len(unit) > 1]
    sums = Counter(value for unit in units for value in unit)
    total = sum(sums.values())
    if len(sums) < 2:
        return None
    apart = _nominal(sums) if metric == "nominal" else _ordinal(sums)
    observed = sum(
        2 * apart[a, b] * counts[a] * counts[b] / (len(unit) - 1)
        for unit in units
        for counts in (Counter(unit),)
        for a, b in combinations(sorted(counts), 2)
    )
    expected = sum(
        2 * apart[a, b] * sums[a] * sums[b] for a, b in combinations(sorted(sums), 2)
    ) / (total - 1)
    return 1 - observed / expected


def between(ratings: Ratings) -> float | None:
    """How often two voters who rated the same thing agree, in 0..1; None if no two did."""
    same = pairs = 0
    for unit in _by_unit(ratings):
        pairs += len(unit) * (len(unit) - 1) // 2
        same += sum(count * (count - 1) // 2 for count in Counter(unit).values())
    return same / pairs if pairs else None


def ceiling(ratings: Ratings) -> Ceiling | None:
    """How well the voters' majority predicts one vote; None if nothing was rated twice.

    If a majority is tied, each of its values is right in its share of the cases.
    """
    low = high = 0.0
    votes = 0
    for unit in _by_unit(ratings):
        if len(unit) < 2:
            continue
        counts = Counter(unit)
        votes += len(unit)
        for value in unit:
            high += _right(counts, value)
            low += _right(counts - Counter([value]), value)
    return Ceiling(low=low / votes, high=high / votes) if votes else None


def _right(counts: Counter[float], value: float) -> float:
    """How often the most frequent value is this one."""
    most = max(counts.values())
    leading = [one for one, count in counts.items() if count == most]
    return (value in leading) / len(leading)


def _by_unit(ratings: Ratings) -> Iterator[list[float]]:
    """The values that each unit was given."""
    units: defaultdict[Hashable, list[float]] = defaultdict(list)
    for given in ratings:
        for unit, value in given.items():
            units[unit].append(value)
    yield from units.values()


def _nominal(sums: Counter[float]) -> dict[tuple[float, float], float]:
    """Two different names are all equally far apart."""
    return dict.fromkeys(combinations(sorted(sums), 2), 1.0)


def _ordinal(sums: Counter[float]) -> dict[tuple[float, float], float]:
    """Two ranks are as far apart as the number of ratings from one to the other."""
    values = sorted(sums)
    return {
        (a, b): (sum(sums[v] for v in values if a <= v <= b) - (sums[a] + sums[b]) / 2) ** 2
        for a, b in combinations(values, 2)
    }
