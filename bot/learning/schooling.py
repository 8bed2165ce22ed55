"""The training beside the serving: one run at a time, as a child process that gives way at once.

A run (`runs.py`) goes through stages, each a command: export the manifest, train, judge. Between
and in them it waits while anybody waits for a picture. A start goes on where the last one ended.
`/learn` begins and ends runs; it must not know Discord or torch.
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
from bot.learning.leashed import Leashed
from bot.learning.runs import UNDER_WAY, LearningRun, Orders, RunStage, Workplace, why_failed
from bot.store.groundwork import Groundwork, JudgementCounts
from bot.words import learning
from models.catalogue import card as cards
from models.catalogue.card import CardError
from models.catalogue.registry import Registry

log = logging.getLogger(__name__)

#: Fewer judgements of others' pictures than this say nothing; the training asks for as many.
LEAST_JUDGEMENTS = 30
#: How soon a child is paused when somebody asks, and how long nobody may have asked before it goes
#: on.
_LOOK_S, _CALM_S = 0.2, 2.0
#: How long a training that is stopped may take to save its state.
_GRACE_S = 6.0
#: Between two looks while no run is under way.
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
        told: WorkerSignals,
        clock: Callable[[], int],
        orders: Orders,
    ) -> None:
        """`root` is a folder of its own; `told` is nudged when somebody asks for a picture."""
        self._root = root
        self._python = python
        self._catalogue = catalogue
        self._shelf = shelf
        self._groundwork = groundwork
        self._told = told
        self._clock = clock
        self._orders = orders
        self._begun = asyncio.Event()
        #: Held by whatever changes how far the run is: a stop that comes with an end is not lost.
        self._one = asyncio.Lock()
        self._child: Leashed | None = None
        self._busy_s = float("-inf")
        self._remembers = False
        #: The newest run, whatever came of it; None: there was none.
        self.run_now: LearningRun | None = None

    @property
    def waits(self) -> bool:
        """Whether the run stands still because somebody waits for a picture."""
        return self._child is None or self._child.paused

    @property
    def said(self) -> str:
        """The last line of the command, or of the run's end."""
        if self._child is not None and self._child.said:
            return self._child.said
        return self.run_now.said if self.run_now is not None else ""

    def place(self, run: LearningRun) -> Workplace:
        """Where this run works."""
        return Workplace(root=self._root / run.id)

    async def start(self) -> str:
        """Begin a run from the model that is asked of; what came of it, as a sentence."""
        async with self._one:
            await self._remember()
            return await self._start()

    async def _start(self) -> str:
        last, base = self.run_now, self._shelf.active.card_id
        if last is not None and last.stage in UNDER_WAY:
            return learning.trains_already(last.id)
        if (
            last is not None
            and last.failed_in is not None
            and last.base == base
            and not await self._is_stale(last)
        ):
            return await self._go_on(last, last.failed_in)
        if why := _too_little(await self._groundwork.count_judgements()):
            return why
        place = await asyncio.to_thread(self._shelf.place, base)
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
            # What was kept of it, if anything was.
            await self._tidy(last)
        await self._write(run)
        self._begun.set()
        return learning.begun(run.id, base)

    async def _go_on(self, run: LearningRun, stage: RunStage) -> str:
        """Try once more what failed, with what was done before it."""
        await self._write(replace(run, stage=stage, failed_in=None, said=""))
        self._begun.set()
        return learning.goes_on(run.id)

    async def stop(self) -> str:
        """End the run, or drop what is kept of a failed one; what came of it, as a sentence."""
        async with self._one:
            await self._remember()
            run = self.run_now
            if run is None or not run.is_kept:
                return learning.NOTHING_TRAINS
            await self._end(_ended(run, RunStage.STOPPED, learning.OWNER_STOPPED))
        self._told.work.set()
        return learning.stopped(run.id)

    async def run(self) -> None:
        """Carry on with what is under way, until cancelled; a training saves its state then."""
        async with self._one:
            await self._remember()
        while True:
            try:
                if not await self._carry_on():
                    self._begun.clear()
                    await _wait(self._begun, _IDLE_S)
            except (BotError, OSError) as problem:
                log.error("the training rests: %s", problem)  # noqa: TRY400  the sentence says it all
                await asyncio.sleep(_IDLE_S)

    async def _remember(self) -> None:
        """Know the run of before, once: nobody may begin another beside it."""
        if not self._remembers:
            self.run_now = await asyncio.to_thread(runs.read, self._file)
            await asyncio.to_thread(self._clear_up)
            self._remembers = True

    async def _carry_on(self) -> bool:
        """One command, or one look; False if no run is under way."""
        run = self.run_now
        if run is None or not run.is_kept:
            return False
        if await self._is_stale(run):
            await self._anew(run)
        elif run.failed_in is not None:
            return False
        elif await asyncio.to_thread(self._is_done, run):
            # A kill came between the deed and the note of it.
            async with self._one:
                if self.run_now == run:
                    await self._after(run, 0, "")
        elif await self._must_wait():
            await self._told.work.wait(_LOOK_S)
            self._told.take_cancelled()
        else:
            await self._do(run)
        return True

    async def _do(self, run: LearningRun) -> None:
        """Run the stage's command to its end, or until the run is not what it was."""
        await asyncio.to_thread(self.place(run).root.mkdir, parents=True, exist_ok=True)
        command = (self._python, *self._orders(run, self.place(run)))
        log.info("training %s: %s", run.id, run.stage)
        child = self._child = await Leashed.start(command)
        try:
            await self._watch(child, run)
        except asyncio.CancelledError:
            await child.end(grace_s=_GRACE_S)
            raise
        finally:
            code = await child.end()
            self._child = None
        if self.run_now != run:
            # It was stopped, and wrote on until now; what was begun since has nothing there yet.
            await self._tidy(run)
        async with self._one:
            if self.run_now == run and not await self._is_stale(run):
                await self._after(run, code, child.said)

    async def _watch(self, child: Leashed, run: LearningRun) -> None:
        """Pause and resume it until it ends, or until its run was stopped or is stale."""
        while child.code is None and self.run_now == run and not await self._is_stale(run):
            wait = await self._must_wait()
            if wait and not child.paused:
                child.pause()
            elif child.paused and not wait:
                child.resume()
            await self._told.work.wait(_LOOK_S)
            self._told.take_cancelled()

    async def _must_wait(self) -> bool:
        """Whether somebody waits for a picture, or did a moment ago."""
        now_s = asyncio.get_running_loop().time()
        if await self._groundwork.is_busy():
            self._busy_s = now_s
        return now_s - self._busy_s < _CALM_S

    async def _is_stale(self, run: LearningRun) -> bool:
        """Whether a member was forgotten whose pictures or votes may be in the manifest."""
        return await self._groundwork.count_forgotten_members() != run.forgotten

    async def _anew(self, run: LearningRun) -> None:
        """A fresh manifest without whoever was forgotten; nothing of the old one is kept."""
        async with self._one:
            if self.run_now != run:
                return
            if run.failed_in is not None:
                await self._end(_ended(run, RunStage.FAILED, learning.KEPT_NO_MORE))
                return
            await self._tidy(run)
            await self._write(
                replace(
                    run,
                    stage=RunStage.EXPORT,
                    forgotten=await self._groundwork.count_forgotten_members(),
                    restarts=run.restarts + 1,
                    said=learning.BEGUN_ANEW,
                )
            )
        log.info("training %s begins anew: a member was forgotten", run.id)

    async def _after(self, run: LearningRun, code: int, said: str) -> None:
        """What follows from a command's end."""
        follows = {RunStage.EXPORT: RunStage.TRAIN, RunStage.TRAIN: RunStage.JUDGE}
        if run.stage in follows and code == 0:
            await self._write(replace(run, stage=follows[run.stage], said=said))
        elif run.stage is RunStage.JUDGE and await asyncio.to_thread(self._is_done, run):
            # Its exit code tells less: Python ends a broken gate as a gate ends that refuses.
            await self._end(await asyncio.to_thread(self._shelve, run))
        else:
            await self._fail(run, why_failed(code, said))

    async def _fail(self, run: LearningRun, why: str) -> None:
        """It goes no further by itself; what it has learned so far is kept, if it has."""
        log.warning("training %s failed (%s): %s", run.id, run.stage, why)
        place = self.place(run)
        learned = place.model if run.stage is RunStage.JUDGE else place.states
        if await asyncio.to_thread(learned.exists):
            words = f"{why} {learning.FAILED_AND_KEPT}"
            await self._write(replace(run, stage=RunStage.FAILED, failed_in=run.stage, said=words))
        else:
            await self._end(_ended(run, RunStage.FAILED, why))

    def _is_done(self, run: LearningRun) -> bool:
        """Whether the stage's last deed is there: the candidate, or the verdict on its files."""
        place = self.place(run)
        if run.stage is not RunStage.JUDGE:
            return run.stage is RunStage.TRAIN and place.model.is_dir()
        if self._catalogue.folder(run.id).is_dir():
            return True
        try:
            return cards.read(place.model / cards.FILE_NAME).is_judged
        except CardError:
            return False

    def _shelve(self, run: LearningRun) -> LearningRun:
        """Put the judged candidate into the catalogue, whatever the gate found."""
        model, target = self.place(run).model, self._catalogue.folder(run.id)
        there = target.is_dir()
        try:
            card = cards.read((target if there else model) / cards.FILE_NAME)
        except CardError as problem:
            return replace(run, stage=RunStage.FAILED, said=str(problem))
        if card.id != run.id:
            return replace(run, stage=RunStage.FAILED, said=learning.misnamed(card.id))
        if not there:
            target.parent.mkdir(parents=True, exist_ok=True)
            model.rename(target)
        stage = RunStage.PASSED if card.may_be_promoted else RunStage.REFUSED
        return replace(run, stage=stage, said="")

    async def _end(self, run: LearningRun) -> None:
        """The run is over: the members' pictures that were exported for it go."""
        await self._write(run)
        await self._tidy(run)

    async def _tidy(self, run: LearningRun) -> None:
        await asyncio.to_thread(shutil.rmtree, self.place(run).root, ignore_errors=True)

    def _clear_up(self) -> None:
        """Drop what a killed process left of runs that are over: members' pictures may be in it."""
        kept = self.run_now.id if self.run_now is not None and self.run_now.is_kept else None
        for folder in self._root.glob("*/"):
            if folder.name != kept:
                shutil.rmtree(folder, ignore_errors=True)

    def _next_id(self, base: str) -> str:
        """The first free name after the base's."""
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
        self.run_now = run


def _ended(run: LearningRun, stage: RunStage, said: str) -> LearningRun:
    """The run at an end of which nothing is kept."""
    return replace(run, stage=stage, said=said, failed_in=None)


def _too_little(judged: JudgementCounts) -> str | None:
    """Why there is nothing to learn from; None if there may be enough."""
    if judged.others >= LEAST_JUDGEMENTS:
        return None
    if judged.own and not judged.others:
        return learning.only_own(judged.own)
    return learning.too_few(judged.others, LEAST_JUDGEMENTS)


async def _wait(event: asyncio.Event, most_s: float) -> None:
    try:
        async with asyncio.timeout(most_s):
            await event.wait()
    except TimeoutError:
        return
