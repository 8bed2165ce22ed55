"""Pairs that a reward model makes of pictures: many, and less noisy than single votes are.

A reward that has told right of prompts it never saw knows what the judgements have in common. Pairs
by it are of every picture of a prompt, voted on or not. Called by the command. It must not know
where features come from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations
from math import atanh, sqrt, tanh

import numpy as np
from numpy.typing import NDArray

from models.data.evidence import MOST, Evidence, Preference, liked_of
from models.measuring.reward import Reward

#: Pairs whose margin (0 to 1) is smaller are left out: the reward does not tell them apart.
_LEAST = 0.15
#: So many standard errors above a coin's share must it have told right. It is the best of several
#: sets of features, so votes at random pass in one case of three; the gate refuses what they teach.
_SURE = 1.64


def trusted(reward: Reward, pairs: int) -> bool:
    """Whether what it told right of unseen prompts' pairs is more than chance would."""
    return reward.accuracy > 0.5 + _SURE * 0.5 / sqrt(pairs)


def ranked(
    reward: Reward,
    prompts: Mapping[str, str],
    vectors: Mapping[str, NDArray[np.float64]],
    judged: Evidence,
) -> Evidence:
    """The evidence of a reward on pictures, and of what was judged of the very pairs.

    `prompts` and `vectors` are by file. Both are odds that one picture is liked more, and add up:
    where the reward knows little, the judgements decide, and where nothing was judged, the reward.
    """
    names = sorted(prompts)
    values = dict(zip(names, reward.of(np.stack([vectors[name] for name in names])), strict=True))
    said = {(pair.better, pair.worse): atanh(pair.weight) for pair in judged.pairs}
    by_prompt: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        by_prompt[prompts[name]].append(name)
    pairs: list[Preference] = []
    for group in by_prompt.values():
        for a, b in combinations(group, 2):
            told = said.get((a, b), 0.0) - said.get((b, a), 0.0)
            margin = tanh((values[a] - values[b]) / 2 + told)
            better, worse = (a, b) if margin > 0 else (b, a)
            if abs(margin) > _LEAST:
                pairs.append(Preference(better=better, worse=worse, weight=min(abs(margin), MOST)))
    return Evidence(pairs=tuple(pairs), liked=liked_of(pairs))
