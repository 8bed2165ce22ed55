"""The features for a reward model: colours, an image tower's embedding, the judge's answers.

Every set is a differentiable function of pixels, so reward fine-tuning can follow the reward that
ranks pictures. Called by the command. Must not know judgements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.aesthetics.scorer import OWN
from models.aesthetics.towers import open_tower
from models.measuring.adherence import GROUPS
from models.measuring.judge.heads import HEADS
from models.measuring.judge.network import SIZE_PX, Judge, split

#: Pixels (B, 3, H, W), float32 in 0..1 -> features (B, d).
Look = Callable[[Tensor], Tensor]
Floats = NDArray[np.float64]

#: The names of the sets.
SETS = ("colour", "tower", "judge")
#: The grid of squares whose colours are used in addition to the whole picture's.
_SQUARES = 3


def looks(tower: Path = OWN) -> Mapping[str, Look]:
    """The sets of features by name. Raises EngineError for a broken tower."""
    return dict(zip(SETS, (colour, _tower(tower), _judge()), strict=True))


def eye(name: str) -> tuple[str, list[int] | slice]:
    """What sees a set, whether it lies within another or not: one of `looks`, and its columns."""
    return sections().get(name, (name, slice(None)))


def look_of(sets: Mapping[str, Look], name: str) -> Look:
    """A function that sees one set alone, out of `looks`."""
    of, columns = eye(name)
    whole = sets[of]
    return lambda pixels: whole(pixels)[:, columns]


def sections() -> Mapping[str, tuple[str, list[int]]]:
    """Sets that are part of one of `looks`: its name, and their columns in it.

    They are the judge's answers for one group of attributes: a taste in faces is hard to detect
    among all the others.
    """
    ends = list(accumulate((len(values) for values in HEADS.values()), initial=0))
    columns = {head: range(*ends[i : i + 2]) for i, head in enumerate(HEADS)}
    return {
        f"judge: {group}": ("judge", [column for head in heads for column in columns[head]])
        for group, (heads, _) in GROUPS.items()
    }


def with_sections(rows: Mapping[str, Floats]) -> dict[str, Floats]:
    """Rows (N, d) for each of `looks`, and for the sets that are part of them."""
    return {**rows, **{name: rows[of][:, columns] for name, (of, columns) in sections().items()}}


def colour(pixels: Tensor) -> Tensor:
    """Mean and spread of each channel, colourfulness and brightness, and the means by place."""
    flat = pixels.flatten(2)
    span = (pixels.amax(1) - pixels.amin(1)).flatten(1).mean(1, keepdim=True)
    places = functional.adaptive_avg_pool2d(pixels, _SQUARES).flatten(1) / _SQUARES
    return torch.cat([flat.mean(2), flat.std(2), span, places], 1)


def _tower(folder: Path) -> Look:
    """A tower's unit-length embedding; the picture is cropped by the tower's window."""
    tower = open_tower(folder)
    tower.net.requires_grad_(requires_grad=False)
    window = tower.window
    mean, std = (torch.tensor(v)[:, None, None] for v in (window.mean, window.std))

    def look(pixels: Tensor) -> Tensor:
        height, width = pixels.shape[2:]
        scale = window.shortest_px / min(height, width)
        size = (int(height * scale), int(width * scale))
        small = functional.interpolate(pixels, size, mode="bicubic", antialias=True)
        top, left = ((side - window.crop_px) // 2 for side in size)
        cut = small[:, :, top : top + window.crop_px, left : left + window.crop_px]
        said = tower.net((cut - mean) / std)
        embedded = said if isinstance(said, Tensor) else said.image_embeds
        return functional.normalize(embedded.float(), dim=-1)

    return look


def _judge() -> Look:
    """The judge's log-probability of every class of every head."""
    judge = Judge()
    judge.network.requires_grad_(requires_grad=False)

    def look(pixels: Tensor) -> Tensor:
        height, width = pixels.shape[2:]
        scale = SIZE_PX / min(height, width)
        size = (round(height * scale), round(width * scale))
        small = functional.interpolate(pixels, size, mode="area")
        said = split(judge.network(small * 2 - 1))
        return torch.cat([part.log_softmax(1) for part in said.values()], 1)

    return look
