"""Dampens weights so that no voter and no prompt dominates. Pure.

A busy voter counts more than a rare one, but not in proportion: beyond the median, the total weight
of a voter's judgements grows with the square root of their number, and so does a prompt's.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from statistics import median


def damping_factors(owners: Sequence[Hashable]) -> list[float]:
    """A factor in 0..1 for each judgement; `owners` holds the voter (or prompt) of each."""
    counts = Counter(owners)
    median_count = median(counts.values()) if counts else 1
    return [min(1.0, math.sqrt(median_count / counts[name])) for name in owners]
