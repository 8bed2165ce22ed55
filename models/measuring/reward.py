"""The reward model: learns how much a picture is liked from judgements on its features.

A ridge-logistic model of pairs (Bradley and Terry 1952) on features of the two pictures; features
and ridge are chosen by cross-validation over prompts, so the chosen ones have predicted unseen
prompts. The weights come from pairs alone; votes on single pictures help to choose the features,
because pairs of one prompt are few. It audits judgements, filters them, and ranks fresh pictures.
Called by the command; numpy only. Must not know where features come from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.data.evidence import Preference

Floats = NDArray[np.float64]
#: Candidate ridge penalties, for features of unit spread within a prompt. Penalties below 1 were
#: never best on unseen prompts, and let meaningless features look good by chance.
_RIDGES = (1.0, 3.0, 10.0, 30.0, 100.0)
_FOLDS = 5
#: Newton steps; the loss is convex with bounded curvature, so a few are enough.
_NEWTON = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reward:
    """A linear reward on one set of features."""

    features: str
    weights: Floats
    #: The weighted share of pairs from unseen prompts that it predicted right, 0 to 1.
    told_right: float

    def of(self, features: Floats) -> Floats:
        """The reward (N,) of pictures with features (N, d); only differences have a meaning."""
        return features @ self.weights


def fit(
    pairs: Sequence[Preference],
    prompts: Mapping[str, str],
    features: Mapping[str, Mapping[str, Floats]],
    votes: Mapping[str, float] | None = None,
) -> Reward:
    """The reward that best predicts unseen prompts, on features that predict votes as well.

    `prompts` maps files to prompts, `features` names sets that map files to vectors (d,); `votes`
    give the lean of the votes on each picture alone.
    """
    weights = np.array([pair.weight for pair in pairs])
    folds = _folds([prompts[pair.better] for pair in pairs])
    tried: list[tuple[float, float, str, float]] = []
    for name, vectors in features.items():
        differences, spread = _differences(pairs, vectors)
        beside = _missed(votes or {}, prompts, vectors, spread)
        for ridge in _RIDGES:
            loss, told_right = _crossed(differences, weights, folds, ridge)
            tried.append((loss + beside, told_right, name, ridge))
    _, told_right, name, ridge = min(tried)
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
    """The predictions of each fold by the others: mean loss, and the share predicted right.

    The loss decides: it weighs how confident a wrong answer was, and is more stable for few pairs.
    """
    said = np.zeros(len(differences))
    for fold in range(_FOLDS):
        held = folds == fold
        if held.any() and not held.all():
            said[held] = differences[held] @ _logistic(differences[~held], weights[~held], ridge)
    shares = weights / weights.sum()
    return float(shares @ np.logaddexp(0, -said)), float(shares @ (said > 0))


def _missed(
    votes: Mapping[str, float],
    prompts: Mapping[str, str],
    vectors: Mapping[str, Floats],
    spread: Floats,
) -> float:
    """The share of the votes' variance that the features miss for unseen prompts, about 0 to 1.

    A ridge regression of votes on features in units of `spread` (d,), beside an effect for each
    prompt. 0 if votes say nothing.
    """
    names = sorted(votes)
    leaning = np.array([votes[name] for name in names])
    if not leaning.any():
        return 0.0
    seen = np.stack([vectors[name] for name in names]) / spread
    seen -= seen.mean(0)
    kernel = seen @ seen.T
    kernel /= max(float(np.diag(kernel).mean()), 1e-12)
    number = np.unique([prompts[name] for name in names], return_inverse=True)[1]
    beside = kernel + (number[:, None] == number)
    folds, leaning = number % _FOLDS, leaning - leaning.mean()
    return min(_regressed(kernel, beside, leaning, folds, ridge) for ridge in _RIDGES)


def _regressed(
    kernel: Floats, beside: Floats, leaning: Floats, folds: NDArray[np.int64], ridge: float
) -> float:
    """The share of variance that a regression misses in unseen folds."""
    missed = 0.0
    for fold in range(_FOLDS):
        held, known = folds == fold, folds != fold
        if held.any() and known.any():
            within = beside[np.ix_(known, known)] + ridge * np.eye(int(known.sum()))
            said = kernel[np.ix_(held, known)] @ np.linalg.solve(within, leaning[known])
            missed += float(np.square(leaning[held] - said).sum())
    return missed / max(float(np.square(leaning).sum()), 1e-12)


def _logistic(differences: Floats, weights: Floats, ridge: float) -> Floats:
    """Weights (d,) minimising sum w log(1 + exp(-x b)) + ridge d |b|^2 / 2, by Newton's method."""
    scaled = weights / weights.mean()
    said, learned = np.zeros(len(differences)), np.zeros(differences.shape[1])
    for _ in range(_NEWTON):
        odds = 1 / (1 + np.exp(said))
        curvature = scaled * odds * (1 - odds) + 1e-6
        learned = _weighed(differences, curvature, said + scaled * odds / curvature, ridge)
        said = differences @ learned
    return learned


def _weighed(rows: Floats, weights: Floats, target: Floats, ridge: float) -> Floats:
    """Ridge regression (d,) of targets on rows (P, d), in the smaller of the two spaces."""
    count, width = rows.shape
    if width < count:
        inner = (rows.T * weights) @ rows + ridge * width * np.eye(width)
        return np.linalg.solve(inner, rows.T @ (weights * target))
    outer = rows @ rows.T / width + np.diag(ridge / weights)
    return rows.T @ np.linalg.solve(outer, target) / width
