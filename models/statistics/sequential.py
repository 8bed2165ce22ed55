"""When a blind test between a candidate and its parent is decided: an anytime-valid test.

Evidence is an e-value: how a bet against the null hypothesis has fared. Under the null it exceeds
1 / alpha *at any time* with a probability of at most alpha (Ville 1939), so the test may be looked
at after every duel, by anybody, and may stop whenever it likes. The bet is the mixture of Robbins
(1970): a Beta distribution over the win rates beyond the null.

The shadow test calls it. It must not know duels, voters or models. **One call of `after` a duel,
not a vote**: all who vote on one duel look at the same two pictures, so their votes rise and fall
together, and an e-value that took each for a coin of its own would promote far too often.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from models.statistics.beta import log_beta, log_cdf

#: The mixture's shape, Beta(5, 5) cut off at the null: most of it on win rates up to 0.8.
_MIXTURE = 5.0

Winner = Literal["candidate", "parent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A test with what it has seen so far. Once it is decided, no further duel changes it.

    The candidate wins when its win rate is shown to be above `p_null` (wrong in `alpha` of the
    cases at most); the parent when it is shown to be below `p_hoped` (wrong in `beta` of the
    cases at most), and when `most` duels decided nothing.
    """

    p_null: float = 0.5
    p_hoped: float = 0.6
    alpha: float = 0.01
    beta: float = 0.05
    #: Duels after which a candidate that has not won has lost.
    most: int = 400
    wins: int = 0
    losses: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.p_null < self.p_hoped < 1:
            raise ValueError("p_null and p_hoped lie between 0 and 1, p_hoped above")
        if not (0 < self.alpha < 1 and 0 < self.beta < 1 and self.most > 0):
            raise ValueError("alpha and beta lie between 0 and 1, and most above 0")

    def after(self, win: bool) -> Test:  # noqa: FBT001  a win or none
        """The test after one more duel: did the candidate win it? A tie is not told."""
        if self.decided:
            return self
        return replace(self, wins=self.wins + win, losses=self.losses + (not win))

    @property
    def duels(self) -> int:
        """How many duels it has seen."""
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
    def decided(self) -> Winner | None:
        """Who won, or None while it is open."""
        if self.e_value >= 1 / self.alpha:
            return "candidate"
        if self.e_value_against >= 1 / self.beta or self.duels >= self.most:
            return "parent"
        return None


def _log_evidence(wins: int, losses: int, p_null: float) -> float:
    """Log of the mixture's likelihood over the null's, the mixture being above `p_null`."""
    return (
        _log_above(wins + _MIXTURE, losses + _MIXTURE, p_null)
        - _log_above(_MIXTURE, _MIXTURE, p_null)
        - wins * math.log(p_null)
        - losses * math.log1p(-p_null)
    )


def _log_above(a: float, b: float, low: float) -> float:
    """Log of the integral of p^(a-1) (1-p)^(b-1) from `low` to 1."""
    return log_beta(a, b) + log_cdf(1 - low, b, a)
