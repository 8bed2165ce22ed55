"""Trains while the bot serves: one run at a time, in a child process that pauses for members.

A run (`runs.py`) goes through stages, each a command: export the manifest, train, judge. During and
between them it pauses while anybody waits for a picture. After a restart it continues where it
stopped. `/learn` begins and ends runs. Must not know Discord or torch.
"""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bot.domain import BotError
from bot.drawing.shelf import Shelf
from bot.drawing.signals import WorkerSignals
from bot.learning import runs
from bot.learning.leashed import LeashedCommand
from bot.learning.runs import UNDER_WAY, LearningRun, RunStage, StageCommand, Workplace, why_failed
from bot.store.groundwork import Groundwork, JudgementCounts
from bot.words import learning
from models.catalogue import card as cards
from models.catalogue.card import CardError
from models.catalogue.registry import Registry

log = logging.getLogger(__name__)

#: Fewer judgements of others' pictures than this say nothing; the training demands as many.
LEAST_JUDGEMENTS = 30
#: How soon a child is paused when somebody asks for a picture, and for how long nobody may have
#: asked before it goes on.
_POLL_S, _CALM_S = 0.2, 2.0
#: How long a training may take to save its state when the bot stops.
_GRACE_S = 6.0
#: The pause between two checks while no run is under way.
_IDLE_S = 60.0


