"""What comes where a prompt leaves something open: many things, or always the same one.

Called by the `evaluate` command. A model may do all it is asked and still draw one background
whenever it is not told which. It must not know how pictures are made.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np

from models.contract import Aspect
from models.evaluation.adherence import FIRST_SEED, Task
from models.judge.heads import HEADS
from models.painter.portrait import sample

#: None of them names an eye's colour or a background.
PROMPTS = (
    "1girl, blue hair, glasses, smile",
    "1boy, black hair, suit",
    "1girl, pink hair, twintails, serafuku",
    "1girl, blonde hair, cat ears, open mouth",
)
#: What they leave open, and what people call it.
OPEN = {"scene": "background", "eye_colour": "colour of eyes"}


def tasks(count: int) -> list[Task]:
    """`count` pictures, all of other seeds."""
    out: list[Task] = []
    for i in range(count):
        seed = FIRST_SEED + 500_000 + i
        portrait = sample(Random(seed))
        prompt = PROMPTS[i % len(PROMPTS)]
        out.append(Task(portrait=portrait, prompt=prompt, seed=seed % 2**31, aspect=Aspect.SQUARE))
    return out


def commonest(said: np.ndarray, head: str) -> tuple[str, float]:
    """The value of a head that comes most often in int64 [N, heads], and how often, 0 to 1."""
    counts = Counter(said[:, list(HEADS).index(head)].tolist())
    ((value, times),) = counts.most_common(1)
    return HEADS[head][value], times / len(said)
