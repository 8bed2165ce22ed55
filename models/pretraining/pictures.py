"""Loads the painted shards as tensors, and samples the pictures of each training step.

Called by the stages. Must not know how a shard was painted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.pretraining.painting import Shard


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures of one framing, on the device that trains."""

    #: uint8 (N, H, W, 3).
    pixels: Tensor
    #: int8 (N, heads).
    labels: Tensor
    #: K captions for each picture, int16 (N, K, 77).
    ids: Tensor
    #: The labels that each caption states, int8 (N, K, heads).
    stated: Tensor
    #: int64 (N,).
    seeds: Tensor
    #: uint8 (N, SCALE H, SCALE W, 3), or no rows.
    large: Tensor


class EncodedPictures(NamedTuple):
    """Latents float16 (N, C, h, w) and the pictures that they come from."""

    latents: Tensor
    pictures: Pictures


def load(shards: list[Shard], device: torch.device, *, wait_s: float = 0.0) -> dict[str, Pictures]:
    """The shards by framing, on the device; waits up to `wait_s` for those not painted yet.

    Raises FileNotFoundError if some are still missing then.
    """
    end = time.monotonic() + wait_s
    by_framing: dict[str, list[Path]] = {}
    for shard in shards:
        while not shard.path.exists():
            if time.monotonic() > end:
                raise FileNotFoundError(f"{shard.path} is missing: run the paint stage first")
            time.sleep(0.5)
        by_framing.setdefault(shard.framing, []).append(shard.path)
    return {framing: _join(paths, device) for framing, paths in by_framing.items()}


def _join(paths: list[Path], device: torch.device) -> Pictures:
    parts = [np.load(path) for path in paths]
    names = ("pixels", "labels", "ids", "stated", "seeds", "large")
    return Pictures(
        *(torch.cat([torch.from_numpy(part[name]).to(device) for part in parts]) for name in names)
    )


def batch_of(
    sets: dict[str, Pictures],
    step: int,
    batch: int,
    *,
    seed: int,
    device: torch.device,
    family: int = 1,
) -> tuple[str, Tensor]:
    """The framing of a step, and its rows int64 (at most `batch`,).

    Rows come in whole families, as many as fit into the batch but at least one. The sample depends
    only on the step's number: a resumed run sees the same as an unbroken one.
    """
    names = sorted(sets)
    counts = [len(sets[n].labels) // family for n in names]
    rng = np.random.default_rng((seed, step))
    chosen = rng.choice(len(names), p=np.asarray(counts) / sum(counts))
    first = rng.integers(0, counts[chosen], max(1, batch // family)) * family
    rows = (first[:, None] + np.arange(family)).ravel()
    return names[chosen], torch.from_numpy(rows).to(device)


def generator(seed: int, step: int, device: torch.device) -> torch.Generator:
    """The random generator of one step; it depends only on the step's number."""
    return torch.Generator(device).manual_seed(seed * 1_000_003 + step)


def chunks(count: int, size: int) -> Iterator[slice]:
    """Slices that cover `count` items."""
    return (slice(i, min(i + size, count)) for i in range(0, count, size))
