"""A key that failed rests for a growing time, measured on the monotonic clock."""

from __future__ import annotations

from cogs.posting.lanes import Rests
from tests.stages.booth import ManualClock


def test_each_pause_doubles_until_a_success() -> None:
    glass = ManualClock()
    pauses = Rests[str](glass, 10, 40)
    for pause_s in (10, 20, 40, 40, 40):
        pauses.rest("a")
        glass.advance(pause_s - 1)
        assert pauses.resting() == {"a"}
        glass.advance(1)
        assert pauses.resting() == set()
    pauses.rest("a")
    pauses.recover("a")
    assert pauses.resting() == set()
    pauses.rest("a")
    glass.advance(9)
    assert pauses.resting() == {"a"}
    glass.advance(1)
    assert pauses.resting() == set()


def test_a_key_not_retried_for_long_is_dropped() -> None:
    glass = ManualClock()
    pauses = Rests[str](glass, 10, 40)
    pauses.rest("a")
    glass.advance(51)
    assert pauses.resting() == set()
    assert pauses._rests == {}
