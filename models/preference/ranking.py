"""Pairs made by a reward model: many, and less noisy than single votes.

A reward that ranks pictures of unseen prompts correctly knows what the judgements have in common.
Its pairs cover every picture of a prompt, voted on or not. Called by the workshop. Must not know
where features come from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations
from math import atanh, sqrt, tanh

import numpy as np
from numpy.typing import NDArray

from models.data.evidence import WEIGHT_MAX, Evidence, Preference, liked_of
from models.measuring.reward import Reward

#: Pairs with a smaller margin (0 to 1) are left out: the reward cannot tell them apart.
_MARGIN_MIN = 0.15
#: How many standard errors above chance its accuracy must be. The reward is the best of several
#: sets of features, so random votes pass in one case of three; the gate refuses what they teach.
_SURE_ERRORS = 1.64


def is_trusted(reward: Reward, pairs: int) -> bool:
    """Whether its accuracy on pairs of unseen prompts is above chance."""
    return reward.accuracy > 0.5 + _SURE_ERRORS * 0.5 / sqrt(pairs)


def rank_pictures(
    reward: Reward,
    prompts: Mapping[str, str],
    vectors: Mapping[str, NDArray[np.float64]],
    judged: Evidence,
) -> Evidence:
    """The evidence of a reward on pictures, joined with the judgements of the same pairs.

    `prompts` and `vectors` are by file. Reward and judgements give log-odds that one picture is
    liked more, and these add up: where the reward knows little, the judgements decide, and where
    nothing was judged, the reward.
    """
    names = sorted(prompts)
    values = dict(zip(names, reward.of(np.stack([vectors[name] for name in names])), strict=True))
    judged_odds = {(pair.better, pair.worse): atanh(pair.weight) for pair in judged.pairs}
    by_prompt: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        by_prompt[prompts[name]].append(name)
    pairs: list[Preference] = []
    for group in by_prompt.values():
        for a, b in combinations(group, 2):
            odds = judged_odds.get((a, b), 0.0) - judged_odds.get((b, a), 0.0)
            margin = tanh((values[a] - values[b]) / 2 + odds)
            better, worse = (a, b) if margin > 0 else (b, a)
            if abs(margin) > _MARGIN_MIN:
                pairs.append(
                    Preference(better=better, worse=worse, weight=min(abs(margin), WEIGHT_MAX))
                )
    return Evidence(pairs=tuple(pairs), liked=liked_of(pairs))
