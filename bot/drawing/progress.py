"""How far the running pictures are, and how long the waiting ones will take.

The worker writes, the cogs read, all on one loop. Nothing here is durable: after a restart the
board fills again at the first tick. Where several engines draw, it takes them for one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain import Job, JobId, Standing, UserId
from bot.drawing.forecast import TickCosts, forecast
from bot.drawing.means import Mean
from bot.drawing.regulars import Regulars
from bot.store.views import Work
from models.contract import StepReport

#: A gap longer than this is idleness or a clock that was set, and says nothing about speed.
_IDLE_MS = 120_000
#: A post that is there later than this was held up, by moderators or by Discord.
_HELD_UP_MS = 20_000
#: So much is promised at least of what it takes if everybody who is away asks again at once: to be
#: served sooner is the lesser evil.
AT_LEAST = 0.65


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """One running picture: `step` of `steps`, and the latest thumbnail (PNG) if there is one."""

    step: int
    steps: int
    preview_png: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """When pictures will be there; `eta_ms` is None before the first tick."""

    eta_ms: int | None
    #: Another model is to be loaded for them first.
    loads: bool = False


@dataclass(slots=True, kw_only=True)
class _Running:
    work: Work
    progress: JobProgress

    @property
    def left(self) -> Work:
        """What is left of it now."""
        return replace(self.work, steps_left=self.progress.steps - self.progress.step)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """A picture that is drawn and not kept yet.

    `progress` is None if it had none; it has no preview, because the picture may come to be held.
    """

    at_ms: int
    progress: JobProgress | None


class ProgressBoard:
    """The latest report of every running row, and what ticks cost."""

    def __init__(self) -> None:
        self._running: dict[JobId, _Running] = {}
        self._costs = TickCosts()
        #: When the tick before ended, or the first row of an idle engine began.
        self._since_ms: int | None = None
        self._loaded: str | None = None
        self._capacity = 1
        self._swapping = Mean()
        #: From a picture's last step until it is kept.
        self._keeping = Mean()
        #: From when a post's last picture is kept until all see it.
        self._posting = Mean()
        self._drawn: dict[JobId, _Drawn] = {}
        self._regulars = Regulars()
        #: What was foreseen last, and from what.
        self._foreseen: tuple[Sequence[Work], object, Mapping[JobId, float]] | None = None

    def serves(self, card_id: str, capacity: int) -> None:
        """The engine draws with this model now, so many rows at once."""
        self._loaded, self._capacity = card_id, capacity

    def swapped(self, card_id: str, capacity: int, took_ms: int) -> None:
        """The engine came to this model, which teaches how long that takes."""
        self.serves(card_id, capacity)
        self._costs = TickCosts()
        self._swapping.add(max(0, took_ms))

    def started(self, job: Job, now_ms: int) -> None:
        """A row was admitted; the clock of an idle engine starts with it."""
        if not self._running:
            self._since_ms = now_ms
        draw = job.draw
        work = Work(
            job_id=job.id,
            user_id=job.user_id,
            steps_left=draw.length,
            width_px=draw.width_px,
            height_px=draw.height_px,
            enlarged=bool(draw.enlarged),
        )
        self._regulars.began(work, job.created_ms, now_ms)
        self._running[job.id] = _Running(
            work=work,
            progress=JobProgress(step=draw.first_step, steps=draw.length, preview_png=None),
        )

    def ticked(
        self, reports: Collection[StepReport], ended: Collection[JobId], now_ms: int
    ) -> None:
        """A tick is over, which teaches what one costs. Before its reports and its ends are told.

        One that reports nothing was the half of a step, and is counted with the other half.
        """
        if self._since_ms is None or not reports:
            return
        took_ms = now_ms - self._since_ms
        self._since_ms = now_ms
        if 0 <= took_ms <= _IDLE_MS:
            shared = [JobId(report.row_id) for report in reports]
            self._costs.ticked(self._works(shared), self._works(ended), took_ms)

    def _works(self, job_ids: Collection[JobId]) -> list[Work]:
        return [self._running[i].work for i in job_ids if i in self._running]

    def reported(self, report: StepReport) -> None:
        """Keep a row's newest step, and its newest preview if this report brings none."""
        row = self._running.get(JobId(report.row_id))
        if row is None:
            return
        row.progress = JobProgress(
            step=report.step,
            steps=report.steps,
            preview_png=report.preview_png or row.progress.preview_png,
        )

    def ended(self, job_id: JobId, now_ms: int, *, drawn: bool) -> None:
        """A row left the engine."""
        row = self._running.pop(job_id, None)
        if drawn:
            done = row and replace(row.progress, step=row.progress.steps, preview_png=None)
            self._drawn[job_id] = _Drawn(at_ms=now_ms, progress=done)
        if drawn and row is not None:
            self._regulars.drawn(row.work.user_id, now_ms)
        if not self._running:
            self._since_ms = None

    def kept(self, job_id: JobId, now_ms: int) -> None:
        """What became of a drawn picture is written down, which teaches how long that takes."""
        drawn = self._drawn.pop(job_id, None)
        if drawn is not None and 0 <= now_ms - drawn.at_ms <= _IDLE_MS:
            self._keeping.add(now_ms - drawn.at_ms)

    def forget(self, user_id: UserId) -> None:
        """A member asked to be forgotten: nothing of theirs is foreseen any more."""
        self._regulars.forget(user_id)
        self._foreseen = None

    def posted(self, kept_ms: int, now_ms: int) -> None:
        """A post is there whose last picture was kept then, which teaches how long that takes."""
        if 0 <= now_ms - kept_ms <= _HELD_UP_MS:
            self._posting.add(now_ms - kept_ms)

    def get(self, job_id: JobId) -> JobProgress | None:
        """How far this row is, or None if this process neither draws nor keeps it."""
        row = self._running.get(job_id) or self._drawn.get(job_id)
        return None if row is None else row.progress

    def expected(
        self,
        job_ids: Collection[JobId],
        line: Sequence[Work],
        now_ms: int,
        standing: Standing | None = None,
    ) -> Expected:
        """Time until all of these are there, with `line` in the order of its turns.

        `standing` is that of the first of them that waits: its model may have to be loaded first.
        What is ahead may name other models as well; only its own change is counted.
        """
        named = None if standing is None else standing.model
        loads = named is not None and self._loaded is not None and named != self._loaded
        running = [row.left for row in self._running.values()]
        asked = [work for work in (*line, *running) if work.job_id in job_ids]
        if not all(map(self._costs.knows, asked)):
            return Expected(eta_ms=None, loads=loads)
        ends = self._ends(line, running, now_ms)
        found = [ends[job_id] for job_id in job_ids if job_id in ends]
        if not found:
            return Expected(eta_ms=None, loads=loads)
        swap_ms = self._swapping.value if loads else 0
        foreseen_ms = max(found) + swap_ms + self._keeping.value + self._posting.value
        return Expected(eta_ms=round(foreseen_ms), loads=loads)

    def _ends(
        self, line: Sequence[Work], running: Sequence[Work], now_ms: int
    ) -> Mapping[JobId, float]:
        """The forecast, which serves all who ask about one line between two ticks."""
        known_by = self._costs.learned, running, self._capacity
        if (last := self._foreseen) and last[0] is line and last[1] == known_by:
            return last[2]
        asking_on = self._regulars.asking_on(now_ms)
        likely, latest = (
            forecast(self._costs, running, line, self._capacity, others)
            for others in (asking_on, replace(asking_on, away_ms=0.0))
        )
        ends = {job_id: max(ms, AT_LEAST * latest[job_id]) for job_id, ms in likely.items()}
        self._foreseen = line, known_by, ends
        return ends
