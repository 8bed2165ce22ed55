"""Draws with a real engine until it is idle, and compares the results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from models.contract import Rendered, RenderRequest, TickResult
from models.engine.slots import SlotEngine


def run_ticks(engine: SlotEngine) -> Iterator[TickResult]:
    """Step until no row is in flight."""
    while engine._rows:
        yield engine.step()


def draw_all(engine: SlotEngine, requests: Sequence[RenderRequest]) -> dict[str, Rendered]:
    """Draw the requests together; return the pictures by row."""
    for request in requests:
        engine.admit(request)
    return {
        finished.row_id: finished for result in run_ticks(engine) for finished in result.finished
    }


def pixels(rendered: Rendered) -> np.ndarray[Any, Any]:
    """The pixels (H, W, 3), 0..255, as a type that can hold differences."""
    shape = (rendered.height_px, rendered.width_px, 3)
    return np.frombuffer(rendered.rgb, np.uint8).astype(int).reshape(shape)


def assert_same_picture(one: Rendered, other: Rendered) -> None:
    """Assert equality up to rounding: no value of 0..255 differs by more than one."""
    assert np.abs(pixels(one) - pixels(other)).max() <= 1
