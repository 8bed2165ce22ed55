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
    accuracy: float

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
        vote_loss = _unexplained_variance(votes or {}, prompts, vectors, spread)
        for ridge in _RIDGES:
            loss, accuracy = _cross_validate(differences, weights, folds, ridge)
            tried.append((loss + vote_loss, accuracy, name, ridge))
    _, accuracy, name, ridge = min(tried)
    differences, spread = _differences(pairs, features[name])
    learned = _fit_logistic(differences, weights, ridge) / spread
    return Reward(features=name, weights=learned, accuracy=accuracy)


def _differences(
    pairs: Sequence[Preference], vectors: Mapping[str, Floats]
) -> tuple[Floats, Floats]:
    """Features of better minus worse (P, d), in units of their spread (d,) over the pairs."""
    raw = np.stack([vectors[pair.better] - vectors[pair.worse] for pair in pairs]).astype(float)
    spread = np.sqrt((raw**2).mean(0)) + 1e-8
    return raw / spread, spread


def _folds(prompts: Sequence[str]) -> NDArray[np.int64]:
    """A fold for each pair; pairs of one prompt share it."""
    number = {prompt: i for i, prompt in enumerate(sorted(set(prompts)))}
    return np.array([number[prompt] % _FOLDS for prompt in prompts])


def _cross_validate(
    differences: Floats, weights: Floats, folds: NDArray[np.int64], ridge: float
) -> tuple[float, float]:
    """Predict each fold from the others: mean loss, and the share predicted right.

    The loss decides: it counts how confident a wrong answer was, and is more stable for few pairs.
    """
    margins = np.zeros(len(differences))
    for fold in range(_FOLDS):
        held_out = folds == fold
        if held_out.any() and not held_out.all():
            margins[held_out] = differences[held_out] @ _fit_logistic(
                differences[~held_out], weights[~held_out], ridge
            )
    shares = weights / weights.sum()
    return float(shares @ np.logaddexp(0, -margins)), float(shares @ (margins > 0))


def _unexplained_variance(
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
    leans = np.array([votes[name] for name in names])
    if not leans.any():
        return 0.0
    centred = np.stack([vectors[name] for name in names]) / spread
    centred -= centred.mean(0)
    kernel = centred @ centred.T
    kernel /= max(float(np.diag(kernel).mean()), 1e-12)
    number = np.unique([prompts[name] for name in names], return_inverse=True)[1]
    with_prompts = kernel + (number[:, None] == number)
    folds, leans = number % _FOLDS, leans - leans.mean()
    return min(_regression_error(kernel, with_prompts, leans, folds, ridge) for ridge in _RIDGES)


def _regression_error(
    kernel: Floats, with_prompts: Floats, leans: Floats, folds: NDArray[np.int64], ridge: float
) -> float:
    """The share of the variance that a ridge regression misses in unseen folds."""
    squared_error = 0.0
    for fold in range(_FOLDS):
        held_out, training = folds == fold, folds != fold
        if held_out.any() and training.any():
            within = with_prompts[np.ix_(training, training)] + ridge * np.eye(int(training.sum()))
            predicted = kernel[np.ix_(held_out, training)] @ np.linalg.solve(
                within, leans[training]
            )
            squared_error += float(np.square(leans[held_out] - predicted).sum())
    return squared_error / max(float(np.square(leans).sum()), 1e-12)


def _fit_logistic(differences: Floats, weights: Floats, ridge: float) -> Floats:
    """Weights (d,) minimising sum w log(1 + exp(-x b)) + ridge d |b|^2 / 2, by Newton's method."""
    scaled = weights / weights.mean()
    margins, coefficients = np.zeros(len(differences)), np.zeros(differences.shape[1])
    for _ in range(_NEWTON):
        odds = 1 / (1 + np.exp(margins))
        curvature = scaled * odds * (1 - odds) + 1e-6
        coefficients = _weighted_ridge(
            differences, curvature, margins + scaled * odds / curvature, ridge
        )
        margins = differences @ coefficients
    return coefficients


def _weighted_ridge(rows: Floats, weights: Floats, target: Floats, ridge: float) -> Floats:
    """Ridge regression (d,) of targets on rows (P, d), in the smaller of the two spaces."""
    count, width = rows.shape
    if width < count:
        inner = (rows.T * weights) @ rows + ridge * width * np.eye(width)
        return np.linalg.solve(inner, rows.T @ (weights * target))
    outer = rows @ rows.T / width + np.diag(ridge / weights)
    return rows.T @ np.linalg.solve(outer, target) / width
