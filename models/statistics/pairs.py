"""The strengths of pictures from duels and rankings: Bradley-Terry and Plackett-Luce.

The probability that a picture is chosen among several is exp(strength) over the sum of theirs
(Bradley and Terry 1952; Plackett 1975). A ranking is a series of such choices, a duel the shortest.
Strengths have a Gaussian prior, so a picture without votes is at 0 and three wins do not lift one
far. Newton's method finds the unique maximum of the posterior, and its curvature gives the errors
(Laplace).

Called by leaderboards and for making training pairs. Must not know what is compared.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

#: One choice: the chosen, then the others; and its weight.
_Choice = tuple[tuple[int, ...], float]

_STEPS, _CONVERGED = 100, 1e-9
#: A relative decrease of the posterior below this is rounding.
_ROUNDING = 1e-12
#: Small groups are solved together, up to this many pictures: numpy is slow on small arrays.
_BLOCK = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengths:
    """The result for each picture, in log odds; the mean is 0."""

    values: tuple[float, ...]
    #: The posterior's standard deviations.
    errors: tuple[float, ...]

    def interval(self, item: int, mass: float = 0.9) -> tuple[float, float]:
        """The central interval that contains the strength with this probability (0 < mass < 1)."""
        reach = NormalDist().inv_cdf((1 + mass) / 2) * self.errors[item]
        return self.values[item] - reach, self.values[item] + reach

    def win_probability(self, item: int, other: int) -> float:
        """The probability that `item` is chosen over `other`, in 0..1."""
        return 1 / (1 + math.exp(self.values[other] - self.values[item]))


def bradley_terry(
    n: int, wins: Sequence[tuple[int, int, float]], *, prior_sd: float = 1.0
) -> Strengths:
    """The strengths of `n` pictures from duels: (winner, loser, weight) each. Raises ValueError."""
    return _fit(n, [((winner, loser), weight) for winner, loser, weight in wins], prior_sd)


def plackett_luce(
    n: int,
    rankings: Sequence[Sequence[int]],
    weights: Sequence[float] | None = None,
    *,
    prior_sd: float = 1.0,
) -> Strengths:
    """The strengths of `n` pictures from rankings, best first, each of two or more pictures.

    A pick of the best of four, with the rest in no order, is not a ranking: see
    `strengths_from_picks`. Raises ValueError.
    """
    given_weights = [1.0] * len(rankings) if weights is None else weights
    choices = [
        (tuple(ranking[first:]), weight)
        for ranking, weight in zip(rankings, given_weights, strict=True)
        for first in range(len(ranking) - 1)
    ]
    return _fit(n, choices, prior_sd)


def strengths_from_picks(
    n: int, chosen: Sequence[tuple[int, Sequence[int], float]], *, prior_sd: float = 1.0
) -> Strengths:
    """The strengths of `n` pictures from picks: (best, others, weight) each. Raises ValueError."""
    return _fit(n, [((best, *others), weight) for best, others, weight in chosen], prior_sd)


def _fit(n: int, choices: Sequence[_Choice], prior_sd: float) -> Strengths:
    """Solve each block of pictures; no choice connects one block with another.

    Only pictures of one prompt are connected, so a server's thousands form many small equations and
    no large one.
    """
    if not prior_sd > 0:
        raise ValueError("the prior's standard deviation lies above 0")
    merged = _merge_equal(n, choices)
    values, errors = [0.0] * n, [prior_sd] * n
    for members, block_choices in _blocks(n, merged):
        strengths, spread = _posterior(len(members), block_choices, prior_sd)
        for member, value, error in zip(members, strengths, spread, strict=True):
            values[member], errors[member] = float(value), float(error)
    return Strengths(values=tuple(values), errors=tuple(errors))


def _merge_equal(n: int, choices: Sequence[_Choice]) -> dict[tuple[int, ...], float]:
    """Identical choices, with weights added."""
    merged: defaultdict[tuple[int, ...], float] = defaultdict(float)
    for items, weight in choices:
        if len(set(items)) != len(items) or not all(0 <= item < n for item in items):
            raise ValueError(f"{items}: a choice is between different pictures of 0..{n - 1}")
        if not (weight >= 0 and math.isfinite(weight)):
            raise ValueError(f"{weight}: a weight is a finite number from 0 on")
        if weight:
            # The order of those not chosen does not matter.
            merged[items[0], *sorted(items[1:])] += weight
    return merged


def _blocks(
    n: int, merged: dict[tuple[int, ...], float]
) -> Iterator[tuple[list[int], list[_Choice]]]:
    """The members of each block, and its choices renumbered within the block."""
    members: list[int] = []
    choices: list[_Choice] = []
    for group in (*_groups(n, merged), None):
        if members and (group is None or len(members) + len(group[0]) > _BLOCK):
            index_of = {item: index for index, item in enumerate(members)}
            yield members, [(tuple(index_of[item] for item in items), w) for items, w in choices]
            members, choices = [], []
        if group:
            members, choices = members + group[0], choices + group[1]


def _groups(
    n: int, merged: dict[tuple[int, ...], float]
) -> Iterator[tuple[list[int], list[_Choice]]]:
    """Pictures connected by choices, directly or indirectly, with these choices."""
    parent = list(range(n))

    def find(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for first, *others in merged:
        for other in others:
            parent[find(other)] = find(first)
    by_root: defaultdict[int, list[_Choice]] = defaultdict(list)
    for items, weight in merged.items():
        by_root[find(items[0])].append((items, weight))
    for choices in by_root.values():
        yield sorted({item for items, _ in choices for item in items}), choices


def _posterior(
    n: int, choices: Sequence[_Choice], prior_sd: float
) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method on the log posterior, which is concave; values and errors, (n,) each."""
    stacks = _stack_by_length(choices)
    theta = np.zeros(n)
    log_density, gradient, curvature = _log_posterior(theta, stacks, prior_sd)
    for _ in range(_STEPS):
        step = np.linalg.solve(curvature, gradient)
        if np.abs(step).max() < _CONVERGED:
            break
        size = 1.0
        least = log_density - _ROUNDING * (1 + abs(log_density))
        while (candidate := _log_posterior(theta + size * step, stacks, prior_sd))[0] < least:
            size /= 2
        theta = theta + size * step
        log_density, gradient, curvature = candidate
    return theta, np.sqrt(np.diag(np.linalg.inv(curvature)))


