"""Leaderboards of pictures, and the next duel to show: robust against a few voters.

A picture is ranked by the lower end of its interval. One voter has one voice about a picture, in
however many duels about it they vote. Called by the duel cog; must not know Discord, jobs or who
the voters are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Generic, TypeVar

from models.statistics.asking import next_pair
from models.statistics.beta import Posterior, prior_of
from models.statistics.pairs import Strengths, bradley_terry

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Win(Generic[K]):
    """One voter's answer to one duel, and the voter's weight, in 0..1."""

    winner: K
    loser: K
    voter: Hashable
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung(Generic[K]):
    """One picture on a leaderboard, which is ordered by `low`, the best first.

    For duels the figures are strengths in log odds (0 is the middle), for votes shares in 0..1.
    """

    picture: K
    middle: float
    low: float
    high: float
    #: Unweighted answers or votes for and against it.
    up: int
    down: int


def rank_by_duels(wins: Sequence[Win[K]], *, mass: float = 0.9) -> tuple[Rung[K], ...]:
    """The leaderboard of all pictures in these answers."""
    pictures, strengths = _strengths(wins)
    up, down = Counter(win.winner for win in wins), Counter(win.loser for win in wins)
    rungs = [
        Rung(
            picture=picture,
            middle=strengths.values[index],
            low=(interval := strengths.interval(index, mass))[0],
            high=interval[1],
            up=up[picture],
            down=down[picture],
        )
        for picture, index in pictures.items()
    ]
    return tuple(sorted(rungs, key=_rank_key, reverse=True))


def rank_by_votes(
    tallies: Mapping[K, tuple[int, int]],
    weighed: Mapping[K, tuple[float, float]],
    *,
    mass: float = 0.9,
) -> tuple[Rung[K], ...]:
    """The leaderboard by (up, down), unweighted and weighted."""
    prior = prior_of(list(weighed.values()))
    rungs: list[Rung[K]] = []
    for picture, (up, down) in tallies.items():
        share = Posterior(up=weighed[picture][0], down=weighed[picture][1], prior=prior)
        low, high = share.interval(mass)
        rungs.append(Rung(picture=picture, middle=share.mean, low=low, high=high, up=up, down=down))
    return tuple(sorted(rungs, key=_rank_key, reverse=True))


def next_duel(
    prompts: Sequence[Sequence[K]], wins: Sequence[Win[K]], times_asked: Mapping[frozenset[K], int]
) -> tuple[K, K] | None:
    """The two pictures of one prompt with the most informative duel; None if no prompt has two.

    `times_asked` counts how often two pictures were shown side by side, including open duels. The
    pairs shown least come first, so that a party shows every pair before it repeats one.
    """
    pictures, strengths = _strengths(wins, [picture for prompt in prompts for picture in prompt])
    pairs = [pair for prompt in prompts for pair in combinations(dict.fromkeys(prompt), 2)]
    least = min((times_asked.get(frozenset(pair), 0) for pair in pairs), default=0)
    names = list(pictures)
    counts = [0.0] * len(names)
    for win, weight in zip(wins, one_voice_weights(wins), strict=True):
        for picture in (win.winner, win.loser):
            counts[pictures[picture]] += weight
    candidates = [
        (pictures[a], pictures[b])
        for a, b in pairs
        if times_asked.get(frozenset((a, b)), 0) == least
    ]
    pair_indices = next_pair(strengths.values, counts, candidates)
    return (names[pair_indices[0]], names[pair_indices[1]]) if pair_indices else None


def _strengths(wins: Sequence[Win[K]], others: Sequence[K] = ()) -> tuple[dict[K, int], Strengths]:
    """Every picture with its number, and the strengths by number."""
    compared = [picture for win in wins for picture in (win.winner, win.loser)]
    pictures = {picture: index for index, picture in enumerate(dict.fromkeys([*compared, *others]))}
    answers = [
        (pictures[win.winner], pictures[win.loser], weight)
        for win, weight in zip(wins, one_voice_weights(wins), strict=True)
    ]
    return pictures, bradley_terry(len(pictures), answers)


def one_voice_weights(wins: Sequence[Win[K]]) -> list[float]:
    """Weights of the answers, such that no voter exceeds their weight on any picture."""
    answers = Counter((win.voter, picture) for win in wins for picture in (win.winner, win.loser))
    return [
        win.weight / max(answers[win.voter, win.winner], answers[win.voter, win.loser])
        for win in wins
    ]


def _rank_key(rung: Rung[K]) -> tuple[float, float]:
    return rung.low, rung.middle
