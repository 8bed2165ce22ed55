"""The rules of a blind test: which requests it draws, when a duel is decided, and who is ahead.

Pure; called by `shadow.py`. A duel compares two pictures once, so all who choose in it decide one
step together: the side with more weight wins, once enough weight has gathered or enough time has
passed. The decision stands, even if members change their choice after they learn which model drew
which picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from bot.domain import RequestId, UserId
from bot.store.trials import Trial, TrialChoice, TrialStep
from models.statistics.sequential import Test

#: Choices of this total weight decide a duel at once: one well-known member, or several others.
DECISIVE_WEIGHT = 1.0
#: After this time the choices made so far decide a duel.
PATIENCE_MS = 3_600_000


def is_selected(trial: Trial, request_id: RequestId) -> bool:
    """Whether this request is in the share that both models draw; the same at every call."""
    digest = hashlib.sha256(f"{trial.id} {request_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < trial.share * 2**64


def duel_decision(
    choices: Sequence[TrialChoice],
    weights: Mapping[UserId, float],
    stranger: float,
    *,
    open_ms: int,
) -> bool | None:
    """Whether the candidate won a duel open for `open_ms`; None if it is undecided.

    The member who asked for the pictures chooses like anybody: both are theirs, without names.
    """
    sides = {True: 0.0, False: 0.0}
    for choice in choices:
        sides[choice.for_candidate] += weights.get(choice.voter_id, stranger)
    is_due = sum(sides.values()) >= DECISIVE_WEIGHT or open_ms >= PATIENCE_MS
    return sides[True] > sides[False] if is_due and sides[True] != sides[False] else None


def as_test(trial: Trial, steps: Sequence[TrialStep]) -> Test:
    """The test with the results so far."""
    wins = sum(step.win for step in steps)
    return Test(max_duels=trial.max_duels, wins=wins, losses=len(steps) - wins)
