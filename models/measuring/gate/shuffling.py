"""What judgements say of features, beside what the same judgements say once they are shuffled.

Shuffled among the pictures of their prompt, judgements say nothing of pictures and are the same in
everything else: how many, of what kind and weight, by whom. So how often a shuffle says as much is
exactly how often votes at random would (Fisher's permutation test). Called by the critic and by
`examine`. Pure numpy; it must not know where features come from.
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
#: How strongly weights are held to 0, for features of unit spread within a prompt. With few votes
#: only what many features say together is worth listening to. As much of what is liked of whole
#: prompts is left to the prompts themselves.
_RIDGE = 30.0
_FOLDS = 5
#: Of the shuffles' own spread: what differs less is the same.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leanings:
    """Pictures that were judged, one prompt after the other, and how much each is liked more."""

    names: tuple[str, ...]
    #: The number of each picture's prompt, (N,).
    prompts: NDArray[np.int64]
    #: (N, 1 + S): as it was judged, then as it was shuffled; of each prompt it adds up to 0.
    liked: Floats
    #: How much more its prompt is liked than others, (N,): no shuffle changes that.
    of_prompt: Floats


def leanings_of(evidence: Evidence, prompts: Mapping[str, str], most: int) -> Leanings:
    """What is said of each judged picture, `most` at most; `prompts` maps files to prompts.

    Prompts of which one picture is liked more than another come first: only they tell of a taste
    within prompts.
    """
    net: defaultdict[str, float] = defaultdict(float, dict.fromkeys(evidence.votes, 0.0))
    for pair in evidence.pairs:
        net[pair.better] += pair.weight
        net[pair.worse] -= pair.weight
    telling = {prompts[pair.better] for pair in evidence.pairs}
    in_order = sorted(net, key=lambda name: (prompts[name] not in telling, prompts[name], name))
    names = tuple(sorted(in_order[:most], key=lambda name: (prompts[name], name)))
    number = np.unique([prompts[name] for name in names], return_inverse=True)[1]
    judged = np.array([net[name] for name in names])
    # Sorted by prompt and then by lot: places never leave their prompt.
    lots = np.random.default_rng(_SEED).random((len(names), _SHUFFLES))
    shuffled = judged[np.argsort(number[:, None] + lots, axis=0)]
    liked = within(np.column_stack([judged, shuffled]), number)
    voted = np.array([evidence.votes.get(name, np.nan) for name in names])
    return Leanings(names=names, prompts=number, liked=liked, of_prompt=_apart(voted, number))


def _apart(voted: Floats, prompts: NDArray[np.int64]) -> Floats:
    """How far votes on pictures of a prompt lean from those on all, as strongly as pairs do (N,).

    Votes (N,) are no numbers where there are none; of n pictures each is in n - 1 pairs.
    """
    has = ~np.isnan(voted)
    if not has.any():
        return np.zeros(len(voted))
    sums = np.zeros(prompts.max() + 1)
    np.add.at(sums, prompts[has], voted[has] - voted[has].mean())
    return sums[prompts]


def within(values: Floats, prompts: NDArray[np.int64]) -> Floats:
    """Values (N, k) less the mean of their prompt: what a whole prompt is like does not count."""
    sums = np.zeros((prompts.max() + 1, values.shape[1]))
    np.add.at(sums, prompts, values)
    return values - (sums / np.bincount(prompts)[:, None])[prompts]


def clearest(leanings: Leanings, features: Mapping[str, Floats]) -> tuple[str, float]:
    """The set of features that tells unseen prompts best, and how often a shuffle is told as well.

    `features` are (N, d) by set, of unit spread within a prompt. The best of several sets is held
    against the best of the same sets for each shuffle.
    """
    told = {name: _standard(_told(leanings, rows)) for name, rows in features.items()}
    best = max(told, key=lambda name: told[name][0])
    return best, chance(np.max(list(told.values()), axis=0))


def _told(leanings: Leanings, rows: Floats) -> Floats:
    """How well folds tell what is liked within prompts that they did not see, (1 + S,).

    They learn from what is liked of whole prompts too, beside an effect of each prompt's own: it
    helps to see the same thing within others, and is the same for every shuffle. What they say of a
    whole prompt comes to nothing, for what is liked within it adds up to 0.
    """
    prompts, folds = leanings.prompts, leanings.prompts % _FOLDS
    whole = leanings.liked + leanings.of_prompt[:, None]
    said = np.zeros_like(leanings.liked)
    for fold in range(_FOLDS):
        held, known = folds == fold, folds != fold
        if held.any() and known.any():
            seen = rows[known] - rows[known].mean(0)
            beside = _RIDGE * (prompts[known, None] == prompts[known])
            learned = _ridged(_kernel(seen) + beside, whole[known])
            said[held] = rows[held] @ (seen.T @ learned) / rows.shape[1]
    return (said * leanings.liked).sum(0)


def weights(leanings: Leanings, rows: Floats) -> Floats:
    """How much of each feature is liked (d, 1 + S): ridge regression on features (N, d)."""
    centred = within(rows, leanings.prompts)
    return centred.T @ _ridged(_kernel(centred), leanings.liked) / rows.shape[1]


def _kernel(rows: Floats) -> Floats:
    return rows @ rows.T / rows.shape[1]


def _ridged(kernel: Floats, liked: Floats) -> Floats:
    return np.linalg.solve(kernel + _RIDGE * np.eye(len(kernel)), liked).astype(np.float64)


def _standard(told: Floats) -> Floats:
    spread = max(float(told.std()), 1e-12)
    return ((told - told.mean()) / spread).astype(np.float64)


def chance(told: Floats) -> float:
    """How often shuffled judgements tell as much as those that stand first, (1 + S,): 0 to 1.

    What was judged counts as a shuffle itself, so chance is never 0 (Phipson and Smyth 2010).
    What is no number is not less than anything: where one stands, nobody knows, and that is 1.
    """
    least = told[0] - _ROUNDING * max(float(told.std()), 1e-12)
    return float((~(told < least)).mean())
