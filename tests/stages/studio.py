"""A worker at work on the real stores with a fake engine, for the worker's tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bot.domain import Job, JobState, Request
from bot.drawing.progress import ProgressBoard
from bot.drawing.signals import Signals
from bot.drawing.worker import GpuThread, Worker, WorkerLimits
from bot.store.db import Database
from bot.store.gallery import Gallery
from bot.store.outbox import Outbox
from bot.store.queue import Caps, Jobs
from bot.store.views import JobViews
from tests.stages.factories import SINCE, make_admitted, make_ask
from tests.stages.fake_engine import FakeEngine, FakeScorer

CAPS = Caps(per_user=100, per_guild=1000)


@dataclass
class Studio:
    """A worker at work, and what a test looks at."""

    db: Database
    queue: Jobs
    views: JobViews
    outbox: Outbox
    gallery: Gallery
    signals: Signals
    worker: Worker
    engine: FakeEngine
    running: asyncio.Task[None]
    now_ms: Callable[[], int]

    async def ask(self, *, count: int = 1, **changes: object) -> tuple[Job, ...]:
        ask = make_ask(count=count)
        admitted = make_admitted(replace(ask, draw=replace(ask.draw, **changes)))
        made = await self.queue.enqueue(admitted, CAPS, self.now_ms(), since_id=SINCE)
        assert isinstance(made, Request)
        self.signals.work.set()
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


@asynccontextmanager
async def studio(
    tmp_path: Path,
    *,
    engine: FakeEngine | None = None,
    scorer: FakeScorer | None = None,
    grace_ms: int = 5_000,
    lease_ms: int = 60_000,
    haste: int = 20,
) -> AsyncIterator[Studio]:
    engine = engine or FakeEngine(4, step_s=0.002)
    gpu = GpuThread(lambda: engine, lambda: scorer or FakeScorer())
    db = await Database.open(tmp_path / "bot.sqlite3")
    await gpu.open()
    jobs, gallery, signals = Jobs(db), Gallery(db, tmp_path / "pictures"), Signals()
    began_s = time.monotonic()

    def now_ms() -> int:
        """`haste` times as fast as the wall clock, so that a pause between tries is soon over."""
        return 1_000_000 + round(1_000 * haste * (time.monotonic() - began_s))

    worker = Worker(
        owner="w",
        gpu=gpu,
        jobs=jobs,
        gallery=gallery,
        signals=signals,
        progress=ProgressBoard(),
        limits=WorkerLimits(lease_ms=lease_ms, max_attempts=3, preview_every=2, grace_ms=grace_ms),
        clock=now_ms,
    )
    running = asyncio.create_task(worker.run())
    try:
        yield Studio(
            db, jobs, JobViews(db), Outbox(db), gallery, signals, worker, engine, running, now_ms
        )
    finally:
        worker.stop()
        try:
            async with asyncio.timeout(20):
                await asyncio.wait([running])
            if not running.cancelled():
                running.result()
        finally:
            await gpu.close()
            await db.close()
