"""How far the running pictures are, and how long the waiting ones will take.

The worker writes, the cogs read, all on one loop. Nothing here is durable: after a restart the
board fills again at the first tick.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import JobId, Standing
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """When a queued job will be drawn; `eta_ms` is None before the first picture."""

    eta_ms: int | None
    #: Another model is to be loaded for it first.
    loads: bool = False


class ProgressBoard:
    """The latest report of every running row, and the decayed time and count of what was drawn."""

    def __init__(self) -> None:
        self._running: dict[JobId, JobProgress] = {}
        self._busy_ms = 0.0
        self._pictures = 0.0
        self._busy_since_ms: int | None = None
        self._loaded: str | None = None
        self._swapping_ms = 0.0
        self._swaps = 0.0

    def serves(self, card_id: str) -> None:
        """The engine draws with this model now."""
        self._loaded = card_id

    def swapped(self, card_id: str, took_ms: int) -> None:
        """The engine came to this model, which teaches how long that takes."""
        self.serves(card_id)
        self._swapping_ms = self._swapping_ms * _KEEP + took_ms
        self._swaps = self._swaps * _KEEP + 1

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

    def expected(self, standing: Standing) -> Expected:
        """Time until the job that stands there is drawn, and whether its model is loaded for it.

        Rows that end together count once in time and each in number, so the mean is of the whole
        batch's throughput. What is ahead may name other models as well; only its own is counted.
        """
        known = standing.model is not None and self._loaded is not None
        loads = known and standing.model != self._loaded
        if not self._pictures:
            return Expected(eta_ms=None, loads=loads)
        drawing_ms = (standing.ahead + 1) * self._busy_ms / self._pictures
        swap_ms = self._swapping_ms / self._swaps if loads and self._swaps else 0
        return Expected(eta_ms=round(drawing_ms + swap_ms), loads=loads)
