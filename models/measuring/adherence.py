"""Measures whether pictures show what their prompts request, according to the judge.

Called by the `evaluate` command. Portraits that no training saw become prompts, a model draws them,
and the judge reads the pictures. Must not know how pictures are made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

import numpy as np
from PIL import Image

from models.contract import Aspect
from models.measuring.judge.heads import HEADS, UNSEEN, labels
from models.measuring.judge.network import SIZE_PX, Judge
from models.painter.captions import prompt, sentence
from models.painter.portrait import Portrait, sample
from models.painter.tags import tags

#: Seeds from here on are used only for evaluation.
FIRST_SEED = 2_000_000_000
#: The groups of the report: the heads of each, and the share of right answers to reach.
GROUPS: dict[str, tuple[tuple[str, ...], float]] = {
    "hair colour": (("hair_colour",), 0.97),
    "eye colour": (("eye_colour",), 0.90),
    "hair style and length": (("hair_style", "hair_length", "wavy", "spiky"), 0.90),
    "head-wear and animal ears": (("head",), 0.90),
    "glasses": (("eyewear",), 0.92),
    "expression": (("mouth", "eye_state", "brows"), 0.85),
    "clothes": (("clothes", "clothes_colour"), 0.85),
    "background": (("scene", "background"), 0.95),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One requested picture, with the portrait that its prompt describes."""

    portrait: Portrait
    prompt: str
    seed: int
    aspect: Aspect
    #: The negative prompt, added to the model's default.
    negative: str = ""


def tasks(count: int, *, sentences: bool = False, square: bool = False) -> list[Task]:
    """Tag combinations that no training saw, as full prompts, or as English sentences."""
    drawn_tasks: list[Task] = []
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        portrait = sample(Random(seed))
        if square:
            portrait = replace(portrait, framing="square")
        text = prompt(portrait)
        if sentences:
            named = [tag for tag in tags(portrait) if tag.text in text.split(", ")]
            text = sentence(named, Random(seed), portrait)
        aspect = Aspect(portrait.framing)
        drawn_tasks.append(Task(portrait=portrait, prompt=text, seed=seed % 2**31, aspect=aspect))
    return drawn_tasks


def classify(judge: Judge, pictures: Iterable[Image.Image]) -> np.ndarray:
    """The class of each head in each picture, int64 (N, heads)."""
    return np.concatenate([judge.classes(scale_for_judge(picture)[None]) for picture in pictures])


def scale_for_judge(picture: Image.Image) -> np.ndarray:
    """The picture scaled to the judge's short side, uint8 (H, W, 3)."""
    scale = SIZE_PX / min(picture.size)
    size = (round(picture.width * scale), round(picture.height * scale))
    return np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BOX))


def truth(portraits: Iterable[Portrait]) -> np.ndarray:
    """The true class of each head, int64 (N, heads); `UNSEEN` where it cannot be seen."""
    return np.asarray([labels(portrait) for portrait in portraits], dtype=np.int64)


def accuracy_by_head(predicted: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """The share of right answers for each head, among visible attributes."""
    visible = true != UNSEEN
    right = ((predicted == true) & visible).sum(0)
    counts = np.maximum(1, visible.sum(0))
    return {head: float(r / c) for head, r, c in zip(HEADS, right, counts, strict=True)}


def weakest_value(
    predicted: np.ndarray, true: np.ndarray, head: str, least: int = 5
) -> tuple[str, float]:
    """The value of a head that is drawn least often when requested, and how often, 0 to 1.

    The share of a whole head hides a rare value that is never drawn. Values requested fewer than
    `least` times are left out; ("", 1) if none remains.
    """
    column = list(HEADS).index(head)
    predicted, true = predicted[:, column], true[:, column]
    accuracy_of = {
        value: float((predicted[true == i] == i).mean())
        for i, value in enumerate(HEADS[head])
        if (true == i).sum() >= least
    }
    return min(accuracy_of.items(), key=lambda item: item[1], default=("", 1.0))


def accuracy_by_group(by_head: dict[str, float]) -> dict[str, float]:
    """The mean share of each group's heads."""
    return {
        name: sum(by_head[head] for head in heads) / len(heads)
        for name, (heads, _) in GROUPS.items()
    }
