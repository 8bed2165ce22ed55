"""Measures how sharp lines are: the width of an edge, in pixels of the finished picture.

Called by the `evaluate` command. Must not know how pictures are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from PIL import Image

#: A smaller rise (of 1) is not a line; a rise over more pixels is shading.
_MIN_RISE, _MAX_RISE_PX = 0.2, 14
#: A smaller step between neighbours ends a rise.
_MIN_STEP = 2 / 255
#: How much steeper an edge must be across than along it; edges at an angle would look too wide.
_MIN_STEEPNESS_RATIO = 3
#: Only every n-th row and column is measured: neighbours are similar.
_MEASURED_EVERY = 3
_LUMA = (0.299, 0.587, 0.114)


def edge_width_px(pictures: Iterable[Image.Image]) -> float:
    """The mean distance in pixels from 10 to 90 % of an edge's rise, over upright and level edges.

    NaN if there is no edge.
    """
    widths = [
        width
        for picture in pictures
        for luma in (_luma(picture), np.ascontiguousarray(_luma(picture).T))
        for width in _widths(luma)
    ]
    return float(np.mean(widths)) if widths else float("nan")


def _luma(picture: Image.Image) -> np.ndarray:
    """Luminance, float64 (H, W) in 0..1."""
    return np.asarray(picture.convert("RGB"), np.float64) @ _LUMA / 255


def _widths(luma: np.ndarray) -> Iterator[float]:
    """The widths of the edges that cross the rows of (H, W) at nearly right angles."""
    down, right = (np.abs(slope) for slope in np.gradient(luma))
    for y in range(_MEASURED_EVERY, len(luma) - 1, _MEASURED_EVERY):
        for first, last in _rises(luma[y]):
            steepest = first + int(right[y, first : last + 1].argmax())
            if right[y, steepest] > _MIN_STEEPNESS_RATIO * down[y, steepest]:
                yield _rise_width_px(luma[y, first : last + 1])


def _rises(row: np.ndarray) -> Iterator[tuple[int, int]]:
    """First and last position of every stretch of a row (W,) that rises, or falls, far enough."""
    steps = np.diff(row)
    signs = np.sign(np.where(np.abs(steps) < _MIN_STEP, 0, steps))
    ends = np.flatnonzero(np.diff(signs)) + 1
    for first, last in zip([0, *ends.tolist()], [*ends.tolist(), len(signs)], strict=True):
        long_enough = abs(row[last] - row[first]) >= _MIN_RISE
        if signs[first] and long_enough and last - first < _MAX_RISE_PX:
            yield first, last


def _rise_width_px(rise: np.ndarray) -> float:
    """Pixels between one tenth and nine tenths of a monotonic rise (n,)."""
    share = (rise - rise[0]) / (rise[-1] - rise[0])
    positions = np.arange(len(rise))
    return float(np.interp(0.9, share, positions) - np.interp(0.1, share, positions))
