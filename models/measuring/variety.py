"""Measures whether attributes that a prompt leaves open vary, or are always the same.

Called by the `evaluate` command. A model may follow every prompt and still draw one background
whenever none is named. Must not know how pictures are made.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np

from models.contract import Aspect
from models.measuring.adherence import FIRST_SEED, Task
from models.measuring.judge.heads import HEADS, UNSEEN, labels
from models.painter.captions import caption_leaves_out
from models.painter.portrait import sample

#: None of them names a colour of eyes or a background.
PROMPTS = (
    "1girl, blue hair, glasses, smile",
    "1boy, black hair, suit",
    "1girl, pink hair, twintails, serafuku",
    "1girl, blonde hair, cat ears, open mouth",
)
#: The attributes that they leave open: the usual name, and the groups of tags that would state it.
OPEN_ATTRIBUTES = {
    "scene": ("background", ("background", "scene")),
    "eye_colour": ("colour of eyes", ("eye colour",)),
}


def tasks(count: int) -> list[Task]:
    """`count` pictures, each with another seed."""
    open_tasks: list[Task] = []
    for i in range(count):
        seed = FIRST_SEED + 500_000 + i
        portrait = sample(Random(seed))
        prompt = PROMPTS[i % len(PROMPTS)]
        open_tasks.append(
            Task(portrait=portrait, prompt=prompt, seed=seed % 2**31, aspect=Aspect.SQUARE)
        )
    return open_tasks


def expected_shares(head: str, count: int = 4000) -> np.ndarray:
    """The shares of each value in pictures whose captions leave the attribute open.

    A model that has learned its captions draws these shares. They differ from how often each value
    is painted: a starry sky is nearly always named, a plain background often not.
    """
    shares, column, groups = (
        np.zeros(len(HEADS[head])),
        list(HEADS).index(head),
        OPEN_ATTRIBUTES[head][1],
    )
    for seed in range(count):
        portrait = sample(Random(seed))
        value = labels(portrait)[column]
        if value != UNSEEN and caption_leaves_out(portrait, Random(seed + 1), groups):
            shares[value] += 1
    return shares / shares.sum()


def distance_from_expected(predicted: np.ndarray, head: str) -> float:
    """The distance of the shares in int64 (N, heads) from `expected_shares`: 0 equal, 1 disjoint.

    Half of the summed differences (the total variation distance).
    """
    column = predicted[:, list(HEADS).index(head)]
    shares = np.bincount(column, minlength=len(HEADS[head])) / len(column)
    return float(np.abs(shares - expected_shares(head)).sum() / 2)


def commonest_value(predicted: np.ndarray, head: str) -> tuple[str, float]:
    """The most frequent value of a head in int64 (N, heads), and how often, 0 to 1."""
    counts = Counter(predicted[:, list(HEADS).index(head)].tolist())
    ((value, times),) = counts.most_common(1)
    return HEADS[head][value], times / len(predicted)
