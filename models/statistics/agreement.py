"""How far voters agree, and so how well a single vote can be predicted.

The gate and reports use it to compare a reward model with the voters' agreement. Must not know what
people vote on. Ratings are one mapping per voter, from the unit they rated to their rating.
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
    """Shares of single votes that the voters' majority predicts, in 0..1.

    The best predictor of the crowd is right in a share between the two (after Nili et al. 2014,
    "noise ceiling"): `low` by the majority of the *other* voters, `high` by that of all.
    """

    low: float
    high: float


def alpha(ratings: Ratings, metric: Literal["nominal", "ordinal"] = "nominal") -> float | None:
    """Krippendorff's alpha: 1 is full agreement, 0 is chance, below 0 is contradiction.

    Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section D. A unit counts if it
    has two ratings. None if it is undefined: no such unit, or all ratings are equal.
    """
    units = [unit for unit in _values_by_unit(ratings) if len(unit) > 1]
    sums = Counter(value for unit in units for value in unit)
    total = sum(sums.values())
    if len(sums) < 2:
        return None
    distances = _nominal(sums) if metric == "nominal" else _ordinal(sums)
    observed = sum(
        2 * distances[a, b] * counts[a] * counts[b] / (len(unit) - 1)
        for unit in units
        for counts in (Counter(unit),)
        for a, b in combinations(sorted(counts), 2)
    )
    expected = sum(
        2 * distances[a, b] * sums[a] * sums[b] for a, b in combinations(sorted(sums), 2)
    ) / (total - 1)
    return 1 - observed / expected


def pairwise_agreement(ratings: Ratings) -> float | None:
    """How often two voters who rated the same thing agree, in 0..1; None if no two did."""
    same = pairs = 0
    for unit in _values_by_unit(ratings):
        pairs += len(unit) * (len(unit) - 1) // 2
        same += sum(count * (count - 1) // 2 for count in Counter(unit).values())
    return same / pairs if pairs else None


def ceiling(ratings: Ratings) -> Ceiling | None:
    """How well the voters' majority predicts one vote; None if nothing was rated twice.

    If a majority is tied, each of its values is right in its share of the cases.
    """
    low = high = 0.0
    votes = 0
    for unit in _values_by_unit(ratings):
        if len(unit) < 2:
            continue
        counts = Counter(unit)
        votes += len(unit)
        for value in unit:
            high += _majority_share(counts, value)
            low += _majority_share(counts - Counter([value]), value)
    return Ceiling(low=low / votes, high=high / votes) if votes else None


def _majority_share(counts: Counter[float], value: float) -> float:
    """The chance that the majority, ties split evenly, has this value."""
    most = max(counts.values())
    leading = [rating for rating, count in counts.items() if count == most]
    return (value in leading) / len(leading)


def _values_by_unit(ratings: Ratings) -> Iterator[list[float]]:
    """The ratings of each unit."""
    units: defaultdict[Hashable, list[float]] = defaultdict(list)
    for rated in ratings:
        for unit, value in rated.items():
            units[unit].append(value)
    yield from units.values()


def _nominal(sums: Counter[float]) -> dict[tuple[float, float], float]:
    """All pairs of different names are equally far apart."""
    return dict.fromkeys(combinations(sorted(sums), 2), 1.0)


def _ordinal(sums: Counter[float]) -> dict[tuple[float, float], float]:
    """Two ranks are as far apart as the number of ratings from one to the other."""
    values = sorted(sums)
    return {
        (a, b): (sum(sums[v] for v in values if a <= v <= b) - (sums[a] + sums[b]) / 2) ** 2
        for a, b in combinations(values, 2)
    }
