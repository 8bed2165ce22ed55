"""A worker on the real stores with a fake engine, for the worker's tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from bot import rulebooks
from bot.domain import Job, JobState, Rating, Request
from bot.drawing.handle import LocalThread
from bot.drawing.progress import ProgressBoard
from bot.drawing.roster import Roster
from bot.drawing.shelf import Shelf
from bot.drawing.signals import Signals
from bot.drawing.worker import Worker, WorkerLimits
from bot.store.caps import Caps
from bot.store.db import Database
from bot.store.gallery import Gallery
from bot.store.outbox import Outbox
from bot.store.queue import Jobs
from bot.store.views import JobViews
from bot.transitions import Transition
from models.catalogue.registry import Registry
from models.contract import EngineError
from tests.stages.databases import open_database
from tests.stages.factories import SINCE, USER, make_admitted, make_ask
from tests.stages.fake_engine import INFO, FakeEngine, FakeScorer

CAPS = Caps(per_user=100, per_guild=1000)


class OtherEngines(StrEnum):
    """Which other engines the process has besides the one under test."""

    #: None.
    ALONE = "alone"
    #: One after the tested engine, which gets the jobs that name no model.
    FIRST = "first"
    #: One before the tested engine, which gets only the jobs that name its model.
    SECOND = "second"


#: The other engines of every studio; a test module can run with each value.
company = OtherEngines.ALONE


#: The model of the engine beside the tested one.
OTHER_MODEL = "other-1"
#: A model that cannot be opened.
NO_MODEL = "broken"
#: Models that no engine has loaded at first.
NEXT_MODEL, THIRD_MODEL = "next-1", "third-1"


def another_engine(model: str) -> FakeEngine:
    """An engine whose card has the name of the model."""
    if model == NO_MODEL:
        raise EngineError("broken: its weights are cut short.")

    class Another(FakeEngine):
        info = replace(INFO, card_id=model)

    return Another(2, step_s=0.002)


@dataclass
class Studio:
    """A running worker with everything that a test inspects."""

    db: Database
    queue: Jobs
    views: JobViews
    outbox: Outbox
    gallery: Gallery
    signals: Signals
    worker: Worker
    engine: FakeEngine
    progress: ProgressBoard
    running: asyncio.Task[None]
    #: The changes of cards that the workers have reported.
    transitions: list[Transition]
    now_ms: Callable[[], int]
    shelf: Shelf

    async def ask(
        self,
        *,
        count: int = 1,
        rating: Rating = Rating.GENERAL,
        user: int = USER,
        **changes: object,
    ) -> tuple[Job, ...]:
        ask = make_ask(count=count, user=user)
        named = {"model": INFO.card_id} if company is OtherEngines.SECOND else {}
        draw = replace(ask.draw, **{**named, **changes})
        admitted = make_admitted(replace(ask, draw=draw), rating=rating)
        made = await self.queue.enqueue(admitted, CAPS, self.now_ms(), since_id=SINCE)
        assert isinstance(made, Request)
        self.signals.notify_queued()
        return made.jobs

    async def until(self, job: Job, *states: JobState) -> Job:
        async with asyncio.timeout(20):
            while True:
                found = await self.views.get(job.id)
                assert found is not None
                if found.state in states:
                    return found
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self.worker.stop()
        async with asyncio.timeout(20):
            await self.running


def _shelf(tmp_path: Path) -> Shelf:
    paths = {name: name for name in (OTHER_MODEL, NEXT_MODEL, THIRD_MODEL, NO_MODEL)}
    return Shelf(Registry(tmp_path / "models"), {**paths, INFO.card_id: "tested"})


@asynccontextmanager
async def studio(
    tmp_path: Path,
    *,
    engine: FakeEngine | None = None,
    scorer: FakeScorer | None = None,
    grace_ms: int = 5_000,
    lease_ms: int = 60_000,
    speed: int = 20,
    preview_every: int = 2,
    score_timeout_s: float = 20,
    patience_ms: int = 2_000,
) -> AsyncIterator[Studio]:
    engine = engine or FakeEngine(4, step_s=0.002)
    db = await open_database(tmp_path / "bot.sqlite3")
    jobs, gallery, signals = Jobs(db), Gallery(db, tmp_path / "pictures"), Signals()
    limits = WorkerLimits(
        lease_ms=lease_ms, max_attempts=3, preview_every=preview_every, grace_ms=grace_ms,
        patience_ms=patience_ms,
    )  # fmt: skip
    began_s = time.monotonic()

    def now_ms() -> int:
        """`speed` times as fast as the wall clock, so that pauses between attempts end soon."""
        return 1_000_000 + round(1_000 * speed * (time.monotonic() - began_s))

    tested = LocalThread(
        "tested",
        lambda model: engine if model == "tested" else another_engine(model),
        lambda _: scorer or FakeScorer(),
        score_timeout_s=score_timeout_s,
    )
    boards: dict[LocalThread, ProgressBoard] = {}
    other = LocalThread(OTHER_MODEL, another_engine, lambda _: FakeScorer())
    handles = {
        OtherEngines.ALONE: [tested],
        OtherEngines.FIRST: [tested, other],
        OtherEngines.SECOND: [other, tested],
    }[company]
    workers: dict[LocalThread, Worker] = {}
    transitions: list[Transition] = []
    shelf = _shelf(tmp_path)
    for handle in handles:
        await handle.open()
    shelf.activate(handles[0].info)
    for handle in handles:
        boards[handle] = ProgressBoard()
        workers[handle] = Worker(
            process="w",
            handle=handle,
            roster=Roster(handles),
            shelf=shelf,
            jobs=jobs,
            gallery=gallery,
            rulebook=rulebooks.load(),
            signals=signals,
            progress=boards[handle],
            limits=limits,
            clock=now_ms,
            tell=transitions.append,
        )
    running = {handle: asyncio.create_task(worker.run()) for handle, worker in workers.items()}
    try:
        yield Studio(
            db, jobs, JobViews(db), Outbox(db), gallery, signals, workers[tested], engine,
            boards[tested], running[tested], transitions, now_ms, shelf,
        )  # fmt: skip
    finally:
        for worker in workers.values():
            worker.stop()
        try:
            async with asyncio.timeout(20):
                await asyncio.wait(running.values())
            for task in running.values():
                if not task.cancelled():
                    task.result()
        finally:
            for handle in handles:
                await handle.close()
            await db.close()
