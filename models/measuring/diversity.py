"""Measures whether pictures differ from each other and from the training pictures.

Called by the `evaluate` command and the gate. Must not know how pictures are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

import numpy as np
from PIL import Image

from models.painter.drawing import draw, raster
from models.painter.portrait import sample
from models.painter.sets import PICTURES, Purpose, parts

#: The side of the thumbnails that are compared.
SIDE_PX = 48


def thumbnail(picture: Image.Image) -> np.ndarray:
    """A thumbnail for comparison: float32 (SIDE*SIDE*3,) in 0..1."""
    small = picture.convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32).ravel() / 255


def training_seeds(count: int) -> list[int]:
    """The seeds of the first `count` square portraits in the embedded model's training."""
    trained_on = parts(Purpose.TRAIN, PICTURES)
    seeds = [seed for part in trained_on if part.framing == "square" for seed in part.seeds]
    return seeds[:count]


def painted_thumbnails(seeds: Iterable[int]) -> np.ndarray:
    """The painter's square pictures of these seeds as thumbnails, (N, SIDE*SIDE*3)."""
    portraits = ((seed, replace(sample(Random(seed)), framing="square")) for seed in seeds)
    return np.stack([thumbnail(raster(draw(p, seed), SIDE_PX * 2)) for seed, p in portraits])


def closest_distance(pictures: Sequence[np.ndarray]) -> float:
    """The root mean square difference of the two most similar thumbnails."""
    stack = np.stack(pictures)
    distances = _distances(stack, stack)
    np.fill_diagonal(distances, np.inf)
    return float(distances.min())


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """The root mean square difference of two thumbnails."""
    return float(np.sqrt(np.square(a - b).mean()))


def nearest_distances(pictures: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The root mean square difference of each thumbnail to the most similar other, (N,)."""
    return _distances(pictures, others).min(1)


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0) / a.shape[1])
