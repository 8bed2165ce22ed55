"""Estimates when a request will be done, from the waiting jobs and what the engine draws.

Called by the cogs, so that the acknowledgement, the status message and `/queue` agree.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from bot.domain import Job, JobId, JobState, Standing
from bot.drawing.progress import Estimate, ProgressBoard
from bot.store.views import JobViews, Work

#: How long the waiting line, once read, is used for further estimates of the jobs in it.
_FRESH_S = 0.1
_TO_DRAW = frozenset({JobState.QUEUED, JobState.RUNNING})


class Outlook:
    """Estimates finishing times; reads the waiting line once for all simultaneous callers."""

    def __init__(
        self,
        views: JobViews,
        progress: ProgressBoard,
        *,
        clock: Callable[[], int],
        elapsed_s: Callable[[], float],
    ) -> None:
        self._views = views
        self._progress = progress
        self._clock = clock
        self._elapsed_s = elapsed_s
        self._line: Sequence[Work] = ()
        self._job_ids_in_line: frozenset[JobId] = frozenset()
        self._read_at_s: float | None = None
        #: Held while reading the line; callers who waited for the lock use the line just read.
        self._reading = asyncio.Lock()

    async def estimate(self, jobs: Sequence[Job], standing: Standing | None = None) -> Estimate:
        """When all remaining pictures of these jobs will be drawn.

        `standing` is the position of the first waiting job among them.
        """
        async with self._reading:
            if self._is_stale() or self._missing_from_line(jobs):
                self._line = await self._views.waiting_work()
                self._job_ids_in_line = frozenset(work.job_id for work in self._line)
                self._read_at_s = self._elapsed_s()
        to_draw = [job.id for job in jobs if job.state in _TO_DRAW]
        line = self._line_with(self._missing_from_line(jobs))
        return self._progress.estimate(to_draw, line, self._clock(), standing)

    def forget(self) -> None:
        """Drop the line: a member in it asked to be forgotten. The next caller reads it again."""
        self._line, self._job_ids_in_line, self._read_at_s = (), frozenset(), None

    def _is_stale(self) -> bool:
        return self._read_at_s is None or self._elapsed_s() - self._read_at_s > _FRESH_S

    def _missing_from_line(self, jobs: Sequence[Job]) -> list[Job]:
        """The waiting jobs that are neither in the line nor in the engine.

        They were queued after the line was read, or are on their way from the line to the engine.
        """
        waiting = (job for job in jobs if job.state is JobState.QUEUED)
        return [
            j for j in waiting if j.id not in self._job_ids_in_line and not self._progress.get(j.id)
        ]

    def _line_with(self, jobs: Sequence[Job]) -> Sequence[Work]:
        """The line with these jobs appended."""
        missing = [
            Work(
                job_id=job.id,
                user_id=job.user_id,
                steps_left=job.draw.progress_steps - job.draw.first_step,
                width_px=job.draw.width_px,
                height_px=job.draw.height_px,
                enlarged=bool(job.draw.enlarged),
            )
            for job in jobs
        ]
        return [*self._line, *missing] if missing else self._line
