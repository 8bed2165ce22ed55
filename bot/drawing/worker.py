"""The generation coroutine of one engine: claim, admit, step, score, release, keep.

The composition root starts one per engine handle and sends it only nudges. It never talks to
Discord, and uses SQLite only through the stores. The database is the truth: the worker holds a
lease for every row that it draws, and drops a row whose lease is gone (cancelled, expired),
wherever it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.domain import BotError, DiskFullError, Job, JobId, RequestId
from bot.drawing.agenda import Agenda
from bot.drawing.finisher import Finisher, SourceGoneError
from bot.drawing.handle import EngineHandle
from bot.drawing.previews import Previews
from bot.drawing.progress import ProgressBoard
from bot.drawing.roster import Roster
from bot.drawing.shelf import Shelf
from bot.drawing.signals import Signals
from bot.drawing.swap import Swaps
from bot.finished import Withheld
from bot.log import short_hash, whereabouts
from bot.policy.rulebook import Rulebook
from bot.store.db import run_to_end
from bot.store.gallery import Gallery
from bot.store.queue import Jobs
from bot.transitions import Tell
from bot.words.speaking import Message
from models.contract import Rendered, StepReport, TickResult

log = logging.getLogger(__name__)

#: How long an idle worker sleeps without a nudge; also how often it looks after its leases.
_POLL_S = 1.0
#: The pause before a job whose attempt failed is claimed again.
_RETRY_PAUSE_MS = 2_000
#: The pause after an engine failure, so that a broken GPU is not hammered.
_ENGINE_PAUSE_S = 5.0
#: The pause after a database failure.
_DATABASE_PAUSE_MS = 5_000

_NO_MODEL = Message(
    "The model `{model}` that you asked for is not here any more. Please ask again."
)
_NOT_OPENED = Message(
    "I could not load the model `{model}` that you asked for. Please ask again, and tell the "
    "operator if it keeps happening."
)
#: Stored in English and translated for each reader.
_DISK_FULL = Message(
    "There is no room on my disk for the picture. Tell the operator, and ask again later."
)
_DISK_FAULT = Message("My disk would not take the picture. Tell the operator, and ask again later.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """The worker's limits from the settings."""

    lease_ms: int
    max_attempts: int
    preview_every: int
    #: How long running rows may go on after a stop, before they are put back.
    grace_ms: int
    #: How long jobs of another model wait while the loaded one has work.
    patience_ms: int


