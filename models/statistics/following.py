"""Finds voters who copy others: the columns of `trust` that need all votes together.

Two voters are alike if both keep deviating from the others in the same direction, or if one's votes
closely follow the other's in time. Many people who like a good picture are not alike: only
deviations from the others' mean count.

Called by the bot's store. Must not know who the voters are or what they vote on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import numpy as np

from models.statistics.trust import USUAL_AGREEMENT, Voter, weights

#: Standard errors by which a likeness must exceed chance to count.
_STANDARD_ERRORS = 3.0
#: Estimates are shrunk to the usual agreement, as if by this many clear majorities.
_PRIOR_MAJORITIES = 3.0
_ROUNDS = 5
#: A vote this soon after another of the same kind counts as following it.
_FOLLOWS_MS = 3_000
#: A longer pause between votes begins a new sitting.
_SITTING_MS = 600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """One current vote: who, on what, for (True) or against, left or right, and when."""

    voter: Hashable
    unit: Hashable
    value: bool
    at_ms: int
    #: Whether the picture is the voter's own.
    own: bool = False
    #: The button press behind it, if one press says several things at once.
    press: Hashable | None = None


def voter_columns(casts: Sequence[Cast], ages_ms: Mapping[Hashable, int]) -> dict[Hashable, Voter]:
    """The columns of every voter of these votes; `ages_ms` are the accounts', 0 if unknown.

    Agreement and likeness are computed over all votes and over the newer half, and the worse
    counts: an account that behaved for a year and then turns is judged by its newer votes.
    """
    ordered = sorted(casts, key=lambda cast: cast.at_ms)
    voters = _columns(ordered, ages_ms)
    for name, newer in _columns(ordered[len(ordered) // 2 :], ages_ms).items():
        voters[name] = replace(
            voters[name],
            agreement=min(voters[name].agreement, newer.agreement),
            followers=max(voters[name].followers, newer.followers),
        )
    return voters


def _columns(casts: Sequence[Cast], ages_ms: Mapping[Hashable, int]) -> dict[Hashable, Voter]:
    by_voter: defaultdict[Hashable, list[Cast]] = defaultdict(list)
    for cast in casts:
        by_voter[cast.voter].append(cast)
    names = list(by_voter)
    table = _Table.of(casts, names)
    followers = _copying(table, _following_closely(casts, names)).sum(1)
    voters = [
        Voter(
            age_ms=ages_ms.get(name, 0),
            votes=len(presses := _presses(own)),
            median_seconds=_median_seconds(presses),
            self_share=sum(cast.own for cast in own) / len(own),
            followers=float(followers[index]),
        )
        for index, (name, own) in enumerate(by_voter.items())
    ]
    return dict(zip(names, _with_agreement(table, voters), strict=True))


def _presses(casts: Iterable[Cast]) -> list[int]:
    """The times of a voter's presses; votes of one press count once."""
    times: dict[Hashable, int] = {}
    for number, cast in enumerate(casts):
        times[number if cast.press is None else (cast.press,)] = cast.at_ms
    return list(times.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """Votes as matrices, float64 (V, U): 1 where somebody voted; where for; where against."""

    voted: np.ndarray
    ayes: np.ndarray
    noes: np.ndarray

    @classmethod
    def of(cls, casts: Sequence[Cast], names: Sequence[Hashable]) -> _Table:
        rows = {name: index for index, name in enumerate(names)}
        units = {unit: i for i, unit in enumerate(dict.fromkeys(cast.unit for cast in casts))}
        ayes, noes = np.zeros((2, len(rows), len(units)))
        for cast in casts:
            (ayes if cast.value else noes)[rows[cast.voter], units[cast.unit]] = 1
        return cls(voted=np.maximum(ayes, noes), ayes=ayes, noes=noes)


def _copying(table: _Table, closeness: np.ndarray) -> np.ndarray:
    """How far each voter copies each other voter, (V, V) in 0..1."""
    common = table.voted @ table.voted.T
    others = table.voted.sum(0) - table.voted
    mean = (table.ayes.sum(0) - table.ayes) / np.maximum(others, 1)
    deviations = np.where(others > 0, (table.ayes - mean) * table.voted, 0.0)
    squares = deviations**2 @ table.voted.T
    cosine = deviations @ deviations.T / np.sqrt(np.maximum(squares * squares.T, 1e-12))
    likeness = np.maximum(cosine, closeness)
    # The root raises low values: voters may copy in a quarter of their votes and hide it in the
    # rest.
    copies = np.where(
        likeness * np.sqrt(common) > _STANDARD_ERRORS, np.sqrt(np.clip(likeness, 0, 1)), 0.0
    )
    np.fill_diagonal(copies, 0)
    return copies


def _following_closely(casts: Sequence[Cast], names: Sequence[Hashable]) -> np.ndarray:
    """How often two voters cast equal votes within seconds, beyond the usual rate, (V, V)."""
    rows = {name: index for index, name in enumerate(names)}
    by_unit: defaultdict[Hashable, list[Cast]] = defaultdict(list)
    for cast in casts:
        by_unit[cast.unit].append(cast)
    close, usual, common = np.zeros((3, len(names), len(names)))
    for unit_casts in by_unit.values():
        voters = np.array([rows[cast.voter] for cast in unit_casts])
        at_ms = np.array([cast.at_ms for cast in unit_casts])
        value = np.array([cast.value for cast in unit_casts])
        near = np.abs(at_ms[:, None] - at_ms) <= _FOLLOWS_MS
        near &= value[:, None] == value
        pairs = len(voters) * (len(voters) - 1)
        block = np.ix_(voters, voters)
        close[block] += near
        usual[block] += (near.sum() - len(voters)) / pairs if pairs else 0.0
        common[block] += 1
    return np.clip((close - usual) / np.maximum(common - usual, 1e-12), 0, 1)


def _with_agreement(table: _Table, voters: list[Voter]) -> list[Voter]:
    """The voters with their agreement with the majority of the others, weighted by reliability.

    Each round weighs by the agreement of the one before, as in Dawid and Skene 1979.
    """
    signs = table.ayes - table.noes
    for _ in range(_ROUNDS):
        own = np.array(weights(voters))[:, None] * signs
        others = np.abs(own).sum(0) - np.abs(own)
        margin = (own.sum(0) - own) / (others + 1) * table.voted
        clear = np.abs(margin).sum(1)
        agreed = (margin * signs > 0) * np.abs(margin)
        share = (agreed.sum(1) + USUAL_AGREEMENT * _PRIOR_MAJORITIES) / (clear + _PRIOR_MAJORITIES)
        voters = [replace(v, agreement=float(s)) for v, s in zip(voters, share, strict=True)]
    return voters


def _median_seconds(times_ms: Iterable[int]) -> float | None:
    gaps_ms = [b - a for a, b in pairwise(sorted(times_ms)) if b - a <= _SITTING_MS]
    return median(gaps_ms) / 1000 if gaps_ms else None
