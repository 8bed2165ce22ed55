"""How far the running pictures are, and how long the waiting ones will take.

The worker writes, the cogs read, all on one loop. Nothing here is durable: after a restart the
board fills again at the first tick.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import JobId
from models.contract import StepReport

#: How much of the past is kept at each finished picture; about the last twenty count.
_KEEP = 0.95
#: A gap longer than this is idleness, not drawing, and says nothing about speed.
_IDLE_MS = 120_000


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """One running picture: `step` of `steps`, and the latest thumbnail (PNG) if there is one."""

    step: int
    steps: int
    preview_png: bytes | None


class ProgressBoard:
    """The latest report of every running row, and the decayed time and count of what was drawn."""

    def __init__(self) -> None:
        self._running: dict[JobId, JobProgress] = {}
        self._busy_ms = 0.0
        self._pictures = 0.0
        self._busy_since_ms: int | None = None

    def started(self, job_id: JobId, steps: int, now_ms: int) -> None:
        """A row was admitted; the clock of an idle engine starts with it."""
        if not self._running:
            self._busy_since_ms = now_ms
        self._running[job_id] = JobProgress(step=0, steps=steps, preview_png=None)

    def reported(self, report: StepReport) -> None:
        """Keep a row's newest step, and its newest preview if this report brings none."""
        job_id = JobId(report.row_id)
        before = self._running.get(job_id)
        if before is None:
            return
        preview = report.preview_png or before.preview_png
        self._running[job_id] = JobProgress(
            step=report.step,
            steps=report.steps,
            preview_png=preview,
        )

    def ended(self, job_id: JobId, now_ms: int, *, drawn: bool) -> None:
        """A row left the engine; a drawn one teaches how long a picture takes."""
        self._running.pop(job_id, None)
        if drawn and self._busy_since_ms is not None:
            self._learn(now_ms - self._busy_since_ms)
        self._busy_since_ms = now_ms if self._running else None

    def _learn(self, interval_ms: int) -> None:
        if 0 <= interval_ms <= _IDLE_MS:
            self._busy_ms = self._busy_ms * _KEEP + interval_ms
            self._pictures = self._pictures * _KEEP + 1

    def get(self, job_id: JobId) -> JobProgress | None:
        """How far this row is, or None if it is not running in this process."""
        return self._running.get(job_id)

    def eta_ms(self, ahead: int) -> int | None:
        """Time until a job with `ahead` pictures before it is drawn; None before the first one.

        Rows that end together count once in time and each in number, so the mean is of the whole
        batch's throughput.
        """
        if not self._pictures:
            return None
        return round((ahead + 1) * self._busy_ms / self._pictures)
