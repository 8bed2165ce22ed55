"""How far the running pictures are, and how long the waiting ones will take.

The worker writes and the cogs read, all on one loop. Nothing here is durable: after a restart the
board fills again at the first tick. It treats several engines as one.
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

#: A gap longer than this means idleness or a changed clock, and says nothing about speed.
_IDLE_MS = 120_000
#: A post that takes longer than this was held up, by moderators or by Discord.
_HELD_UP_MS = 20_000
#: An estimate is at least this share of the time it takes if every absent member asks again at
#: once: a picture that comes early is the lesser evil.
SHARE_PROMISED_MIN = 0.65


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """One running picture: `step` of `steps`, and the latest thumbnail (PNG) if there is one."""

    step: int
    steps: int
    preview_png: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """When pictures will be ready; `eta_ms` is None before the first tick."""

    eta_ms: int | None
    #: Another model has to be loaded for them first.
    loads: bool = False


@dataclass(slots=True, kw_only=True)
class _Running:
    work: Work
    progress: JobProgress

    @property
    def left(self) -> Work:
        """The work that remains."""
        return replace(self.work, steps_left=self.progress.steps - self.progress.step)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """A picture that is drawn but not kept yet.

    `progress` is None if none is known. It has no preview, because policy may hold the picture.
    """

    at_ms: int
    progress: JobProgress | None


class ProgressBoard:
    """The latest report of every running row, and what ticks cost."""

    def __init__(self) -> None:
        self._running: dict[JobId, _Running] = {}
        self._costs = TickCosts()
        #: When the last tick ended, or the first row of an idle engine began.
        self._last_tick_ms: int | None = None
        self._loaded: str | None = None
        self._capacity = 1
        self._swap_times = Mean()
        #: The time from a picture's last step until it is kept.
        self._keep_times = Mean()
        #: The time from keeping a post's last picture until members see the post.
        self._post_times = Mean()
        self._drawn: dict[JobId, _Drawn] = {}
        self._regulars = Regulars()
        #: The last forecast: the line, the other inputs, and the result.
        self._last_forecast: tuple[Sequence[Work], object, Mapping[JobId, float]] | None = None

    def record_model(self, card_id: str, capacity: int) -> None:
        """The engine draws with this model now, `capacity` rows at once."""
        self._loaded, self._capacity = card_id, capacity

    def record_swap(self, card_id: str, capacity: int, took_ms: int) -> None:
        """The engine changed to this model; learn how long that takes."""
        self.record_model(card_id, capacity)
        self._costs = TickCosts()
        self._swap_times.add(max(0, took_ms))

    def record_start(self, job: Job, now_ms: int) -> None:
        """A row was admitted; the timing of an idle engine starts with it."""
        if not self._running:
            self._last_tick_ms = now_ms
        draw = job.draw
        work = Work(
            job_id=job.id,
            user_id=job.user_id,
            steps_left=draw.progress_steps,
            width_px=draw.width_px,
            height_px=draw.height_px,
            enlarged=bool(draw.enlarged),
        )
        self._regulars.record_turn(work, job.created_ms, now_ms)
        self._running[job.id] = _Running(
            work=work,
            progress=JobProgress(step=draw.first_step, steps=draw.progress_steps, preview_png=None),
        )

    def record_tick(
        self, reports: Collection[StepReport], ended: Collection[JobId], now_ms: int
    ) -> None:
        """A tick is over; learn what one costs. Call this before its reports and ends are recorded.

        A tick without reports was half of a step, and is counted with the other half.
        """
        if self._last_tick_ms is None or not reports:
            return
        took_ms = now_ms - self._last_tick_ms
        self._last_tick_ms = now_ms
        if 0 <= took_ms <= _IDLE_MS:
            shared = [JobId(report.row_id) for report in reports]
            self._costs.record_tick(
                self._running_works(shared), self._running_works(ended), took_ms
            )

    def _running_works(self, job_ids: Collection[JobId]) -> list[Work]:
        return [self._running[job_id].work for job_id in job_ids if job_id in self._running]

    def record_report(self, report: StepReport) -> None:
        """Keep a row's newest step, and its newest preview if this report brings none."""
        row = self._running.get(JobId(report.row_id))
        if row is None:
            return
        row.progress = JobProgress(
            step=report.step,
            steps=report.steps,
            preview_png=report.preview_png or row.progress.preview_png,
        )

    def record_end(self, job_id: JobId, now_ms: int, *, drawn: bool) -> None:
        """A row left the engine."""
        row = self._running.pop(job_id, None)
        if drawn:
            done = row and replace(row.progress, step=row.progress.steps, preview_png=None)
            self._drawn[job_id] = _Drawn(at_ms=now_ms, progress=done)
        if drawn and row is not None:
            self._regulars.record_drawn(row.work.user_id, now_ms)
        if not self._running:
            self._last_tick_ms = None

    def record_kept(self, job_id: JobId, now_ms: int) -> None:
        """The outcome of a drawn picture is stored; learn how long that takes."""
        drawn = self._drawn.pop(job_id, None)
        if drawn is not None and 0 <= now_ms - drawn.at_ms <= _IDLE_MS:
            self._keep_times.add(now_ms - drawn.at_ms)

    def forget(self, user_id: UserId) -> None:
        """A member asked to be forgotten: expect no more requests from them."""
        self._regulars.forget(user_id)
        self._last_forecast = None

    def record_posted(self, kept_ms: int, now_ms: int) -> None:
        """A post arrived whose last picture was kept at `kept_ms`; learn how long that takes."""
        if 0 <= now_ms - kept_ms <= _HELD_UP_MS:
            self._post_times.add(now_ms - kept_ms)

    def get(self, job_id: JobId) -> JobProgress | None:
        """How far this row is; None if this process neither draws nor keeps it."""
        row = self._running.get(job_id) or self._drawn.get(job_id)
        return None if row is None else row.progress

    def estimate(
        self,
        job_ids: Collection[JobId],
        line: Sequence[Work],
        now_ms: int,
        standing: Standing | None = None,
    ) -> Estimate:
        """The time until all of these are ready, with `line` in the order of turns.

        `standing` is that of the first waiting job: its model may have to be loaded first. The jobs
        ahead may name other models too; only the change to its own model is counted.
        """
        named = None if standing is None else standing.model
        loads = named is not None and self._loaded is not None and named != self._loaded
        running = [row.left for row in self._running.values()]
        wanted = [work for work in (*line, *running) if work.job_id in job_ids]
        if not all(map(self._costs.knows, wanted)):
            return Estimate(eta_ms=None, loads=loads)
        ends = self._forecast_ends(line, running, now_ms)
        ends_ms = [ends[job_id] for job_id in job_ids if job_id in ends]
        if not ends_ms:
            return Estimate(eta_ms=None, loads=loads)
        swap_ms = self._swap_times.value if loads else 0
        total_ms = max(ends_ms) + swap_ms + self._keep_times.value + self._post_times.value
        return Estimate(eta_ms=round(total_ms), loads=loads)

    def _forecast_ends(
        self, line: Sequence[Work], running: Sequence[Work], now_ms: int
    ) -> Mapping[JobId, float]:
        """When each picture ends; cached for all who ask about one line between two ticks."""
        inputs = self._costs.estimates, running, self._capacity
        if (last := self._last_forecast) and last[0] is line and last[1] == inputs:
            return last[2]
        returns = self._regulars.likely_returns(now_ms)
        likely, latest = (
            forecast(self._costs, running, line, self._capacity, others)
            for others in (returns, replace(returns, away_ms=0.0))
        )
        ends = {
            job_id: max(ms, SHARE_PROMISED_MIN * latest[job_id]) for job_id, ms in likely.items()
        }
        self._last_forecast = line, inputs, ends
        return ends
