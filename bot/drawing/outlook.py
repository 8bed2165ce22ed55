"""When a request will be done, from what waits in the database and what the engine draws.

Called by the cogs, so that the acknowledgement, the status message and `/queue` agree.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from bot.domain import Job, JobId, JobState, Standing
from bot.drawing.progress import Expected, ProgressBoard
from bot.store.views import JobViews, Work

#: How long a line that was read serves others who ask about jobs in it.
_FRESH_S = 0.1
_TO_DRAW = frozenset({JobState.QUEUED, JobState.RUNNING})


class Outlook:
    """Reads the waiting line once for all who ask at the same time."""

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
        self._known: frozenset[JobId] = frozenset()
        self._read_s: float | None = None
        #: Held while reading the line; those who wait for it use the line just read.
        self._reading = asyncio.Lock()

    async def expected(self, jobs: Sequence[Job], standing: Standing | None = None) -> Expected:
        """When all remaining pictures of these jobs will be drawn.

        `standing` belongs to the first of them that waits.
        """
        async with self._reading:
            if self._is_old() or self._missing(jobs):
                self._line = await self._views.waiting_work()
                self._known = frozenset(work.job_id for work in self._line)
                self._read_s = self._elapsed_s()
        to_draw = [job.id for job in jobs if job.state in _TO_DRAW]
        line = self._with(self._missing(jobs))
        return self._progress.expected(to_draw, line, self._clock(), standing)

    def forget(self) -> None:
        """Somebody in the line asked to be forgotten: drop it, and the next who asks reads anew."""
        self._line, self._known, self._read_s = (), frozenset(), None

    def _is_old(self) -> bool:
        return self._read_s is None or self._elapsed_s() - self._read_s > _FRESH_S

    def _missing(self, jobs: Sequence[Job]) -> list[Job]:
        """The waiting jobs that are neither in the line nor in the engine.

        They were queued after the line was read, or are moving from one to the other.
        """
        waiting = (job for job in jobs if job.state is JobState.QUEUED)
        return [j for j in waiting if j.id not in self._known and not self._progress.get(j.id)]

    def _with(self, jobs: Sequence[Job]) -> Sequence[Work]:
        """The line with these appended."""
        late = [
            Work(
                job_id=job.id,
                user_id=job.user_id,
                steps_left=job.draw.length - job.draw.first_step,
                width_px=job.draw.width_px,
                height_px=job.draw.height_px,
                enlarged=bool(job.draw.enlarged),
            )
            for job in jobs
        ]
        return [*self._line, *late] if late else self._line
