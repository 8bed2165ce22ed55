"""How much each voter counts: a weight out of columns that anybody could count.

Weights go into leaderboards, pairs and training; nobody is shown theirs, and nobody's is 0. The
bot's store counts the columns (`following` the last two) and the learning loop calls it. It must
not know who the voters are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

#: No honest voter is silenced by a wrong guess.
LEAST = 0.01
#: How often an honest voter is with the others' majority.
USUAL_AGREEMENT = 0.7

_DAY_MS = 86_400_000
#: An account this old is like any other; the youngest counts for this much.
_GROWN_MS, _YOUNGEST = 30 * _DAY_MS, 0.1
#: Who voted so often is known; the first vote counts for this much.
_KNOWN_VOTES, _FIRST = 20, 0.3
#: Seconds between votes that nobody looks at pictures in, and that anybody may.
_BLIND_S, _LOOKING_S, _BLIND = 0.5, 2.0, 0.1
#: Agreement of somebody who tosses a coin, and of somebody whose taste is the common one.
_COIN, _WITH, _CONTRARY = 0.5, 0.62, 0.05
#: Votes that give anybody their whole say, where the median voter has not cast more.
_SAY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Voter:
    """What is known of one voter."""

    #: Of the account, when it last voted.
    age_ms: int
    #: How many votes it has cast so far.
    votes: int
    #: Between one vote and the next of the same sitting; None if there were no two.
    median_seconds: float | None = None
    #: How often it votes with the weighted majority of the others, in 0..1, the clearer majorities
    #: counting more; drawn to what is usual while there are few.
    agreement: float = USUAL_AGREEMENT
    #: The share of its votes that were for its own pictures, in 0..1.
    self_share: float = 0.0
    #: How many other voters vote as it does: each counts from 0 (by itself) to 1 (a copy).
    followers: float = 0.0


def weights(voters: Sequence[Voter]) -> tuple[float, ...]:
    """The weight of each voter, in `LEAST`..1.

    Those who vote as one weigh together as one, and nobody's votes weigh together more than the
    median voter's, or than 50 votes where that is more: who votes on everything is one voter still.
    """
    say = max(_SAY, median([voter.votes for voter in voters])) if voters else _SAY
    return tuple(max(LEAST, _weight(voter) * min(1, say / max(voter.votes, 1))) for voter in voters)


def _weight(voter: Voter) -> float:
    """Of one vote, whatever the others cast."""
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
    """`least` up to `low`, 1 from `high` on, a straight line between."""
    return least + (1 - least) * min(max((value - low) / (high - low), 0.0), 1.0)
