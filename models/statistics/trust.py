"""How much each voter counts: a weight computed from observable columns of data.

Leaderboards, pairs and training use the weights. No voter sees theirs, and none is 0. The
bot's store computes the columns (the last two with `following`), and the learning loop calls it.
Must not know who the voters are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

#: The lowest weight: a wrong guess must not silence an honest voter.
MIN_WEIGHT = 0.01
#: How often an honest voter agrees with the others' majority.
USUAL_AGREEMENT = 0.7

_DAY_MS = 86_400_000
#: The age from which an account counts fully, and the weight of a new one.
_FULL_AGE_MS, _NEW_ACCOUNT_WEIGHT = 30 * _DAY_MS, 0.1
#: The votes after which a voter counts fully, and the weight of a first vote.
_KNOWN_VOTES, _FIRST_VOTE_WEIGHT = 20, 0.3
#: Seconds between votes: too few to look at pictures, enough to look, and the weight of the first.
_HASTY_S, _CAREFUL_S, _HASTY_WEIGHT = 0.5, 2.0, 0.1
#: Agreement: of a coin toss, that which counts fully, and the weight of the first.
_COIN_AGREEMENT, _FULL_AGREEMENT, _CONTRARY_WEIGHT = 0.5, 0.62, 0.05
#: This many votes of a voter have full weight, or the median voter's number if that is more.
_FULL_WEIGHT_VOTES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Voter:
    """The columns of one voter."""

    #: The account's age at its last vote.
    age_ms: int
    #: The number of votes so far.
    votes: int
    #: The median time between votes of one sitting; None if there were no two.
    median_seconds: float | None = None
    #: How often it agrees with the weighted majority of the others, in 0..1, clear majorities
    #: counting more; shrunk to the usual value while there are few.
    agreement: float = USUAL_AGREEMENT
    #: The share of its votes on its own pictures, in 0..1.
    self_share: float = 0.0
    #: How many other voters vote alike: each counts from 0 (independent) to 1 (a copy).
    followers: float = 0.0


def weights(voters: Sequence[Voter]) -> tuple[float, ...]:
    """The weight of each voter, in `MIN_WEIGHT`..1.

    Voters who vote alike weigh together as one. The votes of one voter together weigh at most as
    much as the median voter's, or as 50 votes if that is more: a voter who votes on everything is
    still one voter.
    """
    full_votes = (
        max(_FULL_WEIGHT_VOTES, median([voter.votes for voter in voters]))
        if voters
        else _FULL_WEIGHT_VOTES
    )
    return tuple(
        max(MIN_WEIGHT, _weight(voter) * min(1, full_votes / max(voter.votes, 1)))
        for voter in voters
    )


def _weight(voter: Voter) -> float:
    """The weight of one vote, regardless of how many the voter cast."""
    speed = _CAREFUL_S if voter.median_seconds is None else voter.median_seconds
    return (
        _ramp(voter.age_ms, 0, _FULL_AGE_MS, _NEW_ACCOUNT_WEIGHT)
        * _ramp(voter.votes, 1, _KNOWN_VOTES, _FIRST_VOTE_WEIGHT)
        * _ramp(speed, _HASTY_S, _CAREFUL_S, _HASTY_WEIGHT)
        * _ramp(voter.agreement, _COIN_AGREEMENT, _FULL_AGREEMENT, _CONTRARY_WEIGHT)
        * (1 - min(max(voter.self_share, 0.0), 1.0))
        / (1 + max(voter.followers, 0.0))
    )


def _ramp(value: float, low: float, high: float, least: float) -> float:
    """`least` up to `low`, 1 from `high` on, linear in between."""
    return least + (1 - least) * min(max((value - low) / (high - low), 0.0), 1.0)
