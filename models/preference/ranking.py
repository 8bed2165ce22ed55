"""Pairs that a reward model makes of pictures: many, and less noisy than single votes are.

A reward that has told right of prompts it never saw knows what the judgements have in common. Pairs
by it are of every picture of a prompt, voted on or not. Called by the command. It must not know
where features come from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations
from math import sqrt, tanh

import numpy as np
from numpy.typing import NDArray

from models.data.evidence import Evidence, Preference, liked_of
from models.measuring.reward import Reward

#: Pairs whose margin (0 to 1) is smaller are left out: the reward does not tell them apart.
_LEAST = 0.15
#: So many standard errors above a coin's share must it have told right.
_SURE = 1.64


def trusted(reward: Reward, pairs: int) -> bool:
    """Whether what it told right of unseen prompts' pairs is more than chance would."""
    return reward.told_right > 0.5 + _SURE * 0.5 / sqrt(pairs)


def ranked(
    reward: Reward,
    prompts: Mapping[str, str],
    vectors: Mapping[str, NDArray[np.float64]],
) -> Evidence:
    """The evidence of a reward on pictures; `prompts` and `vectors` are by file."""
    names = sorted(prompts)
    values = dict(zip(names, reward.of(np.stack([vectors[name] for name in names])), strict=True))
    by_prompt: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        by_prompt[prompts[name]].append(name)
    pairs: list[Preference] = []
    for group in by_prompt.values():
        for a, b in combinations(group, 2):
            better, worse = (a, b) if values[a] > values[b] else (b, a)
            # The difference of the two sides' chances in the reward's own model.
            margin = tanh((values[better] - values[worse]) / 2)
            if margin > _LEAST:
                pairs.append(Preference(better=better, worse=worse, weight=margin))
    return Evidence(pairs=tuple(pairs), liked=liked_of(pairs))
