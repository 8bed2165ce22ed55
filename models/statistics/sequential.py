"""When a blind test between a candidate and its parent is decided: an anytime-valid test.

Evidence is an e-value: the payoff of a bet against the null hypothesis. Under the null it exceeds 1
/ alpha *at any time* with a probability of at most alpha (Ville 1939), so the test may be checked
after every duel, and it may stop at any time. The bet is the mixture of Robbins (1970): a Beta
distribution over the win rates beyond the null.

Called by the shadow test. Must not know duels, voters or models. **Call `after_duel` once per duel,
not per vote**: everybody who votes on a duel sees the same two pictures, so their votes are
correlated, and an e-value that treated them as independent would promote far too often.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from models.statistics.beta import log_beta, log_cdf

#: The mixture, Beta(5, 5) truncated at the null: most of its mass is on win rates up to 0.8.
_MIXTURE = 5.0

Winner = Literal["candidate", "parent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A test with its results so far. Once it is decided, no further duel changes it.

    The candidate wins when its win rate is shown to exceed `p_null` (wrong in at most `alpha` of
    the cases); the parent wins when it is shown to be below `p_hoped` (wrong in at most `beta` of
    the cases), or when `max_duels` duels have decided nothing.
    """

    p_null: float = 0.5
    p_hoped: float = 0.6
    alpha: float = 0.01
    beta: float = 0.05
    #: A candidate that has not won after this many duels has lost.
    max_duels: int = 400
    wins: int = 0
    losses: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.p_null < self.p_hoped < 1:
            raise ValueError("p_null and p_hoped lie between 0 and 1, p_hoped above")
        if not (0 < self.alpha < 1 and 0 < self.beta < 1 and self.max_duels > 0):
            raise ValueError("alpha and beta lie between 0 and 1, and max_duels above 0")

    def after_duel(self, win: bool) -> Test:  # noqa: FBT001  a win or a loss
        """The test after one more duel: whether the candidate won it. Do not report ties."""
        if self.winner:
            return self
        return replace(self, wins=self.wins + win, losses=self.losses + (not win))

    @property
    def duels(self) -> int:
        """The number of duels so far."""
        return self.wins + self.losses

    @property
    def e_value(self) -> float:
        """The evidence that the candidate wins more often than `p_null`; 1 says nothing."""
        return math.exp(min(_log_evidence(self.wins, self.losses, self.p_null), 700.0))

    @property
    def e_value_against(self) -> float:
        """The evidence that it wins less often than `p_hoped`."""
        return math.exp(min(_log_evidence(self.losses, self.wins, 1 - self.p_hoped), 700.0))

    @property
    def winner(self) -> Winner | None:
        """The winner, or None while it is undecided."""
        if self.e_value >= 1 / self.alpha:
            return "candidate"
        if self.e_value_against >= 1 / self.beta or self.duels >= self.max_duels:
            return "parent"
        return None


def _log_evidence(wins: int, losses: int, p_null: float) -> float:
    """The log likelihood ratio of the mixture above `p_null` to the null."""
    return (
        _log_above(wins + _MIXTURE, losses + _MIXTURE, p_null)
        - _log_above(_MIXTURE, _MIXTURE, p_null)
        - wins * math.log(p_null)
        - losses * math.log1p(-p_null)
    )


def _log_above(a: float, b: float, low: float) -> float:
    """Log of the integral of p^(a-1) (1-p)^(b-1) from `low` to 1."""
    return log_beta(a, b) + log_cdf(1 - low, b, a)
