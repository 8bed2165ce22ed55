"""Who votes as others do: the columns of `trust` that take all votes together to count.

Two voters are alike where both stray from the others in the same direction, vote after vote, or
where the one's votes come on the heels of the other's. That many like a good picture makes nobody
alike: only what differs from the others' mean counts.

The bot's store calls it. It must not know who the voters are or what they vote on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from models.statistics.trust import USUAL_AGREEMENT, Voter

#: Likeness that friends of one taste have; only what is beyond it counts.
_USUAL = 0.4
#: Votes in common that draw a likeness to 0, and an agreement to what is usual.
_DOUBT = 10
#: A vote so soon after another of the same kind is on its heels.
_HEELS_MS = 3_000
#: Votes further apart belong to two sittings.
_SITTING_MS = 600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """One vote as it stands: who, on what, for (True) or against, left or right, and when."""

    voter: Hashable
    unit: Hashable
    value: bool
    at_ms: int
    #: It was on a picture of the voter's own.
    own: bool = False


def columns(casts: Sequence[Cast], ages_ms: Mapping[Hashable, int]) -> dict[Hashable, Voter]:
    """The columns of every voter of these votes; `ages_ms` are the accounts', 0 where unknown."""
    if not casts:
        return {}
    names = list(dict.fromkeys(cast.voter for cast in casts))
    table = _Table.of(casts, names)
    alike = _alike(table, _heels(casts, names))
    agreed = _agreements(table, alike)
    by_voter: defaultdict[Hashable, list[Cast]] = defaultdict(list)
    for cast in casts:
        by_voter[cast.voter].append(cast)
    return {
        name: Voter(
            age_ms=ages_ms.get(name, 0),
            votes=len(by_voter[name]),
            median_seconds=_median_seconds(cast.at_ms for cast in by_voter[name]),
            agreement=float(agreed[index]),
            self_share=sum(cast.own for cast in by_voter[name]) / len(by_voter[name]),
            followers=float(alike[index].sum()),
        )
        for index, name in enumerate(names)
    }


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


def _alike(table: _Table, heels: np.ndarray) -> np.ndarray:
    """How much each voter is a copy of each other one, (V, V) in 0..1."""
    common = table.voted @ table.voted.T
    others = table.voted.sum(0) - table.voted
    mean = (table.ayes.sum(0) - table.ayes) / np.maximum(others, 1)
    stray = np.where(others > 0, (table.ayes - mean) * table.voted, 0.0)
    squares = stray**2 @ table.voted.T
    cosine = stray @ stray.T / np.sqrt(np.maximum(squares * squares.T, 1e-12))
    doubt = common / (common + _DOUBT)
    likeness = np.maximum(cosine * doubt, heels * doubt)
    beyond = np.clip((likeness - _USUAL) / (1 - _USUAL), 0, 1)
    np.fill_diagonal(beyond, 0)
    return beyond


def _heels(casts: Sequence[Cast], names: Sequence[Hashable]) -> np.ndarray:
    """How often two voters' like votes come together, beyond what is usual there, (V, V)."""
    rows = {name: index for index, name in enumerate(names)}
    by_unit: defaultdict[Hashable, list[Cast]] = defaultdict(list)
    for cast in casts:
        by_unit[cast.unit].append(cast)
    close, usual, common = np.zeros((3, len(names), len(names)))
    for within in by_unit.values():
        who = np.array([rows[cast.voter] for cast in within])
        at_ms = np.array([cast.at_ms for cast in within])
        value = np.array([cast.value for cast in within])
        near = np.abs(at_ms[:, None] - at_ms) <= _HEELS_MS
        near &= value[:, None] == value
        pairs = len(who) * (len(who) - 1)
        spot = np.ix_(who, who)
        close[spot] += near
        usual[spot] += (near.sum() - len(who)) / pairs if pairs else 0.0
        common[spot] += 1
    return np.clip((close - usual) / np.maximum(common - usual, 1e-12), 0, 1)


def _agreements(table: _Table, alike: np.ndarray) -> np.ndarray:
    """How often others said the same, (V,); those who vote as one are no others to each other."""
    others = 1 - alike
    np.fill_diagonal(others, 0)
    same = (table.ayes @ table.ayes.T + table.noes @ table.noes.T) * others
    common = (table.voted @ table.voted.T) * others
    shared = np.minimum(table.voted.sum(1), common.sum(1))
    share = same.sum(1) / np.maximum(common.sum(1), 1e-12)
    return (share * shared + USUAL_AGREEMENT * _DOUBT) / (shared + _DOUBT)


def _median_seconds(times_ms: Iterable[int]) -> float | None:
    gaps_ms = [b - a for a, b in pairwise(sorted(times_ms)) if b - a <= _SITTING_MS]
    return median(gaps_ms) / 1000 if gaps_ms else None
