"""So that no voter and no prompt outshouts the others: weights that grow with the root. Pure.

Whoever judges much counts more than whoever judges little, but not as much more as they judge:
beyond the median a voter's judgements together weigh as the square root of their number, and so do
those about one prompt.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from statistics import median


def tempered(whose: Sequence[Hashable]) -> list[float]:
    """A factor in 0..1 for each judgement, of whose (or which prompt's) it is."""
    counts = Counter(whose)
    usual = median(counts.values()) if counts else 1
    return [min(1.0, math.sqrt(usual / counts[name])) for name in whose]