class Worker:
    """Keeps the engine full, and each job's state in the database current."""

    def __init__(
        self,
        *,
        process: str,
        handle: EngineHandle,
        roster: Roster,
        shelf: Shelf,
        jobs: Jobs,
        gallery: Gallery,
        rulebook: Rulebook,
        signals: Signals,
        progress: ProgressBoard,
        limits: WorkerLimits,
        clock: Callable[[], int],
        tell: Tell,
    ) -> None:
        self._process = process
        self._owner = roster.owner_of(handle, process)
        self._handle = handle
        self._is_first = roster.is_first(handle)
        self._jobs = jobs
        self._finisher = Finisher(
            owner=self._owner,
            handle=handle,
            jobs=jobs,
            gallery=gallery,
            rulebook=rulebook,
            clock=clock,
        )
        self._signals = signals
        self._inbox = signals.add_worker()
        self._progress = progress
        self._limits = limits
        self._previews = Previews(handle, limits.preview_every)
        self._clock = clock
        #: Rows in the engine, and pictures on their way to the gallery: this worker leases both.
        self._rows: dict[JobId, Job] = {}
        self._keeping: dict[JobId, tuple[RequestId, asyncio.Task[None]]] = {}
        self._renewed_ms = 0
        self._has_reclaimed = False
        self._resting_until_ms = 0
        self._stop = asyncio.Event()
        self._swaps = Swaps(handle, shelf, progress, clock, tell)
        self._agenda = Agenda(
            owner=self._owner,
            lease_ms=limits.lease_ms,
            patience_ms=limits.patience_ms,
            handle=handle,
            roster=roster,
            shelf=shelf,
            jobs=jobs,
            swaps=self._swaps,
            clock=clock,
        )

    def stop(self) -> None:
        """Ask `run` to drain: claim nothing more, let rows finish, put the rest back."""
        self._stop.set()
        self._swaps.close()
        self._inbox.work.set()

    async def run(self) -> None:
        """Draw until `stop`. First reclaims the jobs that a crashed process was drawing.

        The composition root holds the data directory's lock, and this process's leases carry its
        name, so a lease with any other name has no living holder.
        """
        self._swaps.report_opened()
        try:
            async with asyncio.TaskGroup() as tasks:
                while not self._stop.is_set():
                    if self._clock() >= self._resting_until_ms:
                        await self._check_queue()
                    if self._rows:
                        await self._tick(tasks)
                    elif not await self._change_model():
                        await self._inbox.work.wait(_POLL_S)
                await self._drain(tasks)
        finally:
            self._stop.set()
            self._swaps.abort()

    async def swap(self, card_id: str) -> None:
        """Switch to another model once all pictures in progress are kept.

        New requests get it if this is the first engine; queued jobs keep the model that they name.
        Raises `EngineError` if it cannot be opened or `stop` comes first; the old one then stays.
        """
        await self._swaps.request(card_id, self._inbox.work)

    async def _change_model(self) -> bool:
        """Change the model if that is requested or due, but not before the last picture is kept."""
        if self._keeping:
            return False
        return await self._swaps.perform(is_first=self._is_first) or await self._agenda.change()

    async def _check_queue(self) -> None:
        """Read the database for work. If it fails, the rows in the engine go on."""
        try:
            await self._reclaim_once()
            await self._housekeeping()
            await self._fill_engine()
        except BotError as problem:
            log.error("the queue cannot be read or written: %s", problem)  # noqa: TRY400  the sentence says it all
            self._resting_until_ms = self._clock() + _DATABASE_PAUSE_MS

    async def _housekeeping(self) -> None:
        await self._drop_rows(self._inbox.take_cancelled())
        now_ms = self._clock()
        if now_ms - self._renewed_ms < self._limits.lease_ms // 4:
            return
        self._renewed_ms = now_ms
        await self._renew(now_ms)
        _, failed = await self._jobs.requeue_expired(
            self._owner, now_ms, self._limits.max_attempts, _RETRY_PAUSE_MS
        )
        self._notify_failed(failed)

    async def _reclaim_once(self) -> None:
        """Reclaim a crashed process's jobs, once, as soon as the database allows it."""
        if not self._has_reclaimed:
            _, failed = await self._jobs.requeue_orphaned(
                self._process, self._clock(), self._limits.max_attempts
            )
            self._has_reclaimed = True
            self._notify_failed(failed)

    def _notify_failed(self, failed: list[JobId]) -> None:
        if failed:
            self._signals.status.set()

    async def _renew(self, now_ms: int) -> None:
        leased = [*self._rows, *self._keeping]
        if leased:
            ours = await self._jobs.renew(self._owner, leased, self._limits.lease_ms, now_ms)
            await self._drop_rows(set(self._rows) - ours)

    async def _drop_rows(self, job_ids: set[JobId]) -> None:
        """Evict rows whose leases this worker no longer holds."""
        for job_id in job_ids & self._rows.keys():
            await self._evict(job_id)
            del self._rows[job_id]
            self._progress.record_end(job_id, self._clock(), drawn=False)
            log.info("job %s dropped from the engine", job_id)

    async def _evict(self, job_id: JobId) -> None:
        """Evict a row. If even that fails, the other rows must go on."""
        try:
            await self._handle.evict(job_id)
        except Exception:
            log.exception("job %s could not be evicted from the engine", job_id)

    async def _fill_engine(self) -> None:
        while self._has_room() and (job := await self._agenda.claim()):
            if self._agenda.is_for_loaded_model(job):
                await self._admit(job)
            else:
                await self._end_undrawable(job, job.draw.model or "")

    async def _end_undrawable(self, job: Job, model: str) -> None:
        """Fail the job: its model is gone, or cannot be opened now."""
        if await self._agenda.is_available(model):
            await self._retry_or_fail(job, _NOT_OPENED.format(model=model))
        else:
            await self._fail(job, _NO_MODEL.format(model=model))

    def _has_room(self) -> bool:
        free = len(self._rows) < self._handle.capacity
        return free and not self._swaps.is_requested and not self._stop.is_set()

    async def _admit(self, job: Job) -> None:
        """Admit one job; an error that its request causes ends only that job."""
        with whereabouts(job=job.id, guild=job.guild_id):
            try:
                request = job.request(self._previews.interval_for(job))
                source_png = await self._finisher.load_source(job)
                await self._handle.admit(replace(request, source_png=source_png))
            except SourceGoneError as gone:
                await self._fail(job, str(gone))
                return
            except Exception:
                log.exception("admit failed, prompt %s", short_hash(job.draw.prompt))
                await self._retry_or_fail(job, Message("The model could not take this request."))
                return
        self._rows[job.id] = job
        self._progress.record_start(job, self._clock())
        self._signals.status.set()

    async def _tick(self, tasks: asyncio.TaskGroup) -> None:
        try:
            result = await self._handle.step()
        except Exception:
            log.exception("the engine failed; %s rows go back to the queue", len(self._rows))
            await self._handle_engine_failure()
            return
        await self._handle_result(result, tasks)

    async def _handle_result(self, result: TickResult, tasks: asyncio.TaskGroup) -> None:
        drawn = [JobId(rendered.row_id) for rendered in result.finished]
        self._progress.record_tick(result.reports, drawn, self._clock())
        for report in result.reports:
            self._handle_report(report, tasks)
        for failed in result.failed:
            job = self._rows.pop(JobId(failed.row_id), None)
            if job is not None:
                self._progress.record_end(job.id, self._clock(), drawn=False)
                await self._retry_or_fail(job, failed.reason)
        finished = {JobId(rendered.row_id): rendered for rendered in result.finished}
        # In the order of the claims, which is not the engine's.
        for job in [job for job in self._rows.values() if job.id in finished]:
            del self._rows[job.id]
            self._progress.record_end(job.id, self._clock(), drawn=True)
            earlier = [task for id_, task in self._keeping.values() if id_ == job.request_id]
            task = tasks.create_task(self._keep(job, finished[job.id], earlier), name=job.id)
            self._keeping[job.id] = (job.request_id, task)
        if result.reports or result.failed:
            self._signals.status.set()

    def _handle_report(self, report: StepReport, tasks: asyncio.TaskGroup) -> None:
        job = self._rows.get(JobId(report.row_id))
        if job is None:
            return
        if self._previews.should_judge(job, report):
            tasks.create_task(self._judge_preview(job, report), name=f"judge preview of {job.id}")
        self._progress.record_report(self._previews.report_for_members(job, report))

    async def _judge_preview(self, job: Job, report: StepReport) -> None:
        """Stop a row whose preview is hopeless, unless it has ended meanwhile."""
        with whereabouts(job=job.id, guild=job.guild_id):
            try:
                verdict = await self._previews.judge(job, report)
                if verdict is not None and job.id in self._rows:
                    await run_to_end(self._stop_row(job, verdict))
            except Exception:
                log.exception("its preview could not be judged")

    async def _stop_row(self, job: Job, verdict: Withheld) -> None:
        if not await self._handle.evict(job.id) or self._rows.pop(job.id, None) is None:
            return
        self._progress.record_end(job.id, self._clock(), drawn=False)
        await self._jobs.withhold(self._owner, job.id, verdict.text, self._clock())
        for nudge in (self._inbox.work, self._signals.deliver, self._signals.status):
            nudge.set()

    async def _handle_engine_failure(self) -> None:
        """Put every row back; a job that breaks the engine repeatedly runs out of attempts."""
        rows, self._rows = self._rows, {}
        for job in rows.values():
            self._progress.record_end(job.id, self._clock(), drawn=False)
            await self._evict(job.id)
            await self._retry_or_fail(job, Message("The picture engine failed while drawing this."))
        await self._inbox.work.wait(_ENGINE_PAUSE_S)

    async def _keep(self, job: Job, rendered: Rendered, earlier: list[asyncio.Task[None]]) -> None:
        """Bring pixels to the gallery, after the request's earlier pictures.

        A failure ends only this job.
        """
        with whereabouts(job=job.id, guild=job.guild_id):
            try:
                # Even a cancelled worker waits until its picture is kept.
                await run_to_end(self._finisher.keep(job, rendered, earlier))
            except BotError as problem:
                log.error("picture not kept: %s", problem)  # noqa: TRY400  the sentence says it all
                full = isinstance(problem, DiskFullError)
                await self._retry_or_fail(job, _DISK_FULL if full else _DISK_FAULT)
            except Exception:
                log.exception("picture lost on its way to the gallery")
                await self._retry_or_fail(job, Message("The finished picture could not be kept."))
            finally:
                self._keeping.pop(job.id, None)
                self._progress.record_kept(job.id, self._clock())
                signals = self._signals
                for nudge in (self._inbox.work, signals.deliver, signals.status, signals.review):
                    nudge.set()

    async def _retry_or_fail(self, job: Job, reason: str) -> None:
        """End a failed attempt. If that cannot be recorded, the lease will expire instead."""
        try:
            await self._end_attempt(job, reason)
        except BotError as problem:
            log.error("job %s waits for its lease to expire: %s", job.id, problem)  # noqa: TRY400  the sentence says it all

    async def _end_attempt(self, job: Job, reason: str) -> None:
        now_ms = self._clock()
        if job.attempts < self._limits.max_attempts:
            await self._jobs.requeue(
                self._owner, [job.id], now_ms, pause_ms=_RETRY_PAUSE_MS, why=reason
            )
            self._signals.status.set()
        else:
            await self._fail(job, reason)

    async def _fail(self, job: Job, reason: str) -> None:
        await self._jobs.fail(self._owner, job.id, reason, self._clock())
        self._signals.status.set()

    async def _drain(self, tasks: asyncio.TaskGroup) -> None:
        """Let rows finish for a moment, then put the rest back without counting the attempt."""
        deadline_ms = self._clock() + self._limits.grace_ms
        while self._rows and self._clock() < deadline_ms:
            await self._drop_rows(self._inbox.take_cancelled())
            await self._tick(tasks)
        remaining = list(self._rows)
        for job_id in remaining:
            await self._evict(job_id)
        if remaining:
            await self._put_back(remaining)
        self._rows.clear()

    async def _put_back(self, job_ids: list[JobId]) -> None:
        try:
            await self._jobs.requeue(
                self._owner,
                job_ids,
                self._clock(),
                count_attempt=False,
                why="the bot stops before it is done",
            )
        except BotError as problem:
            log.error("%s rows wait for the next start: %s", len(job_ids), problem)  # noqa: TRY400  the sentence says it all
