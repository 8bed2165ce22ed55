"""Graded pictures for training: painted with known faults, cut by the tower's window.

Called by the training, in separate processes; torch-free. A shard is one `.npz`, written whole or
not at all. Must not know towers.
"""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import astuple, fields
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from PIL import Image

from models.aesthetics.window import Window
from models.painter import flaws as flaw
from models.painter.drawing import draw, raster
from models.painter.portrait import sample

PER_SHARD = 100
#: The faults, in the order of their degrees.
FAULTS = tuple(field.name for field in fields(flaw.Flaws))
#: The first seeds of training pictures and of unseen pictures; nothing else uses these ranges.
TRAIN_SEED, UNSEEN_SEED = 700_000_000, 1_700_000_000
#: The possible short sides: after the window has shrunk them, grain and lines differ.
SHORT_PX = (224, 256, 256, 320, 512)


class GradedShard(NamedTuple):
    """The pictures that one process paints at a time; `short_px` 0 chooses the size at random."""

    path: Path
    first_seed: int
    pictures: int
    short_px: int = 0


class Graded(NamedTuple):
    """Cuts uint8 (N, S, S, 3), true grades float32 (N,), faults' degrees float32 (N, faults)."""

    cuts: np.ndarray
    grades: np.ndarray
    degrees: np.ndarray


def paint(seed: int, short_px: int = 0) -> tuple[Image.Image, flaw.Flaws]:
    """The graded picture of a seed; with `short_px` 0, the seed also determines the size."""
    rng = Random(seed)
    portrait = sample(rng)
    flaws = flaw.sample(rng)
    short = short_px or rng.choice(SHORT_PX)
    width = short * 5 // 4 if portrait.framing == "landscape" else short
    picture = raster(draw(portrait, seed, flaws.slips()), width)
    return flaw.spoil(picture, flaws, rng), flaws


def degrees(flaws: flaw.Flaws) -> tuple[float, ...]:
    """The degree of each fault, 0..1, in the order of `FAULTS`."""
    return astuple(flaws)


def plan(
    name: str, first_seed: int, count: int, folder: Path, short_px: int = 0
) -> list[GradedShard]:
    """The shards for a set of consecutive seeds; their names identify the seeds."""
    return [
        GradedShard(folder / f"{name}-{seed}-{pictures}.npz", seed, pictures, short_px)
        for i in range(0, count, PER_SHARD)
        for seed, pictures in [(first_seed + i, min(PER_SHARD, count - i))]
    ]


def paint_shard(shard: GradedShard) -> Path:
    """Paint one shard, unless it exists."""
    if shard.path.exists():
        return shard.path
    window = Window()
    seeds = range(shard.first_seed, shard.first_seed + shard.pictures)
    graded = [paint(seed, shard.short_px) for seed in seeds]
    part = shard.path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(
            file,
            cuts=np.stack([window.cut(picture) for picture, _ in graded]),
            grades=np.asarray([flaws.grade for _, flaws in graded], dtype=np.float32),
            degrees=np.asarray([degrees(flaws) for _, flaws in graded], dtype=np.float32),
        )
    return part.replace(shard.path)


def paint_all(shards: list[GradedShard], jobs: int) -> None:
    """Paint the shards in `jobs` low-priority processes, with a progress bar."""
    from tqdm import tqdm

    with multiprocessing.get_context("spawn").Pool(jobs, initializer=_lower_priority) as pool:
        done = pool.imap(paint_shard, shards)
        for _ in tqdm(done, total=len(shards), unit="shard", desc="paint"):
            pass


def load(shards: list[GradedShard]) -> Graded:
    """The shards joined in order. Raises FileNotFoundError if one is not painted yet."""
    parts = [np.load(shard.path) for shard in shards]
    return Graded(*(np.concatenate([part[name] for part in parts]) for name in Graded._fields))


def _lower_priority() -> None:
    os.nice(15)
