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
        regulars.began(work("a"), now_ms, now_ms)
        regulars.drawn(USER, now_ms)
        now_ms += pause_ms
    regulars.began(work("b"), 0, 0)
    return regulars


def test_members_are_ordered_by_latest_turn_with_their_latest_picture() -> None:
    regulars = Regulars()
    for name, user in (("a", USER), ("b", OTHER), ("c", THIRD), ("d", USER)):
        regulars.began(work(name, user), 0, 0)
    asking_on = regulars.asking_on(0)
    assert {user: one.usual.job_id for user, one in asking_on.regulars.items()} == {
        OTHER: "b",
        THIRD: "c",
        USER: "d",
    }
    assert list(asking_on.regulars) == [OTHER, THIRD, USER]


def test_members_are_expected_back_after_their_average_pause() -> None:
    asking_on = learned(1_000, 3_000).asking_on(0)
    assert asking_on.away_ms == pytest.approx(2_000, rel=0.05)


def test_members_are_expected_to_ask_for_as_many_pictures_as_before() -> None:
    regulars = Regulars()
    assert regulars.asking_on(0).each == 1
    for asked_ms, count in ((1, 4), (2, 4), (3, 1)):
        for n in range(count):
            regulars.began(work(f"{asked_ms}/{n}"), asked_ms, 10)
    # Not all of the latest request may have been begun.
    assert regulars.asking_on(10).each == 4


def test_pictures_asked_for_together_or_earlier_are_not_a_return() -> None:
    regulars = learned(1_000)
    regulars.drawn(USER, 500)
    # The second picture asked for at 0, and one asked for while that was drawn.
    regulars.began(work("c"), 0, 600)
    regulars.drawn(USER, 900)
    regulars.began(work("d"), 700, 1_000)
    assert regulars.asking_on(1_000).away_ms == 1_000


@pytest.mark.parametrize("pause_ms", [61_000, 3_600_000])
def test_a_long_absence_is_not_a_return(pause_ms: int) -> None:
    assert learned(1_000, pause_ms).asking_on(0).away_ms == 1_000


@pytest.mark.parametrize("jump_ms", [61_000, -61_000])
def test_nobody_is_expected_for_more_than_a_minute_whatever_the_clock(jump_ms: int) -> None:
    regulars = learned(1_000)
    assert regulars.asking_on(59_000).regulars.keys() == {USER}
    assert not regulars.asking_on(jump_ms).regulars
    assert not regulars.asking_on(0).regulars, "a member who was dropped does not come back"
    regulars.drawn(USER, 0)
    assert not regulars.asking_on(0).regulars


def test_absent_and_forgotten_members_are_dropped_from_memory() -> None:
    regulars = Regulars()
    for user in (USER, OTHER):
        regulars.began(work("a", user), 0, 0)
    regulars.forget(OTHER)
    assert regulars._members.keys() == {USER}
    regulars.began(work("b", THIRD), 61_000, 61_000)
    assert regulars._members.keys() == {THIRD}, "nobody asked for a forecast meanwhile"
