"""When a request will be there: what waits in the database, and what the engine is at.

Asked by the cogs, so that the acknowledgement, the status message and `/queue` say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.domain import Job, JobState, Standing
from bot.drawing.progress import Expected, ProgressBoard
from bot.store.views import JobViews, Work

#: For so long a line that was read serves whoever asks, for many ask at once.
_FRESH_S = 0.1
_TO_DRAW = frozenset({JobState.QUEUED, JobState.RUNNING})


class Outlook:
    """Reads the line of what waits, at most ten times a second."""

    def __init__(
        self, views: JobViews, progress: ProgressBoard, elapsed_s: Callable[[], float]
    ) -> None:
        self._views = views
        self._progress = progress
        self._elapsed_s = elapsed_s
        self._line: Sequence[Work] = ()
        self._read_s: float | None = None

    async def expected(self, jobs: Sequence[Job], standing: Standing | None = None) -> Expected:
        """When all of these will be drawn that are still to be.

        `standing` is that of the first of them that waits.
        """
        if self._read_s is None or self._elapsed_s() - self._read_s > _FRESH_S:
            self._line = await self._views.line()
            self._read_s = self._elapsed_s()
        to_draw = [job for job in jobs if job.state in _TO_DRAW]
        return self._progress.expected([job.id for job in to_draw], self._with(to_draw), standing)

    def _with(self, jobs: Sequence[Job]) -> Sequence[Work]:
        """The line, with what was queued since it was read at its end."""
        known = {work.job_id for work in self._line}
        late = [
            Work(
                job_id=job.id,
                user_id=job.user_id,
                left=job.draw.length - job.draw.first_step,
                width_px=job.draw.width_px,
                height_px=job.draw.height_px,
                enlarged=bool(job.draw.enlarged),
            )
            for job in jobs
            if job.state is JobState.QUEUED and job.id not in known
        ]
        return [*self._line, *late] if late else self._line
