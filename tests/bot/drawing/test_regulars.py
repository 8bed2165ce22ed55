"""Members drawn for recently are expected to ask again, as soon as members were seen to."""

from __future__ import annotations

import pytest

from bot.domain import JobId, UserId
from bot.drawing.regulars import Regulars
from bot.store.views import Work
from tests.stages.factories import OTHER, USER

THIRD = UserId(9)


def work(name: str, user: UserId = USER) -> Work:
    return Work(job_id=JobId(name), user_id=user, steps_left=20, width_px=8, height_px=8)


def learned(*pauses_ms: int) -> Regulars:
    """Regulars that saw a member ask again after each of these pauses, at 0 for the last time."""
    regulars = Regulars()
    now_ms = -sum(pauses_ms)
    for pause_ms in pauses_ms:
        regulars.record_turn(work("a"), now_ms, now_ms)
        regulars.record_drawn(USER, now_ms)
        now_ms += pause_ms
    regulars.record_turn(work("b"), 0, 0)
    return regulars


def test_members_are_ordered_by_latest_turn_with_their_latest_picture() -> None:
    regulars = Regulars()
    for name, user in (("a", USER), ("b", OTHER), ("c", THIRD), ("d", USER)):
        regulars.record_turn(work(name, user), 0, 0)
    returns = regulars.likely_returns(0)
    assert {user: one.usual.job_id for user, one in returns.regulars.items()} == {
        OTHER: "b",
        THIRD: "c",
        USER: "d",
    }
    assert list(returns.regulars) == [OTHER, THIRD, USER]


def test_members_are_expected_back_after_their_average_pause() -> None:
    returns = learned(1_000, 3_000).likely_returns(0)
    assert returns.away_ms == pytest.approx(2_000, rel=0.05)


def test_members_are_expected_to_ask_for_as_many_pictures_as_before() -> None:
    regulars = Regulars()
    assert regulars.likely_returns(0).each == 1
    for asked_ms, count in ((1, 4), (2, 4), (3, 1)):
        for n in range(count):
            regulars.record_turn(work(f"{asked_ms}/{n}"), asked_ms, 10)
    # Not all of the latest request may have been begun.
    assert regulars.likely_returns(10).each == 4


def test_pictures_asked_for_together_or_earlier_are_not_a_return() -> None:
    regulars = learned(1_000)
    regulars.record_drawn(USER, 500)
    # The second picture asked for at 0, and one asked for while that was drawn.
    regulars.record_turn(work("c"), 0, 600)
    regulars.record_drawn(USER, 900)
    regulars.record_turn(work("d"), 700, 1_000)
    assert regulars.likely_returns(1_000).away_ms == 1_000


@pytest.mark.parametrize("pause_ms", [61_000, 3_600_000])
def test_a_long_absence_is_not_a_return(pause_ms: int) -> None:
    assert learned(1_000, pause_ms).likely_returns(0).away_ms == 1_000


@pytest.mark.parametrize("jump_ms", [61_000, -61_000])
def test_nobody_is_expected_for_more_than_a_minute_whatever_the_clock(jump_ms: int) -> None:
    regulars = learned(1_000)
    assert regulars.likely_returns(59_000).regulars.keys() == {USER}
    assert not regulars.likely_returns(jump_ms).regulars
    assert not regulars.likely_returns(0).regulars, "a member who was dropped does not come back"
    regulars.record_drawn(USER, 0)
    assert not regulars.likely_returns(0).regulars


def test_absent_and_forgotten_members_are_dropped_from_memory() -> None:
    regulars = Regulars()
    for user in (USER, OTHER):
        regulars.record_turn(work("a", user), 0, 0)
    regulars.forget(OTHER)
    assert regulars._members.keys() == {USER}
    regulars.record_turn(work("b", THIRD), 61_000, 61_000)
    assert regulars._members.keys() == {THIRD}, "nobody asked for a forecast meanwhile"
