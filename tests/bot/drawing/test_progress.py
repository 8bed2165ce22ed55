from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain import Job, JobId, Standing, UserId
from bot.drawing import progress
from bot.drawing.progress import SHARE_PROMISED_MIN, Estimate, JobProgress, ProgressBoard
from bot.drawing.signals import Nudge, Signals
from bot.health import pulse_of, read_pulse
from bot.store.views import Work
from models.contract import StepReport
from tests.stages.factories import OTHER, USER, make_job

A, B = JobId("a"), JobId("b")
STEPS = 4
#: When nobody is expected to ask again.
LATER_MS = 10**9


def behind(model: str | None = None) -> Standing:
    return Standing(ahead=0, queued=1, running=0, model=model)


def job(job_id: JobId) -> Job:
    return replace(make_job(), id=job_id)


def draws(board: ProgressBoard, *job_ids: JobId, now_ms: int, took_ms: int) -> int:
    """Draw these pictures side by side, with ticks of equal length; return when they are done."""
    for job_id in job_ids:
        board.record_start(job(job_id), now_ms)
    for step in range(1, STEPS + 1):
        now_ms += took_ms
        reports = [StepReport(row_id=i, step=step, steps=STEPS) for i in job_ids]
        board.record_tick(reports, job_ids if step == STEPS else (), now_ms)
        for report in reports:
            board.record_report(report)
    for job_id in job_ids:
        board.record_end(job_id, now_ms, drawn=True)
    return now_ms


def waiting(*names: str) -> list[Work]:
    return [
        Work(job_id=JobId(n), user_id=USER, steps_left=STEPS, width_px=8, height_px=8)
        for n in names
    ]


def foreseen(told: Estimate) -> float:
    """The predicted time."""
    assert told.eta_ms is not None
    return told.eta_ms


def eta(board: ProgressBoard, name: str, line: Sequence[Work]) -> float:
    return foreseen(board.estimate([JobId(name)], line, LATER_MS))


def test_a_report_keeps_the_last_preview() -> None:
    board = ProgressBoard()
    board.record_start(job(A), 0)
    board.record_report(StepReport(row_id=A, step=3, steps=STEPS, preview_png=b"png"))
    board.record_report(StepReport(row_id=A, step=4, steps=STEPS))
    progress = board.get(A)
    assert progress is not None
    assert (progress.step, progress.preview_png) == (4, b"png")


def test_a_report_of_an_evicted_row_is_ignored() -> None:
    board = ProgressBoard()
    board.record_report(StepReport(row_id=A, step=1, steps=2))
    assert board.get(A) is None


def test_there_is_no_forecast_before_the_first_tick() -> None:
    assert ProgressBoard().estimate([A], waiting("a"), 0).eta_ms is None


def test_a_forecast_allows_for_a_share_of_everybody_returning_at_once() -> None:
    board = ProgressBoard()
    board.record_model("one", 1)
    at_ms = draws(board, A, now_ms=0, took_ms=100)
    line = waiting("c", "d", "e")
    for n in range(8):
        # Each was away for a minute once, so they are not expected soon.
        for asked_ms in (at_ms, at_ms + 60_000):
            board.record_start(replace(job(B), user_id=UserId(n), created_ms=asked_ms), asked_ms)
            board.record_end(B, asked_ms, drawn=True)
    now_ms = at_ms + 60_000
    one_ms = foreseen(board.estimate([JobId("c")], line, now_ms))
    # Between two of mine, eight others would have a turn.
    told = foreseen(board.estimate([JobId("e")], line, now_ms))
    assert told == pytest.approx(SHARE_PROMISED_MIN * (3 + 2 * 8) * one_ms, rel=0.02)


def test_the_eta_counts_rows_drawn_side_by_side() -> None:
    board = ProgressBoard()
    board.record_model("one", 2)
    draws(board, A, B, now_ms=1_000, took_ms=1_000)
    line = waiting("c", "d", "e")
    assert eta(board, "c", line) == eta(board, "d", line) == pytest.approx(4_000, rel=0.02)
    # No tick of a single row was seen: it costs at most as much as a tick of two.
    assert 6_000 < eta(board, "e", line) <= 8_050


