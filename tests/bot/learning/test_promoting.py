"""Promotion and rollback with the real engine on two tiny cards: the old model or the new one."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from bot import rulebooks
from bot.curating.bare import without_texts
from bot.domain import ENDED, JobState, Request
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
from bot.store.lineage import Lineage
from bot.store.papers import Papers
from bot.store.queue import Jobs
from bot.store.views import JobViews
from models.catalogue import card as cards
from models.catalogue.registry import Registry, card_of, seal
from models.contract import Engine, EngineError, Rendered, Scorer, Scores
from models.engine.slots import open_engine
from tests.stages.cards import passed
from tests.stages.factories import SINCE, USER, make_admitted, make_ask
from tests.stages.fake_engine import FakeScorer
from tests.stages.stores import AMPLE
from tests.stages.tiny_models import build


class Calm(FakeScorer):
    """Finds nothing of all that an unknown model's pictures are measured for."""

    def score(self, rendered: Rendered) -> Scores:
        del rendered
        return Scores(values={"blank": 0.0, "nudity": 0.0})


@pytest.fixture(scope="module")
def shelf_of_two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base outside the catalogue, and a candidate in it that draws otherwise and has passed."""
    root = tmp_path_factory.mktemp("two")
    base = build(root / "base")
    candidate = root / "models" / "base-2"
    shutil.copytree(base, candidate)
    (weights,) = (candidate / "unet").glob("*.safetensors")
    save_file({name: 0.9 * value for name, value in load_file(weights).items()}, weights)
    (candidate / "LICENSE.md").write_text("Be kind.\n")
    card = replace(card_of(candidate), id="base-2", parent="base")
    cards.write(passed(seal(card, candidate)), candidate / cards.FILE_NAME)
    return root


@dataclass(frozen=True, kw_only=True)
class House:
    """One process of a bot: what it serves, and how to draw with it."""

    jobs: Jobs
    views: JobViews
    gallery: Gallery
    signals: Signals
    shelf: Shelf
    lineage: Lineage
    promotion: Promotion

    async def draws(self, model: str | None = None) -> bytes:
        """The file of one and the same picture, without its job's name."""
        ask = make_ask("1girl")
        draw = replace(ask.draw, width_px=64, height_px=64, model=model, steps=3)
        admitted = make_admitted(replace(ask, draw=draw))
        made = await self.jobs.enqueue(admitted, AMPLE, 1_000, since_id=SINCE)
        assert isinstance(made, Request)
        self.signals.queued()
        async with asyncio.timeout(60):
            while (job := await self.views.get(made.jobs[0].id)) is None or (
                job.state is not JobState.RENDERED
            ):
                assert job is None or job.state not in ENDED, job.error
                await asyncio.sleep(0.01)
        picture = await self.gallery.get(made.jobs[0].id)
        assert picture is not None
        return without_texts(await self.gallery.read(picture), "any")


@asynccontextmanager
async def house(root: Path, data: Path) -> AsyncIterator[House]:
    """A bot on this data directory, until it is stopped."""
    clock = iter(range(1_000, 10**9))
    db = await Database.open(data / "bot.sqlite3")
    catalogue, lineage, signals = Registry(root / "models"), Lineage(db), Signals()
    shelf, jobs, gallery = Shelf(catalogue), Jobs(db), Gallery(db, data / "pictures")

    def opens(model: str) -> Engine:
        return open_engine(model, device="cpu", threads=1, capacity=2)

    def looks(model: str) -> Scorer:
        del model
        return Calm()

    handle = LocalThread("", opens, looks)
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
        lineage=lineage, catalogue=catalogue, shelf=shelf, papers=Papers(data / "licences"),
        swap=worker.swap, clock=lambda: next(clock),
    )  # fmt: skip
    running = asyncio.create_task(worker.run())
    try:
        yield House(
            jobs=jobs, views=JobViews(db), gallery=gallery, signals=signals, shelf=shelf,
            lineage=lineage, promotion=promotion,
        )  # fmt: skip
    finally:
        worker.stop()
        await running
        await handle.close()
        await db.close()


