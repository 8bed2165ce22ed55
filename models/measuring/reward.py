"""The reward model: how much a picture is liked, learned from judgements on its features.

A ridge-logistic model of pairs (Bradley and Terry 1952) on features of the two pictures; features
and ridge are chosen by cross-validation over prompts, so that what is chosen has told right of
prompts it never saw. It audits judgements, filters them, and ranks fresh pictures. Called by the
command; numpy only. It must not know where features come from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.data.evidence import Preference

Floats = NDArray[np.float64]
#: How strongly weights are held to 0, for features of unit spread within a prompt.
_RIDGES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_FOLDS = 5
#: Newton's steps; the loss is convex and its curvature bounded, so few are enough.
_NEWTON = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reward:
    """A linear reward on one set of features."""

    features: str
    weights: Floats
    #: The share of pairs of prompts it had not seen that it told right, weighted, 0 to 1.
    told_right: float

    def of(self, features: Floats) -> Floats:
        """The reward (N,) of pictures with features (N, d); only differences mean anything."""
        return features @ self.weights


def fit(
    pairs: Sequence[Preference],
    prompts: Mapping[str, str],
    features: Mapping[str, Mapping[str, Floats]],
) -> Reward:
    """The reward that tells unseen prompts' pairs best.

    `prompts` maps files to prompts, `features` names sets that map files to vectors (d,).
    """
    weights = np.array([pair.weight for pair in pairs])
    folds = _folds([prompts[pair.better] for pair in pairs])
    tried = [
        (_crossed(_differences(pairs, vectors)[0], weights, folds, ridge), name, ridge)
        for name, vectors in features.items()
        for ridge in _RIDGES
    ]
    (_, told_right), name, ridge = min(tried)
    differences, spread = _differences(pairs, features[name])
    learned = _logistic(differences, weights, ridge) / spread
    return Reward(features=name, weights=learned, told_right=told_right)


def _differences(
    pairs: Sequence[Preference], vectors: Mapping[str, Floats]
) -> tuple[Floats, Floats]:
    """Better minus worse (P, d) in units of each feature's spread (d,) over the pairs."""
    raw = np.stack([vectors[pair.better] - vectors[pair.worse] for pair in pairs]).astype(float)
    spread = np.sqrt((raw**2).mean(0)) + 1e-8
    return raw / spread, spread


def _folds(prompts: Sequence[str]) -> NDArray[np.int64]:
    """A fold for each pair; pairs of one prompt share it."""
    number = {prompt: i for i, prompt in enumerate(sorted(set(prompts)))}
    return np.array([number[prompt] % _FOLDS for prompt in prompts])


def _crossed(
    differences: Floats, weights: Floats, folds: NDArray[np.int64], ridge: float
) -> tuple[float, float]:
    """What the other folds' model says of each pair: its mean loss, and the share it tells right.

    The loss chooses: it minds how sure a wrong answer was, and is steadier over few pairs.
    """
    said = np.zeros(len(differences))
    for fold in range(_FOLDS):
        held = folds == fold
        if held.any() and not held.all():
            said[held] = differences[held] @ _logistic(differences[~held], weights[~held], ridge)
    shares = weights / weights.sum()
    return float(shares @ np.logaddexp(0, -said)), float(shares @ (said > 0))


def _logistic(differences: Floats, weights: Floats, ridge: float) -> Floats:
    """Weights (d,) that lower sum w log(1 + exp(-x b)) + ridge d |b|^2 / 2, by Newton's method.

    Solved in the space that the pairs (P, d) span, so that many features cost little.
    """
    kernel = differences @ differences.T / differences.shape[1]
    scaled = weights / weights.mean()
    alpha = np.zeros(len(differences))
    for _ in range(_NEWTON):
        odds = 1 / (1 + np.exp(kernel @ alpha))
        curvature = scaled * odds * (1 - odds) + 1e-6
        target = kernel @ alpha + scaled * odds / curvature
        alpha = np.linalg.solve(kernel + np.diag(ridge / curvature), target)
    return differences.T @ alpha / differences.shape[1]
