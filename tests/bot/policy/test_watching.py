"""When a row is stopped early, and the table of thresholds behind it."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from bot import rulebooks
from bot.domain import Job, Rating
from bot.finished import Held, Released, Withheld
from bot.policy.decide import release
from bot.policy.layers import ground_of
from bot.policy.thresholds import THRESHOLDS, is_forbidden
from bot.policy.watching import must_watch, reason_to_stop
from bot.words import refusals
from models.contract import Rendered, Scores
from tests.stages.factories import make_job
from tests.stages.fake_engine import INFO

GENERAL = make_job()
EXPLICIT = replace(GENERAL, rating=Rating.EXPLICIT)
BOLD = replace(INFO, can_draw_nudity=True)
GROUND = ground_of(rulebooks.load())
RENDERED = Rendered(row_id="0000000001", width_px=1, height_px=2, rgb=b"abc", batch_width=1)


def scores(**values: float) -> Scores:
    return Scores(values=values)


def released(job: Job, **values: float) -> Released | Held | Withheld:
    return release(job, RENDERED, Scores(values=values), BOLD, GROUND)


def test_stricter_consequences_have_higher_thresholds() -> None:
    t = THRESHOLDS
    assert 0 < t.spoiler < t.hold < t.withhold < t.stop < 1
    assert all(0 < getattr(t, field.name) < 1 for field in fields(t))


@pytest.mark.parametrize(
    ("nudity", "progress", "stopped"),
    [
        (0.95, 0.4, True),
        (0.95, 0.39, False),
        (0.949, 0.9, False),
        (1.0, 1.0, True),
        (0.0, 1.0, False),
    ],
)
def test_a_row_is_stopped_only_far_over_the_line_and_far_along(
    nudity: float, progress: float, *, stopped: bool
) -> None:
    verdict = reason_to_stop(GENERAL, scores(nudity=nudity), progress)
    assert isinstance(verdict, Withheld) is stopped
    assert reason_to_stop(EXPLICIT, scores(nudity=nudity), progress) is None


@pytest.mark.parametrize("values", [{}, {"nudity": float("nan")}, {"blank": 1.0}])
def test_missing_scores_stop_no_row(values: dict[str, float]) -> None:
    assert reason_to_stop(GENERAL, scores(**values), 1.0) is None


def test_a_stopped_row_would_have_been_withheld() -> None:
    """Stopping early saves work; it stops nothing that would have been released."""
    assert reason_to_stop(GENERAL, scores(nudity=THRESHOLDS.stop), 1.0) is not None
    assert isinstance(released(GENERAL, nudity=THRESHOLDS.stop, blank=0.0), Withheld)


def test_only_rows_that_could_go_too_far_are_watched() -> None:
    assert must_watch(GENERAL, BOLD)
    assert not must_watch(EXPLICIT, BOLD)
    assert not must_watch(GENERAL, INFO)


@pytest.mark.parametrize(
    ("childlike", "nudity", "forbidden"),
    [(0.26, 0.5, True), (0.25, 1.0, False), (1.0, 0.49, False), (1.0, 1.0, True)],
)
def test_nudity_of_a_childlike_figure_is_shown_nowhere(
    childlike: float, nudity: float, *, forbidden: bool
) -> None:
    values = {"blank": 0.0, "childlike": childlike, "nudity": nudity}
    assert is_forbidden(values) is forbidden
    verdict = released(EXPLICIT, **values)
    assert (verdict == Withheld(text=refusals.NOWHERE)) is forbidden
    assert isinstance(verdict, Released) is not forbidden


def test_a_picture_without_a_childlike_score_is_not_forbidden() -> None:
    assert not is_forbidden({"blank": 0.0, "nudity": 1.0})


def test_a_childlike_figure_alone_is_not_forbidden() -> None:
    assert not is_forbidden({"blank": 0.0, "childlike": 1.0})
