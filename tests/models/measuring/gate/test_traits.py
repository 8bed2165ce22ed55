"""Drift in a trait nobody voted on: how often it grew, if the difference is visible at all."""

from __future__ import annotations

import numpy as np
import pytest

from models.measuring.gate.traits import trait_drift

#: How much of a trait the parent's pictures have; their spread is 1.
BEFORE = np.array([-1.5, -1.0, -0.5, 0.5, 1.0, 1.5]) / np.sqrt(7 / 6)


def more(gains: list[float], scale: float = 1.0) -> float:
    twins = zip(scale * BEFORE, scale * (BEFORE + gains), strict=True)
    (figure,) = trait_drift([({"light": a}, {"light": b}) for a, b in twins], {})
    return figure.value


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_an_invisible_change_is_not_drift_however_frequent(scale: float) -> None:
    """Invisible is less than a twentieth of the spread of the parent's own pictures."""
    assert more([0.04] * 6, scale) == 50
    assert more([0.06] * 6, scale) == 100
    assert more([-0.06] * 6, scale) == 0


def test_each_pair_of_twins_counts_separately() -> None:
    assert more([1.0, 1.0, 0.04, -0.04, 0.0, -1.0]) == pytest.approx(100 * 3.5 / 6, abs=0.001)