class Schooling:
    """Supervises the one run that there may be."""

    def __init__(
        self,
        *,
        root: Path,
        python: str,
        catalogue: Registry,
        shelf: Shelf,
        groundwork: Groundwork,
        signals: WorkerSignals,
        clock: Callable[[], int],
        stage_command: StageCommand,
    ) -> None:
        """`root` is used by nothing else; `signals` wakes when somebody asks for a picture."""
        self._root = root
        self._python = python
        self._catalogue = catalogue
        self._shelf = shelf
        self._groundwork = groundwork
        self._signals = signals
        self._clock = clock
        self._stage_command = stage_command
        self._run_added = asyncio.Event()
        #: Held while the run's stage changes, so that a stop is not lost if the run ends just then.
        self._lock = asyncio.Lock()
        self._child: LeashedCommand | None = None
        self._last_busy_s = float("-inf")
        self._has_loaded = False
        #: The newest run, under way or ended; None if there was none.
        self.latest_run: LearningRun | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether the run is paused because somebody waits for a picture."""
        return self._child is None or self._child.paused

    @property
    def last_line(self) -> str:
        """The last line of the running command, or else the run's stored last line."""
        if self._child is not None and self._child.last_line:
            return self._child.last_line
        return self.latest_run.said if self.latest_run is not None else ""

    def workplace_of(self, run: LearningRun) -> Workplace:
        """The workplace of this run."""
        return Workplace(root=self._root / run.id)

    async def start(self) -> str:
        """Begin a run from the model that serves requests; returns the outcome as a sentence."""
        async with self._lock:
            await self._load_once()
            return await self._start()

    async def _start(self) -> str:
        last, base = self.latest_run, self._shelf.active.card_id
        if last is not None and last.stage in UNDER_WAY:
            return learning.trains_already(last.id)
        if (
            last is not None
            and last.failed_in is not None
            and last.base == base
            and not await self._is_stale(last)
        ):
            return await self._retry(last, last.failed_in)
        if reason := _reason_too_few(await self._groundwork.count_judgements()):
            return reason
        place = await asyncio.to_thread(self._shelf.location_of, base)
        if place is None:
            return learning.not_here(base)
        run = LearningRun(
            id=self._next_id(base),
            base=base,
            place=place,
            stage=RunStage.EXPORT,
            begun_ms=self._clock(),
            forgotten=await self._groundwork.count_forgotten_members(),
        )
        if last is not None:
            # A failed run may have left its work.
            await self._remove_workplace(last)
        await self._write(run)
        self._run_added.set()
        return learning.begun(run.id, base)

    async def _retry(self, run: LearningRun, stage: RunStage) -> str:
        """Retry the failed stage, with the work done before it."""
        await self._write(replace(run, stage=stage, failed_in=None, said=""))
        self._run_added.set()
        return learning.goes_on(run.id)

    async def stop(self) -> str:
        """End the run, or delete a failed run's work; returns the outcome as a sentence."""
        async with self._lock:
            await self._load_once()
            run = self.latest_run
            if run is None or not run.needs_workplace:
                return learning.NOTHING_TRAINS
            await self._end(_with_end(run, RunStage.STOPPED, learning.OWNER_STOPPED))
        self._signals.work.set()
        return learning.stopped(run.id)

    async def run(self) -> None:
        """Carry out the run under way, until cancelled; a training then saves its state."""
        async with self._lock:
            await self._load_once()
        while True:
            try:
                if not await self._advance():
                    self._run_added.clear()
                    await _wait_for(self._run_added, _IDLE_S)
            except (BotError, OSError) as problem:
                log.error("the training pauses: %s", problem)  # noqa: TRY400  the sentence says it all
                await asyncio.sleep(_IDLE_S)

    async def _load_once(self) -> None:
        """Load the last run, once, before another may begin."""
        if not self._has_loaded:
            self.latest_run = await asyncio.to_thread(runs.read, self._file)
            await asyncio.to_thread(self._remove_leftovers)
            self._has_loaded = True

    async def _advance(self) -> bool:
        """Run one command, or check once; False if no run is under way."""
        run = self.latest_run
        if run is None or not run.needs_workplace:
            return False
        if await self._is_stale(run):
            await self._start_over(run)
        elif run.failed_in is not None:
            return False
        elif await asyncio.to_thread(self._is_done, run):
            # The process was killed after the stage was done and before that was recorded.
            async with self._lock:
                if self.latest_run == run:
                    await self._finish_stage(run, 0, "")
        elif await self._must_wait():
            await self._signals.work.wait(_POLL_S)
            self._signals.take_cancelled()
        else:
            await self._run_stage(run)
        return True

    async def _run_stage(self, run: LearningRun) -> None:
        """Run the stage's command to its end, or until the run is stopped or stale."""
        await asyncio.to_thread(self.workplace_of(run).root.mkdir, parents=True, exist_ok=True)
        command = (self._python, *self._stage_command(run, self.workplace_of(run)))
        log.info("training %s: %s", run.id, run.stage)
        child = self._child = await LeashedCommand.start(command)
        try:
            await self._watch(child, run)
        except asyncio.CancelledError:
            await child.end(grace_s=_GRACE_S)
            raise
        finally:
            code = await child.end()
            self._child = None
        if self.latest_run != run:
            # The run was stopped, and its command wrote until now; a newer run has no files yet.
            await self._remove_workplace(run)
        async with self._lock:
            if self.latest_run == run and not await self._is_stale(run):
                await self._finish_stage(run, code, child.last_line)

    async def _watch(self, child: LeashedCommand, run: LearningRun) -> None:
        """Pause and resume the command until it ends, or until its run is stopped or stale."""
        while child.exit_code is None and self.latest_run == run and not await self._is_stale(run):
            wait = await self._must_wait()
            if wait and not child.paused:
                child.pause()
            elif child.paused and not wait:
                child.resume()
            await self._signals.work.wait(_POLL_S)
            self._signals.take_cancelled()

    async def _must_wait(self) -> bool:
        """Whether somebody waits for a picture, or did a moment ago."""
        now_s = asyncio.get_running_loop().time()
        if await self._groundwork.is_busy():
            self._last_busy_s = now_s
        return now_s - self._last_busy_s < _CALM_S

    async def _is_stale(self, run: LearningRun) -> bool:
        """Whether a member was forgotten whose pictures or votes may be in the manifest."""
        return await self._groundwork.count_forgotten_members() != run.forgotten

    async def _start_over(self, run: LearningRun) -> None:
        """Start over with a fresh manifest, without the forgotten member; delete the old files."""
        async with self._lock:
            if self.latest_run != run:
                return
            if run.failed_in is not None:
                await self._end(_with_end(run, RunStage.FAILED, learning.KEPT_NO_MORE))
                return
            await self._remove_workplace(run)
            await self._write(
                replace(
                    run,
                    stage=RunStage.EXPORT,
                    forgotten=await self._groundwork.count_forgotten_members(),
                    restarts=run.restarts + 1,
                    said=learning.BEGUN_ANEW,
                )
            )
        log.info("training %s starts over: a member was forgotten", run.id)

    async def _finish_stage(self, run: LearningRun, code: int, said: str) -> None:
        """Move the run on after a command's end."""
        follows = {RunStage.EXPORT: RunStage.TRAIN, RunStage.TRAIN: RunStage.JUDGE}
        if run.stage in follows and code == 0:
            await self._write(replace(run, stage=follows[run.stage], said=said))
        elif run.stage is RunStage.JUDGE and await asyncio.to_thread(self._is_done, run):
            # The exit code says less: a gate that crashes and one that refuses exit alike.
            await self._end(await asyncio.to_thread(self._add_to_catalogue, run))
        else:
            await self._fail(run, why_failed(code, said))

    async def _fail(self, run: LearningRun, reason: str) -> None:
        """End the run as failed; keep its work if the candidate has learned anything."""
        log.warning("training %s failed (%s): %s", run.id, run.stage, reason)
        place = self.workplace_of(run)
        learned = place.model if run.stage is RunStage.JUDGE else place.states
        if await asyncio.to_thread(learned.exists):
            words = f"{reason} {learning.FAILED_AND_KEPT}"
            await self._write(replace(run, stage=RunStage.FAILED, failed_in=run.stage, said=words))
        else:
            await self._end(_with_end(run, RunStage.FAILED, reason))

    def _is_done(self, run: LearningRun) -> bool:
        """Whether the stage's result exists: the candidate, or the verdict in its card."""
        place = self.workplace_of(run)
        if run.stage is not RunStage.JUDGE:
            return run.stage is RunStage.TRAIN and place.model.is_dir()
        if self._catalogue.folder(run.id).is_dir():
            return True
        try:
            return cards.read(place.model / cards.FILE_NAME).is_judged
        except CardError:
            return False

    def _add_to_catalogue(self, run: LearningRun) -> LearningRun:
        """Move the judged candidate to the catalogue, whatever the verdict."""
        model, target = self.workplace_of(run).model, self._catalogue.folder(run.id)
        is_there = target.is_dir()
        try:
            card = cards.read((target if is_there else model) / cards.FILE_NAME)
        except CardError as problem:
            return replace(run, stage=RunStage.FAILED, said=str(problem))
        if card.id != run.id:
            return replace(run, stage=RunStage.FAILED, said=learning.misnamed(card.id))
        if not is_there:
            target.parent.mkdir(parents=True, exist_ok=True)
            model.rename(target)
        stage = RunStage.PASSED if card.may_be_promoted else RunStage.REFUSED
        return replace(run, stage=stage, said="")

    async def _end(self, run: LearningRun) -> None:
        """End the run, and delete its files, among them members' exported pictures."""
        await self._write(run)
        await self._remove_workplace(run)

    async def _remove_workplace(self, run: LearningRun) -> None:
        await asyncio.to_thread(shutil.rmtree, self.workplace_of(run).root, ignore_errors=True)

    def _remove_leftovers(self) -> None:
        """Delete what a killed process left of ended runs: it may contain members' pictures."""
        kept_id = (
            self.latest_run.id
            if self.latest_run is not None and self.latest_run.needs_workplace
            else None
        )
        for folder in self._root.glob("*/"):
            if folder.name != kept_id:
                shutil.rmtree(folder, ignore_errors=True)

    def _next_id(self, base: str) -> str:
        """The first free id after the base's."""
        root = re.sub(r"-v\d+\Z", "", base)[:58]
        number = 2
        while self._catalogue.folder(f"{root}-v{number}").exists() or base == f"{root}-v{number}":
            number += 1
        return f"{root}-v{number}"

    @property
    def _file(self) -> Path:
        return self._root / "run.json"

    async def _write(self, run: LearningRun) -> None:
        await asyncio.to_thread(runs.write, self._file, run)
        self.latest_run = run


def _with_end(run: LearningRun, stage: RunStage, said: str) -> LearningRun:
    """The run, ended in this stage, with no work kept."""
    return replace(run, stage=stage, said=said, failed_in=None)


def _reason_too_few(judged: JudgementCounts) -> str | None:
    """Why there are too few judgements to learn from; None if there may be enough."""
    if judged.others >= LEAST_JUDGEMENTS:
        return None
    if judged.own and not judged.others:
        return learning.only_own(judged.own)
    return learning.too_few(judged.others, LEAST_JUDGEMENTS)


async def _wait_for(event: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return
