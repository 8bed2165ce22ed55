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

from models.aesthetics.scorer import OWN_TOWER
from models.aesthetics.towers import open_tower
from models.measuring.adherence import GROUPS
from models.measuring.judge.heads import HEADS
from models.measuring.judge.network import SIZE_PX, Judge, split

#: Pixels (B, 3, H, W), float32 in 0..1 -> features (B, d).
FeatureFunction = Callable[[Tensor], Tensor]
Floats = NDArray[np.float64]

#: The names of the sets.
SETS = ("colour", "tower", "judge")
#: The grid of squares whose colours are used in addition to the whole picture's.
_SQUARES = 3


def feature_functions(tower: Path = OWN_TOWER) -> Mapping[str, FeatureFunction]:
    """The sets of features by name. Raises EngineError for a broken tower."""
    return dict(zip(SETS, (colour, _tower_features(tower), _judge_features()), strict=True))


def source_of(name: str) -> tuple[str, list[int] | slice]:
    """Where a set comes from: the name in `feature_functions`, and the columns of its output.

    This holds for sets that are part of another, too.
    """
    return sections().get(name, (name, slice(None)))


def feature_function_of(sets: Mapping[str, FeatureFunction], name: str) -> FeatureFunction:
    """A function that computes one set alone, from those in `feature_functions`."""
    source, columns = source_of(name)
    features = sets[source]
    return lambda pixels: features(pixels)[:, columns]


def sections() -> Mapping[str, tuple[str, list[int]]]:
    """Sets that are part of one of `feature_functions`: its name, and their columns in it.

    Each holds the judge's answers for one group of attributes: among all the others, a taste in
    faces is hard to detect.
    """
    ends = list(accumulate((len(values) for values in HEADS.values()), initial=0))
    columns = {head: range(*ends[i : i + 2]) for i, head in enumerate(HEADS)}
    return {
        f"judge: {group}": ("judge", [column for head in heads for column in columns[head]])
        for group, (heads, _) in GROUPS.items()
    }


def with_sections(rows: Mapping[str, Floats]) -> dict[str, Floats]:
    """Adds to the rows (N, d) of each of `feature_functions` those of the sets within it."""
    return {
        **rows,
        **{name: rows[source][:, columns] for name, (source, columns) in sections().items()},
    }


def colour(pixels: Tensor) -> Tensor:
    """Mean and spread of each channel, colourfulness and brightness, and the means by place."""
    flat = pixels.flatten(2)
    colourfulness = (pixels.amax(1) - pixels.amin(1)).flatten(1).mean(1, keepdim=True)
    means_by_square = functional.adaptive_avg_pool2d(pixels, _SQUARES).flatten(1) / _SQUARES
    return torch.cat([flat.mean(2), flat.std(2), colourfulness, means_by_square], 1)


def _tower_features(folder: Path) -> FeatureFunction:
    """A tower's unit-length embedding; the picture is cropped by the tower's window."""
    tower = open_tower(folder)
    tower.net.requires_grad_(requires_grad=False)
    window = tower.window
    mean, std = (torch.tensor(v)[:, None, None] for v in (window.mean, window.std))

    def embed(pixels: Tensor) -> Tensor:
        height, width = pixels.shape[2:]
        scale = window.shortest_px / min(height, width)
        size = (int(height * scale), int(width * scale))
        resized = functional.interpolate(pixels, size, mode="bicubic", antialias=True)
        top, left = ((side - window.crop_px) // 2 for side in size)
        crop = resized[:, :, top : top + window.crop_px, left : left + window.crop_px]
        output = tower.net((crop - mean) / std)
        embedded = output if isinstance(output, Tensor) else output.image_embeds
        return functional.normalize(embedded.float(), dim=-1)

    return embed


def _judge_features() -> FeatureFunction:
    """The judge's log-probability of every class of every head."""
    judge = Judge()
    judge.network.requires_grad_(requires_grad=False)

    def answer(pixels: Tensor) -> Tensor:
        height, width = pixels.shape[2:]
        scale = SIZE_PX / min(height, width)
        size = (round(height * scale), round(width * scale))
        resized = functional.interpolate(pixels, size, mode="area")
        logits = split(judge.network(resized * 2 - 1))
        return torch.cat([part.log_softmax(1) for part in logits.values()], 1)

    return answer
