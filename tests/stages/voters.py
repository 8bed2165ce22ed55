"""Simulated members who judge grids of four pictures by a hidden taste, with noise.

Two honest members agree as often as people do; some members vote inverted, some collude. Their
votes become the judgements of a manifest, with weights from the bot's own trust.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import erf, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.manifest import JudgementLine, Kind, Split
from models.statistics.following import Cast, voter_columns
from models.statistics.trust import weights

Floats = NDArray[np.float64]
#: The share of pictures on which two honest members agree.
AGREEMENT = 0.70
#: A member's account is older than a year.
_AGE_MS = 400 * 86_400_000


class Question(StrEnum):
    """What members are asked."""

    #: Each picture of a grid: up or down.
    VOTES = "votes"
    #: Two pictures of a grid: which is better.
    DUELS = "duels"
    #: The best of a grid.
    PICKS = "picks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """The number of members, and the shares of them that vote inverted or collude."""

    members: int = 25
    inverted: float = 0.0
    colluding: float = 0.0
    #: Everybody tosses coins.
    null: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPictures:
    """The pictures that members judge: the file, grid, split and taste of each (N,)."""

    files: Sequence[str]
    grids: NDArray[np.int64]
    splits: Sequence[Split]
    taste: Floats


def worth_of(taste: Floats) -> Floats:
    """The worth of each picture (N,): normal scores for a graded taste, +-1 for a yes or no."""
    values = np.unique(taste)
    if len(values) == 2:
        return np.where(taste == values[1], 1.0, -1.0)
    places = np.argsort(np.argsort(taste))
    normal = NormalDist()
    return np.array([normal.inv_cdf((place + 0.5) / len(taste)) for place in places])


def noise_of(likes: Floats, agreement: float = AGREEMENT) -> float:
    """The noise at which two voters agree this often on whether a picture is above 0."""
    low, high = 0.01, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        up = np.array([0.5 * (1 + erf(value / middle / sqrt(2))) for value in likes])
        low, high = (middle, high) if (up**2 + (1 - up) ** 2).mean() > agreement else (low, middle)
    return low


class _Judgement(NamedTuple):
    member: int
    kind: Kind
    pictures: tuple[int, ...]
    value: int | tuple[int, ...]
    at_ms: int


def _opinions(
    crowd: Crowd, member: int, likes: Floats, noise: float, rng: np.random.Generator
) -> Floats:
    """A member's opinion of some pictures at this moment; above 0 is an upvote."""
    inverted = round(crowd.inverted * crowd.members)
    colluding = round(crowd.colluding * crowd.members)
    if crowd.null:
        return rng.normal(size=len(likes))
    if inverted <= member < inverted + colluding:
        return -likes  # Colluders all have the same opinion, without noise.
    drawn = likes + noise * rng.normal(size=len(likes))
    return -drawn if member < inverted else drawn


def _visits(
    shown: JudgedPictures, crowd: Crowd, looks: int, visits: int, rng: np.random.Generator
) -> list[tuple[int, NDArray[np.int64]]]:
    """Pairs of a member and the grid's pictures: `looks` in all, with `visits` for each grid."""
    grids = rng.permutation(np.unique(shown.grids))
    visited: list[tuple[int, NDArray[np.int64]]] = []
    guests = rng.permutation(crowd.members)
    for look in range(looks):
        grid = grids[(look // visits) % len(grids)]
        if look % visits == 0:
            guests = rng.permutation(crowd.members)
        visited.append((int(guests[look % visits]), np.flatnonzero(shown.grids == grid)))
    return visited


def judge_pictures(
    shown: JudgedPictures, crowd: Crowd, ask: Question, count: int, *, seed: int, visits: int = 1
) -> list[JudgementLine]:
    """`count` judgements, by `visits` members for each grid that anybody judges."""
    rng = np.random.default_rng((seed, 7))
    likes = worth_of(shown.taste)
    noise = noise_of(likes)
    looks = count if ask is not Question.VOTES else -(-count // 4)
    judgements: list[_Judgement] = []
    for number, (member, grid) in enumerate(_visits(shown, crowd, looks, visits, rng)):
        pictures = rng.choice(grid, 2, replace=False) if ask is Question.DUELS else grid
        opinions = _opinions(crowd, member, likes[pictures], noise, rng)
        judgements += _judge_grid(ask, member, pictures, opinions, number * 60_000)
    return _lines(judgements[:count], shown)


def _judge_grid(
    ask: Question,
    member: int,
    pictures: NDArray[np.int64],
    opinions: Floats,
    at_ms: int,
) -> list[_Judgement]:
    """A member's judgement of a grid, or of two pictures of it."""
    if ask is Question.VOTES:
        return [
            _Judgement(member, Kind.VOTE, (int(i),), 1 if value > 0 else -1, at_ms + 4000 * place)
            for place, (i, value) in enumerate(zip(pictures, opinions, strict=True))
        ]
    order = tuple(int(i) for i in pictures)
    best = int(np.argmax(opinions))
    if ask is Question.PICKS:
        return [_Judgement(member, Kind.RANKING, order, (best,), at_ms)]
    return [_Judgement(member, Kind.DUEL, order, best, at_ms)]


def _lines(judgements: Sequence[_Judgement], shown: JudgedPictures) -> list[JudgementLine]:
    """The lines of a manifest, weighted by the voters' trust."""
    casts = [
        Cast(voter=s.member, unit=s.pictures, value=s.value == 1, at_ms=s.at_ms)
        for s in judgements
        if isinstance(s.value, int)
    ]
    voters = voter_columns(casts, {s.member: _AGE_MS for s in judgements})
    trust = dict(zip(voters, weights(list(voters.values())), strict=True))
    return [
        JudgementLine(
            kind=s.kind,
            axis="taste" if s.kind is Kind.VOTE else "duel",
            voter=f"v{s.member:016x}",
            weight=trust.get(s.member, 1.0),
            files=tuple(shown.files[i] for i in s.pictures),
            value=s.value,
            split=shown.splits[s.pictures[0]],
        )
        for s in judgements
    ]
