"""Which pair to ask about next: the one whose answer says most about the strengths.

Called by duels. Must not know pictures or who is asked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

#: Houlsby et al. 2011, below eq. 3.
_C2 = math.pi * math.log(2) / 2
#: The variance of the probit that is closest to a logit.
_PROBIT2 = math.pi / 8


def next_pair(
    strengths: Sequence[float],
    counts: Sequence[float],
    candidates: Sequence[tuple[int, int]],
    *,
    prior_sd: float = 1.0,
) -> tuple[int, int] | None:
    """The most informative candidate, the first of equal ones; None if there are none.

    `counts` gives the (weighted) number of answers about each picture.
    """

    def information_in(pair: tuple[int, int]) -> float:
        spread = sum(_variance(counts[item], prior_sd) for item in pair)
        return information(strengths[pair[0]] - strengths[pair[1]], spread)

    return max(candidates, key=information_in, default=None)


def information(difference: float, variance: float) -> float:
    """The information in the answer to a pair about their strengths, in bits (0..1).

    `difference` is the expected difference in log odds, `variance` its uncertainty. The answer's
    entropy minus its expected entropy given the strengths (BALD, Houlsby et al. 2011, eq. 3), for
    the probit closest to the logit.
    """
    mean, spread = difference * math.sqrt(_PROBIT2), variance * _PROBIT2
    known = math.sqrt(_C2 / (spread + _C2)) * math.exp(-(mean**2) / (2 * (spread + _C2)))
    return max(0.0, _entropy(NormalDist().cdf(mean / math.sqrt(spread + 1))) - known)


def _variance(count: float, prior_sd: float) -> float:
    """The variance of a strength after `count` answers between equals; each adds 1/4 precision."""
    return 1 / (1 / prior_sd**2 + count / 4)


def _entropy(chance: float) -> float:
    """The entropy of one answer, in bits."""
    return -sum(p * math.log2(p) for p in (chance, 1 - chance) if p > 0)
