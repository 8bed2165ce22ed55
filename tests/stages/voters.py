"""Simulated members who judge grids of four pictures by a hidden taste, with noise.

Honest ones agree in pairs as often as people do; some vote inverted, some collude. Their votes
become a manifest's judgements with the weights of the bot's own trust.
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
#: How often two honest members agree about a picture.
AGREEMENT = 0.70
#: A member's account is older than a year.
_AGE_MS = 400 * 86_400_000


class Ask(StrEnum):
    """How members are asked."""

    #: Each picture of a grid up or down.
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
class Shown:
    """The judged pictures: files, the grid of each, the split of each, the taste (N,)."""

    files: Sequence[str]
    grids: NDArray[np.int64]
    splits: Sequence[Split]
    taste: Floats


def standing(taste: Floats) -> Floats:
    """The worth of each picture (N,): a normal score for a graded taste, +-1 for a yes or no."""
    values = np.unique(taste)
    if len(values) == 2:
        return np.where(taste == values[1], 1.0, -1.0)
    places = np.argsort(np.argsort(taste))
    normal = NormalDist()
    return np.array([normal.inv_cdf((place + 0.5) / len(taste)) for place in places])


def noise_of(likes: Floats, agreement: float = AGREEMENT) -> float:
    """The noise with which two voters agree this often on whether a picture is above 0."""
    low, high = 0.01, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        up = np.array([0.5 * (1 + erf(value / middle / sqrt(2))) for value in likes])
        low, high = (middle, high) if (up**2 + (1 - up) ** 2).mean() > agreement else (low, middle)
    return low


class _Said(NamedTuple):
    member: int
    kind: Kind
    pictures: tuple[int, ...]
    value: int | tuple[int, ...]
    at_ms: int


def _says(
    crowd: Crowd, member: int, likes: Floats, noise: float, rng: np.random.Generator
) -> Floats:
    """A member's opinion of some pictures at this moment; above 0 is an upvote."""
    inverted = round(crowd.inverted * crowd.members)
    colluding = round(crowd.colluding * crowd.members)
    if crowd.null:
        return rng.normal(size=len(likes))
    if inverted <= member < inverted + colluding:
        return -likes  # Colluders all say the same, without noise.
    drawn = likes + noise * rng.normal(size=len(likes))
    return -drawn if member < inverted else drawn


def _visits(
    shown: Shown, crowd: Crowd, looks: int, visits: int, rng: np.random.Generator
) -> list[tuple[int, NDArray[np.int64]]]:
    """Which member looks at which grid: `looks` looks in all, by `visits` members for each grid."""
    grids = rng.permutation(np.unique(shown.grids))
    seen: list[tuple[int, NDArray[np.int64]]] = []
    guests = rng.permutation(crowd.members)
    for look in range(looks):
        grid = grids[(look // visits) % len(grids)]
        if look % visits == 0:
            guests = rng.permutation(crowd.members)
        seen.append((int(guests[look % visits]), np.flatnonzero(shown.grids == grid)))
    return seen


def judged(
    shown: Shown, crowd: Crowd, ask: Ask, count: int, *, seed: int, visits: int = 1
) -> list[JudgementLine]:
    """`count` judgements; `visits` members look at each grid that anybody looks at."""
    rng = np.random.default_rng((seed, 7))
    likes = standing(shown.taste)
    noise = noise_of(likes)
    looks = count if ask is not Ask.VOTES else -(-count // 4)
    said: list[_Said] = []
    for number, (member, grid) in enumerate(_visits(shown, crowd, looks, visits, rng)):
        pictures = rng.choice(grid, 2, replace=False) if ask is Ask.DUELS else grid
        thought = _says(crowd, member, likes[pictures], noise, rng)
        said += _told(ask, member, pictures, thought, number * 60_000)
    return _lines(said[:count], shown)


def _told(
    ask: Ask,
    member: int,
    pictures: NDArray[np.int64],
    thought: Floats,
    at_ms: int,
) -> list[_Said]:
    """A member's judgement of a grid, or of two pictures of it."""
    if ask is Ask.VOTES:
        return [
            _Said(member, Kind.VOTE, (int(i),), 1 if value > 0 else -1, at_ms + 4000 * place)
            for place, (i, value) in enumerate(zip(pictures, thought, strict=True))
        ]
    order = tuple(int(i) for i in pictures)
    best = int(np.argmax(thought))
    if ask is Ask.PICKS:
        return [_Said(member, Kind.RANKING, order, (best,), at_ms)]
    return [_Said(member, Kind.DUEL, order, best, at_ms)]


def _lines(said: Sequence[_Said], shown: Shown) -> list[JudgementLine]:
    """Lines of a manifest, each with its voter's trust."""
    casts = [
        Cast(voter=s.member, unit=s.pictures, value=s.value == 1, at_ms=s.at_ms)
        for s in said
        if isinstance(s.value, int)
    ]
    voters = voter_columns(casts, {s.member: _AGE_MS for s in said})
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
        for s in said
    ]
