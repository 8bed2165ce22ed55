"""The share of upvotes that a picture would have in the long run: a Beta posterior.

Leaderboards and curation call it; `sequential` integrates with it. Must not know where votes come
from; they may be weighted, so counts are not whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Steps of the continued fraction, of Newton's method, and points of the integral.
_FRACTIONS, _STEPS, _POINTS = 500, 200, 800
_TINY = 1e-300
#: Two floats closer together than this fraction of their value are neighbours.
_ULP = 2.0**-52


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """The prior for a picture without votes: `a` votes up and `b` down, both > 0."""

    a: float = 1.0
    b: float = 1.0

    def __post_init__(self) -> None:
        if not (self.a > 0 and self.b > 0 and math.isfinite(self.a + self.b)):
            raise ValueError("a prior needs two finite numbers above 0")


#: The least and the most votes that a server's prior may be worth.
_LEAST_PRIOR, _MOST_PRIOR = 2.0, 50.0


def prior_of(tallies: Sequence[tuple[float, float]]) -> Prior:
    """Fit a server's prior to its pictures' votes, (up, down) each, by empirical Bayes.

    Uses the moments of the Beta-binomial distribution (Kleinman 1973, eq. 2.2 to 2.4, weighted by
    the number of votes). The mean is shrunk towards one half by two votes.
    """
    voted = [(up, up + down) for up, down in tallies if up + down > 0]
    total = sum(n for _, n in voted)
    mean = (sum(up for up, _ in voted) + 1) / (total + 2)
    votes = min(max(_votes_of_prior(voted, mean, total), _LEAST_PRIOR), _MOST_PRIOR)
    return Prior(a=mean * votes, b=(1 - mean) * votes)


def _votes_of_prior(voted: Sequence[tuple[float, float]], mean: float, total: float) -> float:
    """How many votes the server's mean is worth as a prior for one picture."""
    if len(voted) < 2:
        return _LEAST_PRIOR
    spread = sum(n * (up / n - mean) ** 2 for up, n in voted)
    chance = mean * (1 - mean)
    effective_total = total - sum(n * n for _, n in voted) / total
    excess = spread - chance * (len(voted) - 1)
    between = (
        excess / (chance * (effective_total - len(voted) + 1))
        if effective_total > len(voted) - 1
        else 0.0
    )
    return 1 / between - 1 if between > 0 else _MOST_PRIOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """The posterior of a picture's share of upvotes after these (weighted) votes."""

    up: float
    down: float
    prior: Prior = Prior()

    def __post_init__(self) -> None:
        if not (self.up >= 0 and self.down >= 0 and math.isfinite(self.up + self.down)):
            raise ValueError("votes are counted with finite numbers from 0 on")

    @property
    def a(self) -> float:
        """Beta's first parameter."""
        return self.prior.a + self.up

    @property
    def b(self) -> float:
        """Beta's second parameter."""
        return self.prior.b + self.down

    @property
    def mean(self) -> float:
        """The expected share, in 0..1."""
        return self.a / (self.a + self.b)

    @property
    def _spread(self) -> float:
        """The approximate standard deviation of the log odds."""
        return math.sqrt(1 / self.a + 1 / self.b + 1 / self.a**2 + 1 / self.b**2)

    def interval(self, mass: float = 0.9) -> tuple[float, float]:
        """The central interval that contains the share with this probability (0 < mass < 1)."""
        if not 0 < mass < 1:
            raise ValueError("an interval's mass lies between 0 and 1")
        rest = (1 - mass) / 2
        return quantile(rest, self.a, self.b), 1 - quantile(rest, self.b, self.a)

    def probability_better_than(self, other: Posterior) -> float:
        """The probability that this share exceeds the other, in 0..1.

        Integrates this density times the other's distribution function by the trapezoidal rule in
        log odds, where both decay exponentially on both sides. The narrower of the two is used as
        the density, so that no step misses it.
        """
        if self._spread > other._spread:
            return 1 - other.probability_better_than(self)
        middle, reach = math.log(self.a / self.b), 40 * self._spread
        step = 2 * reach / _POINTS
        inside = whole = 0.0
        for point in range(_POINTS + 1):
            odds = middle - reach + point * step
            # Beta's density in log odds: its own times x (1 - x).
            density = math.exp(
                -self.a * _softplus(-odds) - self.b * _softplus(odds) - log_beta(self.a, self.b)
            )
            if density > 1e-20:
                whole += density
                inside += density * cdf(_sigmoid(odds), other.a, other.b)
        return inside / whole


def log_beta(a: float, b: float) -> float:
    """The logarithm of Euler's Beta function."""
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def cdf(x: float, a: float, b: float) -> float:
    """The regularized incomplete Beta function I_x(a, b), in 0..1."""
    return math.exp(log_cdf(x, a, b))


def log_cdf(x: float, a: float, b: float) -> float:
    """The logarithm of I_x(a, b), precise where the value itself would be 0."""
    if x <= 0:
        return -math.inf
    if x >= 1:
        return 0.0
    if x <= (a + 1) / (a + b + 2):
        return min(0.0, _log_lower(x, a, b))
    rest = min(0.0, _log_lower(1 - x, b, a))
    return math.log(-math.expm1(rest)) if rest < 0 else -math.inf


def quantile(share: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = share: Newton's method, halving the bracket where it would leave."""
    low, high, x = 0.0, 1.0, a / (a + b)
    for _ in range(_STEPS):
        value = cdf(x, a, b)
        low, high = (x, high) if value < share else (low, x)
        slope = math.exp((a - 1) * math.log(x) + (b - 1) * math.log1p(-x) - log_beta(a, b))
        guess = x - (value - share) / slope if slope > _TINY else -1.0
        guess = guess if low < guess < high else (low + high) / 2
        if abs(guess - x) <= _ULP * x or not 0 < guess < 1:
            break
        x = guess
    return x


def _log_lower(x: float, a: float, b: float) -> float:
    """Log I_x(a, b) by Lentz's method for its continued fraction (DLMF 8.17.22)."""
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, _FRACTIONS):
        for term in (_even(m, x, a, b), _odd(m, x, a, b)):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    front = a * math.log(x) + b * math.log1p(-x) - log_beta(a, b) - math.log(a)
    return front + math.log(fraction)


def _even(m: int, x: float, a: float, b: float) -> float:
    return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))


def _odd(m: int, x: float, a: float, b: float) -> float:
    return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))


def _away_from_zero(value: float) -> float:
    """The value, bounded away from 0."""
    return value if abs(value) > _TINY else _TINY


def _sigmoid(odds: float) -> float:
    return math.exp(-_softplus(-odds))


def _softplus(value: float) -> float:
    """log(1 + exp(value)) without overflow."""
    return max(value, 0.0) + math.log1p(math.exp(-abs(value)))
