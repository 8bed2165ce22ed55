"""Tempers weights so that no voter and no prompt dominates: totals grow with the root. Pure.

A busy voter counts more than a rare one, but not in proportion: beyond the median, a voter's
judgements together weigh as the square root of their number, and so do those about one prompt.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from statistics import median


def tempered(whose: Sequence[Hashable]) -> list[float]:
    """A factor in 0..1 for each judgement, given the voter (or prompt) of each."""
    counts = Counter(whose)
    usual = median(counts.values()) if counts else 1
    return [min(1.0, math.sqrt(usual / counts[name])) for name in whose]
