"""How much judgements say about features, compared with shuffles of the same judgements.

A shuffle moves judgements among the pictures of their prompt. It keeps their number, kind, weight
and voters, but they no longer say anything about the pictures. So the share of shuffles that score
as high is exactly the probability of that under random votes (Fisher's permutation test). Called by
the critic and by `examine`. Pure numpy; must not know where features come from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.data.evidence import Evidence

Floats = NDArray[np.float64]
_SHUFFLES = 999
_SEED = 0
#: The ridge penalty on weights, for features of unit spread within a prompt. With few votes, only
#: what many features say together is credible. The effect of each prompt has the same penalty.
_RIDGE = 30.0
_FOLDS = 5
#: Smaller differences than this share of the shuffles' spread count as equal.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leanings:
    """Judged pictures, prompt after prompt, and how much each is preferred."""

    names: tuple[str, ...]
    #: The number of each picture's prompt, (N,).
    prompts: NDArray[np.int64]
    #: (N, 1 + S): as judged, then shuffled; sums to 0 within each prompt.
    liked: Floats
    #: How much more a picture's prompt is liked than others, (N,); the same in every shuffle.
    prompt_levels: Floats


def leanings_of(evidence: Evidence, prompts: Mapping[str, str], most: int) -> Leanings:
    """The preferences for at most `most` judged pictures; `prompts` maps files to prompts.

    Prompts with a preferred picture come first: only they reveal a taste within prompts.
    """
    net: defaultdict[str, float] = defaultdict(float, dict.fromkeys(evidence.votes, 0.0))
    for pair in evidence.pairs:
        net[pair.better] += pair.weight
        net[pair.worse] -= pair.weight
    with_pairs = {prompts[pair.better] for pair in evidence.pairs}
    in_order = sorted(net, key=lambda name: (prompts[name] not in with_pairs, prompts[name], name))
    names = tuple(sorted(in_order[:most], key=lambda name: (prompts[name], name)))
    number = np.unique([prompts[name] for name in names], return_inverse=True)[1]
    judged = np.array([net[name] for name in names])
    # Sorted by prompt and then at random: positions never leave their prompt.
    random_keys = np.random.default_rng(_SEED).random((len(names), _SHUFFLES))
    shuffled = judged[np.argsort(number[:, None] + random_keys, axis=0)]
    liked = centre_within_prompts(np.column_stack([judged, shuffled]), number)
    voted = np.array([evidence.votes.get(name, np.nan) for name in names])
    return Leanings(
        names=names, prompts=number, liked=liked, prompt_levels=_prompt_levels(voted, number)
    )


def _prompt_levels(voted: Floats, prompts: NDArray[np.int64]) -> Floats:
    """How far votes on a prompt's pictures differ from the average, on the scale of pairs (N,).

    Votes (N,) are NaN where there are none; each of n pictures is in n - 1 pairs.
    """
    is_voted = ~np.isnan(voted)
    if not is_voted.any():
        return np.zeros(len(voted))
    sums = np.zeros(prompts.max() + 1)
    np.add.at(sums, prompts[is_voted], voted[is_voted] - voted[is_voted].mean())
    return sums[prompts]


def centre_within_prompts(values: Floats, prompts: NDArray[np.int64]) -> Floats:
    """Values (N, k) minus the mean of their prompt, which removes the prompt's own level."""
    sums = np.zeros((prompts.max() + 1, values.shape[1]))
    np.add.at(sums, prompts, values)
    return values - (sums / np.bincount(prompts)[:, None])[prompts]


def clearest_set(leanings: Leanings, features: Mapping[str, Floats]) -> tuple[str, float]:
    """The feature set that best predicts unseen prompts, and how often a shuffle does as well.

    `features` are (N, d) by set, of unit spread within a prompt. The best of several sets is
    compared with the best of the same sets for each shuffle.
    """
    scores = {
        name: _standardise(_prediction_scores(leanings, rows)) for name, rows in features.items()
    }
    best = max(scores, key=lambda name: scores[name][0])
    return best, chance_of_score(np.max(list(scores.values()), axis=0))


def _prediction_scores(leanings: Leanings, rows: Floats) -> Floats:
    """How well folds predict preferences within prompts that they did not see, (1 + S,).

    The fit also uses the preferences between whole prompts, with an effect for each prompt: that
    helps to predict other prompts, and is the same for every shuffle. What is predicted for a whole
    prompt cancels, because preferences within it sum to 0.
    """
    prompts, folds = leanings.prompts, leanings.prompts % _FOLDS
    whole = leanings.liked + leanings.prompt_levels[:, None]
    predicted = np.zeros_like(leanings.liked)
    for fold in range(_FOLDS):
        held_out, training = folds == fold, folds != fold
        if held_out.any() and training.any():
            centred = rows[training] - rows[training].mean(0)
            prompt_effects = _RIDGE * (prompts[training, None] == prompts[training])
            coefficients = _solve_ridge(_kernel(centred) + prompt_effects, whole[training])
            predicted[held_out] = rows[held_out] @ (centred.T @ coefficients) / rows.shape[1]
    return (predicted * leanings.liked).sum(0)


def taste_weights(leanings: Leanings, rows: Floats) -> Floats:
    """How much each feature is liked (d, 1 + S): ridge regression on features (N, d)."""
    centred = centre_within_prompts(rows, leanings.prompts)
    return centred.T @ _solve_ridge(_kernel(centred), leanings.liked) / rows.shape[1]


def _kernel(rows: Floats) -> Floats:
    return rows @ rows.T / rows.shape[1]


def _solve_ridge(kernel: Floats, liked: Floats) -> Floats:
    return np.linalg.solve(kernel + _RIDGE * np.eye(len(kernel)), liked).astype(np.float64)


def _standardise(scores: Floats) -> Floats:
    spread = max(float(scores.std()), 1e-12)
    return ((scores - scores.mean()) / spread).astype(np.float64)


def chance_of_score(scores: Floats) -> float:
    """How often shuffled judgements predict as well as the real ones, first in (1 + S,): 0 to 1.

    The real judgements count as one shuffle, so the result is never 0 (Phipson and Smyth 2010). NaN
    is not less than anything: if the real score is NaN, the result is 1.
    """
    bar = scores[0] - _ROUNDING * max(float(scores.std()), 1e-12)
    return float((~(scores < bar)).mean())
