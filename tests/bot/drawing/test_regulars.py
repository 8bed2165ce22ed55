"""Who was drawn for lately is taken to ask on, as soon as members were seen to."""

from __future__ import annotations

import pytest

from bot.domain import JobId, UserId
from bot.drawing.regulars import Regulars
from bot.store.views import Work
from tests.stages.factories import OTHER, USER

THIRD = UserId(9)


def work(name: str, user: UserId = USER) -> Work:
    return Work(job_id=JobId(name), user_id=user, left=20, width_px=8, height_px=8)


def learned(*pauses_ms: int) -> Regulars:
    """One that saw a member ask again after each of these, at 0 for the last time."""
    regulars = Regulars()
    now_ms = -sum(pauses_ms)
    for pause_ms in pauses_ms:
        regulars.began(work("a"), now_ms, now_ms)
        regulars.drawn(USER, now_ms)
        now_ms += pause_ms
    regulars.began(work("b"), 0, 0)
    return regulars


def test_members_are_in_the_order_of_their_latest_turns_with_their_latest_picture() -> None:
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


def test_they_come_back_as_soon_as_they_did_on_average() -> None:
    asking_on = learned(1_000, 3_000).asking_on(0)
    assert asking_on.away_ms == pytest.approx(2_000, rel=0.05)


def test_they_ask_for_as_many_at_once_as_they_did() -> None:
    regulars = Regulars()
    assert regulars.asking_on(0).each == 1
    for asked_ms, count in ((1, 4), (2, 4), (3, 1)):
        for n in range(count):
            regulars.began(work(f"{asked_ms}/{n}"), asked_ms, 10)
    # What was asked for last may not have been begun as a whole.
    assert regulars.asking_on(10).each == 4


def test_what_was_asked_for_together_or_before_is_no_coming_back() -> None:
    regulars = learned(1_000)
    regulars.drawn(USER, 500)
    # The second of what was asked for at 0, and what was asked for while it was drawn.
    regulars.began(work("c"), 0, 600)
    regulars.drawn(USER, 900)
    regulars.began(work("d"), 700, 1_000)
    assert regulars.asking_on(1_000).away_ms == 1_000


@pytest.mark.parametrize("pause_ms", [61_000, 3_600_000])
def test_a_long_absence_is_no_coming_back(pause_ms: int) -> None:
    assert learned(1_000, pause_ms).asking_on(0).away_ms == 1_000


@pytest.mark.parametrize("jump_ms", [61_000, -61_000])
def test_nobody_stays_for_longer_than_a_minute_whatever_the_clock_says(jump_ms: int) -> None:
    regulars = learned(1_000)
    assert regulars.asking_on(59_000).regulars.keys() == {USER}
    assert not regulars.asking_on(jump_ms).regulars
    assert not regulars.asking_on(0).regulars, "nobody comes back who was forgotten"
    regulars.drawn(USER, 0)
    assert not regulars.asking_on(0).regulars


def test_who_asks_no_more_or_is_forgotten_is_not_kept_in_memory() -> None:
    regulars = Regulars()
    for user in (USER, OTHER):
        regulars.began(work("a", user), 0, 0)
    regulars.forget(OTHER)
    assert regulars._members.keys() == {USER}
    regulars.began(work("b", THIRD), 61_000, 61_000)
    assert regulars._members.keys() == {THIRD}, "nobody asked for a forecast meanwhile"
