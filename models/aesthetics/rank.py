"""Rank correlation.

Called by the training and by the command. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import correlation


def ranks(values: Sequence[float]) -> list[float]:
    """The rank of each value, from 1; equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=values.__getitem__)
    places = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for index in order[start : end + 1]:
            places[index] = (start + end) / 2 + 1
        start = end + 1
    return places


def spearman(a: Sequence[float], b: Sequence[float]) -> float:
    """Spearman's rank correlation, -1..1; NaN if one side is constant or shorter than two."""
    if len(set(a)) < 2 or len(set(b)) < 2:
        return math.nan
    return correlation(ranks(a), ranks(b))
