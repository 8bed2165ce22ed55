from __future__ import annotations

import asyncio
from pathlib import Path

from bot.domain import JobId, Standing
from bot.drawing.progress import Expected, ProgressBoard
from bot.drawing.signals import Nudge, Signals
from bot.health import pulse_of, read_pulse
from models.contract import StepReport

A, B = JobId("a"), JobId("b")


def behind(ahead: int, model: str | None = None) -> Standing:
    return Standing(ahead=ahead, queued=ahead + 1, running=0, model=model)


def test_a_report_keeps_the_last_preview() -> None:
    board = ProgressBoard()
    board.started(A, 10, 0)
    board.reported(StepReport(row_id=A, step=4, steps=10, preview_png=b"png"))
    board.reported(StepReport(row_id=A, step=5, steps=10))
    progress = board.get(A)
    assert progress is not None
    assert (progress.step, progress.preview_png) == (5, b"png")


def test_a_report_of_an_evicted_row_is_ignored() -> None:
    board = ProgressBoard()
    board.reported(StepReport(row_id=A, step=1, steps=2))
    assert board.get(A) is None


def test_nothing_is_promised_before_the_first_picture() -> None:
    assert ProgressBoard().expected(behind(3)).eta_ms is None


def test_the_eta_counts_rows_drawn_side_by_side() -> None:
    board = ProgressBoard()
    board.started(A, 10, 1000)
    board.started(B, 10, 1000)
    board.ended(A, 5000, drawn=True)
    board.ended(B, 5000, drawn=True)
    # Two pictures took four seconds together: about two seconds each.
    eta_ms = board.expected(behind(0)).eta_ms
    assert eta_ms is not None
    assert 1900 <= eta_ms <= 2100
    assert 5 * 1900 <= (board.expected(behind(4)).eta_ms or 0) <= 5 * 2100


def test_idle_time_is_not_drawing_time() -> None:
    board = ProgressBoard()
    board.started(A, 10, 0)
    board.ended(A, 1000, drawn=True)
    board.started(B, 10, 100_000)
    board.ended(B, 101_000, drawn=True)
    eta_ms = board.expected(behind(0)).eta_ms
    assert eta_ms is not None
    assert 990 <= eta_ms <= 1010


def test_a_cancelled_row_teaches_nothing() -> None:
    board = ProgressBoard()
    board.started(A, 10, 0)
    board.ended(A, 10, drawn=False)
    assert board.expected(behind(0)).eta_ms is None


def test_a_model_that_is_not_loaded_costs_the_time_of_a_change() -> None:
    board = ProgressBoard()
    board.serves("one")
    assert board.expected(behind(0, "two")) == Expected(eta_ms=None, loads=True)
    board.started(A, 10, 0)
    board.ended(A, 1_000, drawn=True)
    assert board.expected(behind(0, "two")) == Expected(eta_ms=1_000, loads=True)
    board.swapped("two", 3_000)
    assert board.expected(behind(0, "two")) == Expected(eta_ms=1_000)
    assert board.expected(behind(1, "one")) == Expected(eta_ms=2 * 1_000 + 3_000, loads=True)
    assert board.expected(behind(1)) == Expected(eta_ms=2_000), "it names none: any will do"


async def test_a_nudge_while_busy_is_kept_for_the_next_sleep() -> None:
    nudge = Nudge()
    nudge.set()
    async with asyncio.timeout(1):
        await nudge.wait(60)


async def test_a_sleeper_wakes_without_a_nudge() -> None:
    async with asyncio.timeout(1):
        await Nudge().wait(0.01)


async def test_every_worker_is_told_of_cancelled_jobs_once() -> None:
    signals = Signals()
    workers = [signals.for_worker(), signals.for_worker()]
    signals.cancelled([A])
    async with asyncio.timeout(1):
        for worker in workers:
            await worker.work.wait(60)
            assert worker.take_cancelled() == {A}
            assert worker.take_cancelled() == set()


async def test_every_worker_looks_when_a_job_is_queued() -> None:
    signals = Signals()
    workers = [signals.for_worker(), signals.for_worker()]
    signals.queued()
    async with asyncio.timeout(1):
        for worker in workers:
            await worker.work.wait(60)


def test_the_pulse_is_the_percentiles_of_the_lags() -> None:
    pulse = pulse_of([i / 1000 for i in range(100)])
    assert (pulse.lag_p50_ms, pulse.lag_p99_ms, pulse.lag_max_ms) == (50, 99, 99)


def test_a_dead_bot_has_no_pulse(tmp_path: Path) -> None:
    assert read_pulse(tmp_path) is None
    (tmp_path / "alive.json").write_text("half a fi")
    assert read_pulse(tmp_path) is None
