"""The rules of a blind test: which requests it draws, when a duel has decided, and who is ahead.

Pure: `shadow.py` asks them. A duel is one look at two pictures, so all who choose in it decide one
thing together: the side with more weight, once so much weight has come or time has passed. What has
decided stays, whoever changes their mind after they were told which model drew what.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from bot.domain import RequestId, UserId
from bot.store.trials import Trial, TrialChoice, TrialStep
from models.statistics.sequential import Test

#: Choices of so much weight decide a duel at once: one member whom everybody knows, or several.
ENOUGH = 1.0
#: After so long a duel is decided by whatever was chosen in it.
PATIENCE_MS = 3_600_000


def draws(trial: Trial, request_id: RequestId) -> bool:
    """Whether this request is one of the share that both models draw; the same at every look."""
    digest = hashlib.sha256(f"{trial.id} {request_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < trial.share * 2**64


def decision(
    choices: Sequence[TrialChoice],
    weights: Mapping[UserId, float],
    stranger: float,
    *,
    open_ms: int,
) -> bool | None:
    """Whether the candidate won a duel that has been open so long; None if that is not told yet.

    Who asked for the two pictures chooses like anybody: both are theirs, and they see no names.
    """
    sides = {True: 0.0, False: 0.0}
    for choice in choices:
        sides[choice.for_candidate] += weights.get(choice.voter_id, stranger)
    ripe = sum(sides.values()) >= ENOUGH or open_ms >= PATIENCE_MS
    return sides[True] > sides[False] if ripe and sides[True] != sides[False] else None


def as_test(trial: Trial, steps: Sequence[TrialStep]) -> Test:
    """The test as far as it has come."""
    wins = sum(step.win for step in steps)
    return Test(max_duels=trial.most, wins=wins, losses=len(steps) - wins)
