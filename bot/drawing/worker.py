"""The generation coroutine of one engine: claim, admit, step, score, release, keep.

The composition root starts one per engine handle and sends it only nudges; it never talks to
Discord, and to SQLite only through the stores. The database is the truth: every row that it draws
is a lease that it holds, and a row whose lease is gone (cancelled, expired) is dropped wherever it
is.
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
from bot.drawing.lookout import Lookout
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

#: How long an idle worker sleeps without a nudge; also the pace of lease housekeeping.
_POLL_S = 1.0
#: The pause before a job whose attempt failed is claimed again.
_RETRY_PAUSE_MS = 2_000
#: The rest after an engine failure, so that a broken GPU is not hammered.
_ENGINE_PAUSE_S = 5.0
#: The rest after a database failure.
_DATABASE_PAUSE_MS = 5_000

_NO_MODEL = Message(
    "The model `{model}` that you asked for is not here any more. Please ask again."
)
_NOT_OPENED = Message(
    "I could not get the model `{model}` that you asked for ready. Please ask again, and tell the "
    "operator if it keeps happening."
)
#: Stored in English and translated for each reader.
_NO_ROOM = Message(
    "There is no room on my disk for the picture. Tell the operator, and ask again later."
)
_NOT_TAKEN = Message("My disk would not take the picture. Tell the operator, and ask again later.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """The worker's limits from the settings."""

    lease_ms: int
    max_attempts: int
    preview_every: int
    #: How long a stop lets running rows go on before putting them back.
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
        self._leads = roster.leads(handle)
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
        self._told = signals.for_worker()
        self._progress = progress
        self._limits = limits
        self._lookout = Lookout(handle, limits.preview_every)
        self._clock = clock
        #: Rows in the engine, and pictures on their way to the gallery: both hold leases.
        self._rows: dict[JobId, Job] = {}
        self._keeping: dict[JobId, tuple[RequestId, asyncio.Task[None]]] = {}
        self._renewed_ms = 0
        self._took_back = False
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
        """Ask `run` to drain: no new claims, finish what is nearly done, put the rest back."""
        self._stop.set()
        self._swaps.close()
        self._told.work.set()

    async def run(self) -> None:
        """Draw until `stop`. First reclaims what a crashed process was drawing.

        The composition root holds the data directory's lock, and this process's leases carry its
        name, so leases with any other name have no living holder.
        """
        self._swaps.begin()
        try:
            async with asyncio.TaskGroup() as keepers:
                while not self._stop.is_set():
                    if self._clock() >= self._resting_until_ms:
                        await self._look()
                    if self._rows:
                        await self._tick(keepers)
                    elif not await self._swapped():
                        await self._told.work.wait(_POLL_S)
                await self._drain(keepers)
        finally:
            self._stop.set()
            self._swaps.give_up()

    async def swap(self, card_id: str) -> None:
        """Switch to another model once everything in progress is kept.

        New requests get it if this is the first engine; queued jobs keep the model that they name.
        Raises `EngineError` if it cannot be opened or `stop` comes first; then the old one stays.
        """
        await self._swaps.wish(card_id, self._told.work)

    async def _swapped(self) -> bool:
        """Change the model if that is wished for or due, once the last picture is scored."""
        if self._keeping:
            return False
        return await self._swaps.carry_out(leads=self._leads) or await self._agenda.change()

    async def _look(self) -> None:
        """Read the database for work. If it fails, the rows in the engine go on."""
        try:
            await self._take_back()
            await self._housekeeping()
            await self._fill()
        except BotError as problem:
            log.error("the queue cannot be read or written: %s", problem)  # noqa: TRY400  the sentence says it all
            self._resting_until_ms = self._clock() + _DATABASE_PAUSE_MS

    async def _housekeeping(self) -> None:
        await self._drop(self._told.take_cancelled())
        now_ms = self._clock()
        if now_ms - self._renewed_ms < self._limits.lease_ms // 4:
            return
        self._renewed_ms = now_ms
        await self._renew(now_ms)
        _, failed = await self._jobs.requeue_expired(
            self._owner, now_ms, self._limits.max_attempts, _RETRY_PAUSE_MS
        )
        self._tell_ends(failed)

    async def _take_back(self) -> None:
        """Reclaim once, as soon as the database allows it."""
        if not self._took_back:
            _, failed = await self._jobs.requeue_orphaned(
                self._process, self._clock(), self._limits.max_attempts
            )
            self._took_back = True
            self._tell_ends(failed)

    def _tell_ends(self, failed: list[JobId]) -> None:
        if failed:
            self._signals.status.set()

    async def _renew(self, now_ms: int) -> None:
        held = [*self._rows, *self._keeping]
        if held:
            ours = await self._jobs.renew(self._owner, held, self._limits.lease_ms, now_ms)
            await self._drop(set(self._rows) - ours)

    async def _drop(self, job_ids: set[JobId]) -> None:
        """Evict rows that are no longer ours to draw."""
        for job_id in job_ids & self._rows.keys():
            await self._evict(job_id)
            del self._rows[job_id]
            self._progress.ended(job_id, self._clock(), drawn=False)
            log.info("job %s dropped from the engine", job_id)

    async def _evict(self, job_id: JobId) -> None:
        """Evict a row. A failure to do even that must not end the other rows."""
        try:
            await self._handle.evict(job_id)
        except Exception:
            log.exception("job %s could not be taken out of the engine", job_id)

    async def _fill(self) -> None:
        while self._has_room() and (job := await self._agenda.claim()):
            if self._agenda.draws(job):
                await self._admit(job)
            else:
                await self._cannot_draw(job, job.draw.model or "")

    async def _cannot_draw(self, job: Job, model: str) -> None:
        """Fail the job: its model is gone, or cannot be opened now."""
        if await self._agenda.is_here(model):
            await self._retry_or_fail(job, _NOT_OPENED.format(model=model))
        else:
            await self._fail(job, _NO_MODEL.format(model=model))

    def _has_room(self) -> bool:
        free = len(self._rows) < self._handle.capacity
        return free and not self._swaps.wished and not self._stop.is_set()

    async def _admit(self, job: Job) -> None:
        """Admit one job; whatever its request makes the engine raise ends only that job."""
        with whereabouts(job=job.id, guild=job.guild_id):
            try:
                request = job.request(self._lookout.previews(job))
                source_png = await self._finisher.source_of(job)
                await self._handle.admit(replace(request, source_png=source_png))
            except SourceGoneError as gone:
                await self._fail(job, str(gone))
                return
            except Exception:
                log.exception("admit failed, prompt %s", short_hash(job.draw.prompt))
                await self._retry_or_fail(job, Message("The model could not take this request."))
                return
        self._rows[job.id] = job
        self._progress.started(job, self._clock())
        self._signals.status.set()

    async def _tick(self, keepers: asyncio.TaskGroup) -> None:
        try:
            result = await self._handle.step()
        except Exception:
            log.exception("the engine failed; %s rows go back to the queue", len(self._rows))
            await self._engine_failed()
            return
        await self._take(result, keepers)

    async def _take(self, result: TickResult, keepers: asyncio.TaskGroup) -> None:
        drawn = [JobId(rendered.row_id) for rendered in result.finished]
        self._progress.ticked(result.reports, drawn, self._clock())
        for report in result.reports:
            self._reported(report, keepers)
        for failed in result.failed:
            job = self._rows.pop(JobId(failed.row_id), None)
            if job is not None:
                self._progress.ended(job.id, self._clock(), drawn=False)
                await self._retry_or_fail(job, failed.reason)
        finished = {JobId(rendered.row_id): rendered for rendered in result.finished}
        # In the order of their claims; the engine's own order differs.
        for job in [job for job in self._rows.values() if job.id in finished]:
            del self._rows[job.id]
            self._progress.ended(job.id, self._clock(), drawn=True)
            before = [task for id_, task in self._keeping.values() if id_ == job.request_id]
            task = keepers.create_task(self._keep(job, finished[job.id], before), name=job.id)
            self._keeping[job.id] = (job.request_id, task)
        if result.reports or result.failed:
            self._signals.status.set()

    def _reported(self, report: StepReport, keepers: asyncio.TaskGroup) -> None:
        job = self._rows.get(JobId(report.row_id))
        if job is None:
            return
        if self._lookout.watches(job, report):
            keepers.create_task(self._look_at(job, report), name=f"look at {job.id}")
        self._progress.reported(self._lookout.shown(job, report))

    async def _look_at(self, job: Job, report: StepReport) -> None:
        """Stop a row that is not worth finishing, unless it has ended meanwhile."""
        with whereabouts(job=job.id, guild=job.guild_id):
            try:
                verdict = await self._lookout.verdict(job, report)
                if verdict is not None and job.id in self._rows:
                    await run_to_end(self._stop_row(job, verdict))
            except Exception:
                log.exception("its preview could not be judged")

    async def _stop_row(self, job: Job, verdict: Withheld) -> None:
        if not await self._handle.evict(job.id) or self._rows.pop(job.id, None) is None:
            return
        self._progress.ended(job.id, self._clock(), drawn=False)
        await self._jobs.withhold(self._owner, job.id, verdict.text, self._clock())
        for waiting in (self._told.work, self._signals.deliver, self._signals.status):
            waiting.set()

    async def _engine_failed(self) -> None:
        """Give back every row; a job that breaks the engine repeatedly runs out of attempts."""
        rows, self._rows = self._rows, {}
        for job in rows.values():
            self._progress.ended(job.id, self._clock(), drawn=False)
            await self._evict(job.id)
            await self._retry_or_fail(job, Message("The picture engine failed while drawing this."))
        await self._told.work.wait(_ENGINE_PAUSE_S)

    async def _keep(self, job: Job, rendered: Rendered, before: list[asyncio.Task[None]]) -> None:
        """Bring pixels to the gallery, the request's earlier ones first.

        A failure ends only this job.
        """
        with whereabouts(job=job.id, guild=job.guild_id):
            try:
                # Even a cancelled worker waits until its picture is kept.
                await run_to_end(self._finisher.keep(job, rendered, before))
            except BotError as problem:
                log.error("picture not kept: %s", problem)  # noqa: TRY400  the sentence says it all
                full = isinstance(problem, DiskFullError)
                await self._retry_or_fail(job, _NO_ROOM if full else _NOT_TAKEN)
            except Exception:
                log.exception("picture lost on its way to the gallery")
                await self._retry_or_fail(job, Message("The finished picture could not be kept."))
            finally:
                self._keeping.pop(job.id, None)
                self._progress.kept(job.id, self._clock())
                signals = self._signals
                for nudge in (self._told.work, signals.deliver, signals.status, signals.review):
                    nudge.set()

    async def _retry_or_fail(self, job: Job, reason: str) -> None:
        """End a failed attempt. If that cannot be recorded, the lease expires instead."""
        try:
            await self._end_try(job, reason)
        except BotError as problem:
            log.error("job %s waits for its lease to run out: %s", job.id, problem)  # noqa: TRY400  the sentence says it all

    async def _end_try(self, job: Job, reason: str) -> None:
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

    async def _drain(self, keepers: asyncio.TaskGroup) -> None:
        """Let rows finish for a moment; put the rest back, with no attempt counted."""
        deadline_ms = self._clock() + self._limits.grace_ms
        while self._rows and self._clock() < deadline_ms:
            await self._drop(self._told.take_cancelled())
            await self._tick(keepers)
        left = list(self._rows)
        for job_id in left:
            await self._evict(job_id)
        if left:
            await self._put_back(left)
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