async def test_a_rollback_gives_back_byte_identical_pictures(
    shelf_of_two: Path, tmp_path: Path
) -> None:
    async with house(shelf_of_two, tmp_path) as h:
        before = await h.draws()
        told = await h.promotion.promote("base-2", by_id=USER, why="a test")
        assert told.startswith("`base-2` serves now.")
        assert h.shelf.active.card_id == "base-2"
        after = await h.draws()
        assert after != before
        assert await h.draws("base") == before, "what was asked of the old card is drawn by it"
        assert (await h.promotion.rollback(by_id=USER, why="a test")).startswith("`base` serves")
        assert await h.draws() == before
        assert await h.draws("base-2") == after
        assert (tmp_path / "licences" / "base-2.txt").read_text().endswith("Be kind.\n")


async def test_a_start_serves_the_card_that_was_promoted_and_the_one_before_after_a_rollback(
    shelf_of_two: Path, tmp_path: Path
) -> None:
    async with house(shelf_of_two, tmp_path) as h:
        await h.promotion.promote("base-2", by_id=USER, why="a test")
    async with house(shelf_of_two, tmp_path) as h:
        assert h.shelf.active.card_id == "base-2"
        await h.draws("base")
        await h.promotion.rollback(by_id=USER, why="a test")
    async with house(shelf_of_two, tmp_path) as h:
        assert h.shelf.active.card_id == "base"


async def test_a_row_without_its_swap_is_served_at_the_next_start(
    shelf_of_two: Path, tmp_path: Path
) -> None:
    """Killed between the two: the engine had not changed, and the row was there."""
    async with house(shelf_of_two, tmp_path) as h:
        card = Registry(shelf_of_two / "models").card("base-2")
        await h.lineage.promote(card, over="base", by_id=USER, why="a test", now_ms=5)
        assert h.shelf.active.card_id == "base"
    async with house(shelf_of_two, tmp_path) as h:
        assert h.shelf.active.card_id == "base-2"


@pytest.mark.parametrize("fault", ["gone", "other card", "other bytes"])
async def test_a_promoted_card_that_is_not_what_it_was_is_not_served_and_not_forgotten(
    shelf_of_two: Path, tmp_path: Path, fault: str
) -> None:
    root = tmp_path / "root"
    shutil.copytree(shelf_of_two, root)
    folder = root / "models" / "base-2"
    async with house(root, tmp_path) as h:
        await h.promotion.promote("base-2", by_id=USER, why="a test")
    kept = folder.rename(root / "elsewhere")
    if fault != "gone":
        shutil.copytree(kept, folder)
        (folder / "unet" / "more.txt").write_text("x")
        (weights,) = (folder / "unet").glob("*.safetensors")
        if fault == "other card":
            seal(cards.read(folder / cards.FILE_NAME), folder)
        else:
            weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    async with house(root, tmp_path) as h:
        assert h.shelf.active.card_id == "base"
        assert (await h.lineage.history())[-1].card_id == "base-2"
        told = await h.promotion.rollback(by_id=USER, why="it is broken")
        assert told.startswith("`base` serves again")
    shutil.rmtree(folder, ignore_errors=True)
    kept.rename(folder)
    async with house(root, tmp_path) as h:
        assert h.shelf.active.card_id == "base"


async def test_a_card_that_cannot_be_opened_leaves_the_old_one_in_use(
    shelf_of_two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(shelf_of_two, tmp_path) as h:

        async def broken(_self: LocalThread, _model: str) -> None:
            raise EngineError("there is no memory for it.")

        monkeypatch.setattr(LocalThread, "swap", broken)
        told = await h.promotion.promote("base-2", by_id=USER, why="a test")
        assert told == (
            "`base-2` cannot be opened, so `base` serves on. there is no memory for it."
        )
        assert h.shelf.active.card_id == "base"
        assert (await h.lineage.history())[-1].card_id == "base"


@pytest.mark.parametrize(("card", "words"), [("nobody", "no card"), ("../base", "no card")])
async def test_what_is_no_card_of_the_catalogue_is_not_promoted(
    shelf_of_two: Path, tmp_path: Path, card: str, words: str
) -> None:
    async with house(shelf_of_two, tmp_path) as h:
        assert words in await h.promotion.promote(card, by_id=USER, why="a test")


async def test_changed_bytes_are_not_promoted_whatever_the_card_says(
    shelf_of_two: Path, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    shutil.copytree(shelf_of_two, root)
    (weights,) = (root / "models" / "base-2" / "unet").glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    async with house(root, tmp_path) as h:
        told = await h.promotion.promote("base-2", by_id=USER, why="a test")
        assert "is not the file its card names" in told
        assert h.shelf.active.card_id == "base"