def _stack_by_length(choices: Sequence[_Choice]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Choices of equal length stacked: int64 (K, m), the chosen one first, and weights (K,)."""
    by_length: defaultdict[int, list[_Choice]] = defaultdict(list)
    for items, weight in choices:
        by_length[len(items)].append((items, weight))
    return [
        (np.array([items for items, _ in same]), np.array([weight for _, weight in same]))
        for same in by_length.values()
    ]


def _log_posterior(
    theta: np.ndarray, stacks: Sequence[tuple[np.ndarray, np.ndarray]], prior_sd: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """The log posterior, its gradient (n,) and its negative Hessian (n, n) at these strengths."""
    log_density = -float(theta @ theta) / (2 * prior_sd**2)
    gradient = -theta / prior_sd**2
    curvature = np.eye(len(theta)) / prior_sd**2
    for items, weights in stacks:
        odds = theta[items]
        top = odds.max(1, keepdims=True)
        scaled = np.exp(odds - top)
        whole = scaled.sum(1, keepdims=True)
        share = scaled / whole  # (K, m)
        log_density += float(weights @ (odds[:, 0] - top[:, 0] - np.log(whole[:, 0])))
        np.add.at(gradient, items[:, 0], weights)
        np.add.at(gradient, items, -weights[:, None] * share)
        np.add.at(curvature, (items, items), weights[:, None] * share)
        both = weights[:, None, None] * share[:, :, None] * share[:, None, :]
        np.add.at(curvature, (items[:, :, None], items[:, None, :]), -both)
    return log_density, gradient, curvature