def test_a_request_is_done_when_its_last_picture_is_done() -> None:
    board = ProgressBoard()
    board.record_model("one", 1)
    draws(board, A, now_ms=0, took_ms=100)
    line = waiting("c", "d", "e")
    together = foreseen(board.estimate([JobId("c"), JobId("e")], line, LATER_MS))
    assert together == eta(board, "e", line)


def test_requests_between_two_ticks_share_a_forecast(monkeypatch: pytest.MonkeyPatch) -> None:
    board, seen, plain = ProgressBoard(), list[object](), progress.forecast

    def counted(*args: Any) -> dict[JobId, float]:
        seen.append(args)
        return plain(*args)

    monkeypatch.setattr(progress, "forecast", counted)
    board.record_model("one", 2)
    now_ms = draws(board, A, now_ms=0, took_ms=100)
    line = waiting("c", "d")
    before = [eta(board, name, line) for name in "cdc"]
    assert len(seen) == 2
    assert eta(board, "c", list(line)) == before[0]
    assert len(seen) == 4, "another line"
    board.record_start(job(B), now_ms)
    assert eta(board, "d", line) > before[1]
    board.record_tick([StepReport(row_id=B, step=1, steps=STEPS)], (), now_ms + 500)
    slower = eta(board, "d", line)
    board.record_report(StepReport(row_id=B, step=1, steps=STEPS))
    assert eta(board, "d", line) < slower
    board.record_model("one", 4)
    assert eta(board, "d", line) < slower
    assert len(seen) == 12


def test_a_recent_member_is_expected_back_if_members_return_that_soon() -> None:
    board = ProgressBoard()
    board.record_model("one", 1)
    now_ms = draws(board, A, now_ms=0, took_ms=100)
    line = waiting("c", "d")
    alone_ms = eta(board, "d", line)

    def is_served(asked_ms: int) -> float:
        """Draw for another member, and return what is then predicted for my second picture."""
        board.record_start(replace(job(B), user_id=OTHER, created_ms=asked_ms), asked_ms)
        board.record_end(B, asked_ms, drawn=True)
        return foreseen(board.estimate([JobId("d")], [*line], asked_ms))

    assert is_served(now_ms) == pytest.approx(1.5 * alone_ms, rel=0.02), "between my two"
    assert is_served(now_ms + 10_000) == alone_ms


def test_idle_time_is_not_drawing_time() -> None:
    board = ProgressBoard()
    draws(board, A, now_ms=draws(board, B, now_ms=0, took_ms=250) + 50_000, took_ms=250)
    assert eta(board, "c", waiting("c")) == pytest.approx(1_000, rel=0.02)


def test_a_tick_without_a_step_counts_towards_the_next_step() -> None:
    board = ProgressBoard()
    board.record_start(job(A), 0)
    board.record_tick([], (), 100)
    board.record_tick([StepReport(row_id=A, step=1, steps=STEPS)], (), 200)
    board.record_end(A, 200, drawn=False)
    assert eta(board, "c", waiting("c")) == pytest.approx(STEPS * 200, rel=0.02)


def test_the_time_after_the_last_step_is_part_of_the_forecast() -> None:
    board = ProgressBoard()
    done_ms = draws(board, A, now_ms=0, took_ms=250)
    before = eta(board, "c", waiting("c"))
    board.record_kept(A, done_ms + 700)
    board.record_kept(B, done_ms)
    assert eta(board, "c", waiting("c")) == before + 700
    board.record_posted(done_ms, done_ms + 300)
    assert eta(board, "c", waiting("c")) == before + 1_000
    board.record_posted(done_ms, done_ms + 60_000)
    assert eta(board, "c", waiting("c")) == before + 1_000, "somebody delayed it"


