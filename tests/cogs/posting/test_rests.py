"""Whoever failed rests for a growing time, on a clock that nobody can set."""

from __future__ import annotations

from cogs.posting.lanes import Rests
from tests.stages.booth import Hourglass


def test_each_pause_is_twice_the_last_until_it_went_well() -> None:
    glass = Hourglass()
    pauses = Rests[str](glass, 10, 40)
    for pause_s in (10, 20, 40, 40, 40):
        pauses.tire("a")
        glass.run(pause_s - 1)
        assert pauses.resting() == {"a"}
        glass.run(1)
        assert pauses.resting() == set()
    pauses.tire("a")
    pauses.recover("a")
    assert pauses.resting() == set()
    pauses.tire("a")
    glass.run(9)
    assert pauses.resting() == {"a"}
    glass.run(1)
    assert pauses.resting() == set()


def test_what_was_not_tried_again_for_long_is_not_remembered() -> None:
    glass = Hourglass()
    pauses = Rests[str](glass, 10, 40)
    pauses.tire("a")
    glass.run(51)
    assert pauses.resting() == set()
    assert pauses._rests == {}
