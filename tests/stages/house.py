"""A bot without Discord that serves tiny models with the real engine: it draws and promotes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bot import rulebooks
from bot.curating.bare import without_texts
from bot.domain import ENDED, JobId, JobState, Request
from bot.drawing.handle import LocalThread
from bot.drawing.progress import ProgressBoard
from bot.drawing.roster import Roster
from bot.drawing.shelf import Shelf
from bot.drawing.signals import Signals
from bot.drawing.worker import Worker, WorkerLimits
from bot.learning.promoting import Promotion
from bot.learning.starting import load_active
from bot.store.db import Database
from bot.store.gallery import Gallery
from bot.store.licence_texts import LicenceTexts
from bot.store.lineage import Lineage
from bot.store.queue import Jobs
from bot.store.views import JobViews
from models.catalogue.registry import Registry
from models.contract import Engine, Rendered, Scorer, Scores
from models.engine.slots import open_engine
from tests.stages.databases import open_database
from tests.stages.factories import SINCE, make_admitted, make_ask
from tests.stages.fake_engine import FakeScorer
from tests.stages.stores import AMPLE


class HarmlessScorer(FakeScorer):
    """Scores every picture as harmless, even one of an unknown model."""

    def score(self, rendered: Rendered) -> Scores:
        del rendered
        return Scores(values={"blank": 0.0, "nudity": 0.0})


@dataclass(frozen=True, kw_only=True)
class House:
    """One bot process with its stores and its worker."""

    db: Database
    catalogue: Registry
    jobs: Jobs
    views: JobViews
    gallery: Gallery
    signals: Signals
    shelf: Shelf
    lineage: Lineage
    promotion: Promotion

    async def draw_file(
        self, model: str | None = None, prompt: str = "1girl", seed: int = 7
    ) -> bytes:
        """Draw a picture; return its file without the name of its job."""
        return (await self.draw_picture(model, prompt, seed))[1]

    async def draw_picture(
        self, model: str | None = None, prompt: str = "1girl", seed: int = 7, px: int = 64
    ) -> tuple[JobId, bytes]:
        """Draw a picture; return its job and its file without texts."""
        ask = make_ask(prompt, seed=seed)
        draw = replace(ask.draw, width_px=px, height_px=px, model=model, steps=3)
        admitted = make_admitted(replace(ask, draw=draw))
        made = await self.jobs.enqueue(admitted, AMPLE, 1_000, since_id=SINCE)
        assert isinstance(made, Request)
        self.signals.notify_queued()
        async with asyncio.timeout(60):
            while (job := await self.views.get(made.jobs[0].id)) is None or (
                job.state is not JobState.RENDERED
            ):
                assert job is None or job.state not in ENDED, job.error
                await asyncio.sleep(0.01)
        picture = await self.gallery.get(made.jobs[0].id)
        assert picture is not None
        return made.jobs[0].id, without_texts(await self.gallery.read(picture), "any")


@asynccontextmanager
async def house(root: Path, data: Path) -> AsyncIterator[House]:
    """A bot on this data directory, which stops with the context."""
    clock = iter(range(1_000, 10**9))
    db = await open_database(data / "bot.sqlite3")
    catalogue, lineage, signals = Registry(root / "models"), Lineage(db), Signals()
    shelf, jobs, gallery = Shelf(catalogue), Jobs(db), Gallery(db, data / "pictures")

    def open_model(model: str) -> Engine:
        return open_engine(model, device="cpu", threads=1, capacity=2)

    def open_model_scorer(model: str) -> Scorer:
        del model
        return HarmlessScorer()

    handle = LocalThread("", open_model, open_model_scorer)
    base = str(root / "base")
    await load_active(
        handle, lineage=lineage, catalogue=catalogue, shelf=shelf, named=base, now_ms=1
    )
    worker = Worker(
        process="w", handle=handle, roster=Roster([handle]), shelf=shelf, jobs=jobs,
        gallery=gallery, rulebook=rulebooks.load(), signals=signals, progress=ProgressBoard(),
        limits=WorkerLimits(
            lease_ms=60_000, max_attempts=1, preview_every=0, grace_ms=0, patience_ms=0
        ),
        clock=lambda: next(clock), tell=lambda _: None,
    )  # fmt: skip
    promotion = Promotion(
        lineage=lineage, catalogue=catalogue, shelf=shelf, licences=LicenceTexts(data / "licences"),
        swap=worker.swap, clock=lambda: next(clock),
    )  # fmt: skip
    running = asyncio.create_task(worker.run())
    try:
        yield House(
            db=db,
            catalogue=catalogue,
            jobs=jobs, views=JobViews(db), gallery=gallery, signals=signals, shelf=shelf,
            lineage=lineage, promotion=promotion,
        )  # fmt: skip
    finally:
        worker.stop()
        await running
        await handle.close()
        await db.close()