@pytest.mark.parametrize("jump_ms", [-3_600_000, 3_600_000])
def test_setting_the_clock_changes_no_forecast(jump_ms: int) -> None:
    board = ProgressBoard()
    now_ms = draws(board, A, now_ms=0, took_ms=1_000)
    before_ms = eta(board, "c", waiting("c"))
    board.record_kept(A, now_ms + jump_ms)
    board.record_posted(now_ms, now_ms + jump_ms)
    board.record_swap("one", 1, min(jump_ms, 0))
    draws(board, B, now_ms=now_ms + jump_ms, took_ms=1_000)
    assert eta(board, "c", waiting("c")) == before_ms
    other = board.estimate([JobId("c")], waiting("c"), LATER_MS, behind("other"))
    assert foreseen(other) >= before_ms


def test_a_cancelled_row_teaches_nothing() -> None:
    board = ProgressBoard()
    board.record_start(job(A), 0)
    board.record_end(A, 10, drawn=False)
    board.record_kept(A, 20)
    assert board.estimate([B], waiting("b"), 30).eta_ms is None


def test_a_model_that_is_not_loaded_adds_the_time_of_a_swap() -> None:
    board = ProgressBoard()
    board.record_model("one", 1)
    line = waiting("c")
    assert board.estimate([JobId("c")], line, LATER_MS, behind("two")) == Estimate(
        eta_ms=None, loads=True
    )
    board.record_swap("two", 1, 3_000)
    draws(board, A, now_ms=0, took_ms=250)
    there = eta(board, "c", line)
    told = board.estimate([JobId("c")], line, LATER_MS, behind("two"))
    assert (foreseen(told), told.loads) == (there, False)
    told = board.estimate([JobId("c")], line, LATER_MS, behind("one"))
    assert (foreseen(told), told.loads) == (there + 3_000, True)
    assert not board.estimate([JobId("c")], line, LATER_MS, behind()).loads, (
        "the job names no model: any will do"
    )


async def test_a_nudge_while_busy_is_kept_for_the_next_sleep() -> None:
    nudge = Nudge()
    nudge.set()
    async with asyncio.timeout(1):
        await nudge.wait(60)


async def test_a_sleeper_wakes_without_a_nudge() -> None:
    async with asyncio.timeout(1):
        await Nudge().wait(0.01)


async def test_every_worker_hears_of_a_cancelled_job_once() -> None:
    signals = Signals()
    workers = [signals.add_worker(), signals.add_worker()]
    signals.notify_cancelled([A])
    async with asyncio.timeout(1):
        for worker in workers:
            await worker.work.wait(60)
            assert worker.take_cancelled() == {A}
            assert worker.take_cancelled() == set()


async def test_every_worker_looks_when_a_job_is_queued() -> None:
    signals = Signals()
    workers = [signals.add_worker(), signals.add_worker()]
    signals.notify_queued()
    async with asyncio.timeout(1):
        for worker in workers:
            await worker.work.wait(60)


def test_the_pulse_holds_percentiles_of_the_lags() -> None:
    pulse = pulse_of([i / 1000 for i in range(100)])
    assert (pulse.lag_p50_ms, pulse.lag_p99_ms, pulse.lag_max_ms) == (50, 99, 99)


def test_a_dead_bot_has_no_pulse(tmp_path: Path) -> None:
    assert read_pulse(tmp_path) is None
    (tmp_path / "alive.json").write_text("half a fi")
    assert read_pulse(tmp_path) is None


def test_a_drawn_picture_is_done_until_it_is_kept() -> None:
    board = ProgressBoard()
    board.record_start(job(A), 0)
    board.record_report(StepReport(row_id=A, step=3, steps=STEPS, preview_png=b"png"))
    board.record_end(A, 10, drawn=True)
    assert board.get(A) == JobProgress(step=STEPS, steps=STEPS, preview_png=None)
    board.record_kept(A, 20)
    assert board.get(A) is None
