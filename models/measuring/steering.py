"""Measures whether prompt weights and negative prompts change pictures as they should.

Called by the `evaluate` command. It asks for hair in two colours, with one of them weighted up or
down, and for hair of any colour with the dark ones in the negative prompt. Must not know how
pictures are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np

from models.contract import Aspect
from models.measuring.adherence import FIRST_SEED, Task
from models.measuring.judge.heads import HEADS
from models.painter.portrait import Portrait, sample

#: The weights of a prompt's second colour, in rising order.
WEIGHTS = (0.5, 1.0, 1.5)
#: Colours that are easy to tell apart.
COLOUR_PAIRS = (("red", "blue"), ("blonde", "purple"), ("pink", "green"), ("white", "black"))
DARK_COLOURS = ("black", "brown", "red", "blue", "purple", "green")


def weighted_tasks(count: int) -> list[list[Task]]:
    """For each of `WEIGHTS`, `count` pictures of hair in two colours, the second one weighted."""
    return [[_two_colour_task(weight, i) for i in range(count)] for weight in WEIGHTS]


def second_colour(i: int) -> str:
    """The weighted colour in the i-th picture for each weight."""
    return COLOUR_PAIRS[i % len(COLOUR_PAIRS)][1]


def negative_tasks(count: int) -> tuple[list[Task], list[Task]]:
    """Pictures of hair of any colour, without and with the dark colours in the negative prompt."""
    unrestricted = [_task("1girl, smile, white shirt, white background", i) for i in range(count)]
    negative = ", ".join(f"{colour} hair" for colour in DARK_COLOURS)
    return unrestricted, [replace(task, negative=negative) for task in unrestricted]


def colour_share(predicted: np.ndarray, wanted: Sequence[Sequence[str]]) -> float:
    """The share of judged hair colours, in int64 (N, heads), among each picture's wanted ones."""
    names = HEADS["hair_colour"]
    predicted_colours = predicted[:, list(HEADS).index("hair_colour")]
    right = [names[c] in colours for c, colours in zip(predicted_colours, wanted, strict=True)]
    return sum(right) / len(right)


def _two_colour_task(weight: float, i: int) -> Task:
    first, second = COLOUR_PAIRS[i % len(COLOUR_PAIRS)]
    return _task(f"1girl, {first} hair, ({second} hair:{weight:g}), smile, white background", i)


def _task(prompt: str, i: int) -> Task:
    portrait: Portrait = sample(Random(FIRST_SEED + i))
    seed = (FIRST_SEED + i) % 2**31
    return Task(portrait=portrait, prompt=prompt, seed=seed, aspect=Aspect.SQUARE)
