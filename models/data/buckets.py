"""Aspect-ratio buckets: a training size for every picture, and none is dropped.

Called by whoever trains and by the `dataset` command. Torch-free and pure: it sees sizes, never
pictures.

A bucket's sides are whole steps and its area is at most `area_px`. A picture goes to the bucket
with the nearest ratio and is cropped evenly to fit: beyond `max_ratio` the crop is large, and the
placement says how large. A small picture that would grow by more than `max_upscale` goes to buckets
of half the area, a quarter, and so on, down to a single step square.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from math import ceil, isqrt, log
from typing import NamedTuple

#: The greatest enlargement of a picture, as long as there is a bucket small enough.
MAX_UPSCALE = 1.25
#: The minimum area of a bucket, as a share of the largest one's.
_AREA_SHARE_MIN = 0.75


class Bucket(NamedTuple):
    """A size at which pictures are trained together."""

    width_px: int
    height_px: int

    def __str__(self) -> str:
        return f"{self.width_px} x {self.height_px}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The placement of one picture: scaled by `scale` to cover the bucket, then cropped.

    `cut` is the share of the picture's area that is cropped, 0 to 1. `stretched` means that it
    grows beyond the limit because no bucket is small enough.
    """

    bucket: Bucket
    scale: float
    cut: float
    stretched: bool


@dataclass(frozen=True)
class Assignment:
    """One placement for each size, in the order they were given."""

    placements: tuple[Placement, ...]

    def __len__(self) -> int:
        return len(self.placements)

    def __getitem__(self, index: int) -> Bucket:
        return self.placements[index].bucket

    @cached_property
    def members(self) -> dict[Bucket, tuple[int, ...]]:
        """The indices of each bucket's pictures, buckets and indices sorted."""
        found: dict[Bucket, list[int]] = {}
        for index, placement in enumerate(self.placements):
            found.setdefault(placement.bucket, []).append(index)
        return {bucket: tuple(found[bucket]) for bucket in sorted(found)}

    def counts(self) -> dict[Bucket, int]:
        """The number of pictures in each bucket, the fullest first."""
        return dict(Counter(p.bucket for p in self.placements).most_common())


def assign_buckets(
    sizes: Iterable[tuple[int, int]],
    *,
    area_px: int = 512 * 512,
    step_px: int = 64,
    max_ratio: float = 2.0,
    max_upscale: float = MAX_UPSCALE,
) -> Assignment:
    """Place pictures of these sizes (width, height). ValueError for invalid parameters."""
    if step_px < 1 or area_px < step_px**2:
        raise ValueError(f"a bucket of {area_px} px has no room for steps of {step_px} px")
    if max_ratio < 1 or max_upscale <= 0:
        raise ValueError("the largest ratio is 1 or more, the largest enlargement above 0")
    levels = list(_levels(area_px, step_px, max_ratio))
    # Many pictures share a size.
    place_size = cache(lambda size: _best_placement(size, levels, max_upscale))
    return Assignment(tuple(place_size(size) for size in sizes))


def grid(area_px: int, step_px: int, max_ratio: float) -> list[Bucket]:
    """The buckets of one area, sorted: the largest one that fits, for each ratio."""
    largest: dict[float, Bucket] = {}
    widest_px = isqrt(int(area_px * max_ratio))
    for width in range(step_px, widest_px + 1, step_px):
        for height in range(step_px, area_px // width + 1, step_px):
            ratio = width / height
            if 1 / max_ratio <= ratio <= max_ratio:
                largest[ratio] = max(Bucket(width, height), largest.get(ratio, Bucket(0, 0)))
    largest_area = max(b.width_px * b.height_px for b in largest.values())
    return sorted(
        b for b in largest.values() if b.width_px * b.height_px >= _AREA_SHARE_MIN * largest_area
    )


def _levels(area_px: int, step_px: int, max_ratio: float) -> Iterator[list[Bucket]]:
    """The grids of the area, its half, its quarter, ... and finally a single step square."""
    while area_px > step_px**2:
        yield grid(area_px, step_px, max_ratio)
        area_px //= 2
    yield [Bucket(step_px, step_px)]


def _best_placement(
    size: tuple[int, int], levels: list[list[Bucket]], max_upscale: float
) -> Placement:
    """The first placement that does not stretch the picture; if all do, the smallest."""
    placements = [_placement(size, _nearest(size, level), max_upscale) for level in levels]
    return next((p for p in placements if not p.stretched), placements[-1])


def _nearest(size: tuple[int, int], level: list[Bucket]) -> Bucket:
    """The bucket that crops least; of two equal ones, the larger."""
    ratio = size[0] / size[1]

    def distance(bucket: Bucket) -> tuple[float, int]:
        log_ratio = abs(log(ratio * bucket.height_px / bucket.width_px))
        return round(log_ratio, 9), -bucket.width_px * bucket.height_px

    return min(level, key=distance)


def _placement(size: tuple[int, int], bucket: Bucket, max_upscale: float) -> Placement:
    width, height = size
    scale = max(bucket.width_px / width, bucket.height_px / height)
    visible = bucket.width_px * bucket.height_px / (scale * scale * width * height)
    return Placement(
        bucket=bucket, scale=scale, cut=max(0.0, 1 - visible), stretched=scale > max_upscale
    )


def batch_count(counts: Iterable[int], batch_size: int) -> int:
    """The number of batches for buckets with these counts, including short ones."""
    return sum(ceil(count / batch_size) for count in counts)
