"""How much each voter counts: a weight computed from observable columns.

Weights are used in leaderboards, pairs and training; nobody is shown theirs, and nobody's is 0. The
bot's store computes the columns (the last two with `following`), and the learning loop calls it.
Must not know who the voters are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

#: No honest voter is silenced by a wrong guess.
LEAST = 0.01
#: How often an honest voter agrees with the others' majority.
USUAL_AGREEMENT = 0.7

_DAY_MS = 86_400_000
#: The age from which an account counts fully; the youngest counts for this much.
_GROWN_MS, _YOUNGEST = 30 * _DAY_MS, 0.1
#: The votes after which a voter is known; the first vote counts for this much.
_KNOWN_VOTES, _FIRST = 20, 0.3
#: Seconds between votes: too few to look at pictures, and enough for anybody.
_BLIND_S, _LOOKING_S, _BLIND = 0.5, 2.0, 0.1
#: The agreement of a coin toss, and of the common taste.
_COIN, _WITH, _CONTRARY = 0.5, 0.62, 0.05
#: The votes with full weight for anybody, unless the median voter has cast more.
_SAY = 50


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
    """The weight of each voter, in `LEAST`..1.

    Voters who vote as one weigh together as one, and nobody's votes together exceed the median
    voter's, or 50 votes if that is more: somebody who votes on everything is still one voter.
    """
    say = max(_SAY, median([voter.votes for voter in voters])) if voters else _SAY
    return tuple(max(LEAST, _weight(voter) * min(1, say / max(voter.votes, 1))) for voter in voters)


def _weight(voter: Voter) -> float:
    """The weight of one vote, regardless of how many the voter cast."""
    speed = _LOOKING_S if voter.median_seconds is None else voter.median_seconds
    return (
        _ramp(voter.age_ms, 0, _GROWN_MS, _YOUNGEST)
        * _ramp(voter.votes, 1, _KNOWN_VOTES, _FIRST)
        * _ramp(speed, _BLIND_S, _LOOKING_S, _BLIND)
        * _ramp(voter.agreement, _COIN, _WITH, _CONTRARY)
        * (1 - min(max(voter.self_share, 0.0), 1.0))
        / (1 + max(voter.followers, 0.0))
    )


def _ramp(value: float, low: float, high: float, least: float) -> float:
    """`least` up to `low`, 1 from `high` on, linear in between."""
    return least + (1 - least) * min(max((value - low) / (high - low), 0.0), 1.0)
