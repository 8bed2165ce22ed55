"""Rows whose previews are far over the line are stopped, and what members see of the others."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import DatabaseError, JobState, Rating
from models.contract import EngineError, Rendered, RenderRequest, Scores, ScoringError, TickResult
from tests.stages.fake_engine import INFO, FakeEngine, FakeScorer
from tests.stages.studio import Studio, studio

pytestmark = pytest.mark.usefixtures("impatient")

STEPS = 40


class Bold(FakeEngine):
    """A model that can draw nudity; records which previews were requested, and who left early."""

    info = replace(INFO, can_draw_nudity=True)

    def __init__(self, capacity: int = 4, step_s: float = 0.005) -> None:
        super().__init__(capacity, step_s)
        self.asked: list[int] = []
        self.evicted: list[str] = []

    def admit(self, request: RenderRequest) -> None:
        self.asked.append(request.preview_every)
        super().admit(request)

    def evict(self, row_id: str) -> bool:
        here = super().evict(row_id)
        if here:
            self.evicted.append(row_id)
        return here


class Meek(Bold):
    """The same, for a model that cannot."""

    info = INFO


class Seeing(FakeScorer):
    """Gives every preview the same score and counts them; finished pictures are harmless."""

    def __init__(self, nudity: float) -> None:
        self.nudity = nudity
        self.glances = 0
        self.threads: set[int] = set()

    def score(self, rendered: Rendered) -> Scores:
        return Scores(values={"blank": 0.0, "nudity": 0.0})

    def score_preview(self, preview_png: bytes) -> Scores:
        self.glances += 1
        self.threads.add(threading.get_ident())
        return Scores(values={"nudity": self.nudity})


async def admitted(engine: Bold) -> None:
    """Wait until a row is in the engine, which is a little after its job runs."""
    async with asyncio.timeout(20):
        while not engine.asked:
            await asyncio.sleep(0.002)


async def previews_shown(s: Studio, job_id: str) -> set[bytes | None]:
    """Every preview that members could have seen while the row was drawn."""
    assert isinstance(s.engine, Bold)
    await admitted(s.engine)
    seen: set[bytes | None] = {None}
    while s.engine._rows:
        found = s.progress.get(job_id)  # type: ignore[arg-type]
        seen.add(found.preview_png if found else None)
        await asyncio.sleep(0.002)
    return seen


async def test_a_row_far_over_the_line_is_stopped_and_frees_its_place(tmp_path: Path) -> None:
    engine = Bold(1)
    async with studio(tmp_path, engine=engine, scorer=Seeing(0.99)) as s:
        first, second = await s.ask(count=2, steps=STEPS)
        ended = await s.until(first, JobState.WITHHELD)
        assert ended.attempts == 1
        assert ended.error is not None
        assert "I stopped drawing it" in ended.error
        assert "is not held against you" in ended.error
        assert await s.gallery.get(first.id) is None
        await s.until(second, JobState.WITHHELD)
    assert engine.evicted == [first.id, second.id]
    assert s.progress.get(first.id) is None


@pytest.mark.parametrize("nudity", [0.0, 0.8, 0.94])
async def test_a_row_not_far_over_the_line_is_drawn_and_judged_at_its_end(
    tmp_path: Path, nudity: float
) -> None:
    engine, scorer = Bold(), Seeing(nudity)
    async with studio(tmp_path, engine=engine, scorer=scorer) as s:
        (job,) = await s.ask(steps=STEPS)
        await s.until(job, JobState.RENDERED)
    assert engine.evicted == []
    assert scorer.glances > 0


async def test_the_previews_of_a_model_that_cannot_draw_nudity_are_not_judged(
    tmp_path: Path,
) -> None:
    engine, scorer = Meek(), Seeing(1.0)
    async with studio(tmp_path, engine=engine, scorer=scorer, preview_every=3) as s:
        (job,) = await s.ask(steps=STEPS)
        await s.until(job, JobState.RENDERED)
    assert scorer.glances == 0
    assert engine.asked == [3]


async def test_previews_allowed_in_their_channel_are_shown_and_not_judged(
    tmp_path: Path,
) -> None:
    engine, scorer = Bold(), Seeing(1.0)
    async with studio(tmp_path, engine=engine, scorer=scorer, preview_every=3) as s:
        (job,) = await s.ask(steps=STEPS, rating=Rating.EXPLICIT)
        assert len(await previews_shown(s, job.id) - {None}) > 0
        await s.until(job, JobState.RENDERED)
    assert scorer.glances == 0
    assert engine.asked == [3]


@pytest.mark.parametrize("preview_every", [0, 2])
async def test_previews_that_are_judged_are_not_shown(tmp_path: Path, preview_every: int) -> None:
    engine, scorer = Bold(), Seeing(0.1)
    async with studio(tmp_path, engine=engine, scorer=scorer, preview_every=preview_every) as s:
        (job,) = await s.ask(steps=STEPS)
        assert await previews_shown(s, job.id) == {None}
        await s.until(job, JobState.RENDERED)
    assert scorer.glances > 0
    assert engine.asked == [4], "previews are judged whether members see them or not"


async def test_previews_can_be_switched_off(tmp_path: Path) -> None:
    engine = Meek()
    async with studio(tmp_path, engine=engine, preview_every=0) as s:
        (job,) = await s.ask(steps=STEPS)
        await s.until(job, JobState.RENDERED)
    assert engine.asked == [0]


async def test_the_loop_and_the_engine_go_on_while_a_preview_is_judged(tmp_path: Path) -> None:
    ticks: list[int] = []
    go_on = threading.Event()

    class Ticking(Bold):
        def step(self) -> TickResult:
            ticks.append(threading.get_ident())
            return super().step()

    class Slow(Seeing):
        def score_preview(self, preview_png: bytes) -> Scores:
            assert go_on.wait(20)
            return super().score_preview(preview_png)

    scorer = Slow(0.1)
    async with studio(tmp_path, engine=Ticking(), scorer=scorer) as s:
        (job,) = await s.ask(steps=STEPS)
        async with asyncio.timeout(20):
            while len(ticks) < STEPS:
                await asyncio.sleep(0.002)
        go_on.set()
        await s.until(job, JobState.RENDERED)
    assert scorer.glances == 1, "while one preview is judged, the others are skipped"
    assert not scorer.threads & {*ticks, threading.get_ident()}


async def test_a_row_that_ends_during_a_preview_check_is_judged_at_its_end(
    tmp_path: Path,
) -> None:
    go_on = threading.Event()

    class Slow(Seeing):
        def score_preview(self, preview_png: bytes) -> Scores:
            assert go_on.wait(20)
            return super().score_preview(preview_png)

    engine = Bold()
    async with studio(tmp_path, engine=engine, scorer=Slow(1.0)) as s:
        (job,) = await s.ask(steps=STEPS)
        await admitted(engine)
        async with asyncio.timeout(20):
            while engine._rows:
                await asyncio.sleep(0.002)
        go_on.set()
        assert (await s.until(job, JobState.RENDERED, JobState.WITHHELD)).state is JobState.RENDERED


@pytest.mark.parametrize("fault", [ScoringError("no eyes"), RuntimeError("a bug")])
async def test_a_preview_that_cannot_be_judged_is_skipped(tmp_path: Path, fault: Exception) -> None:
    class Blind(Seeing):
        def score_preview(self, preview_png: bytes) -> Scores:
            raise fault

        def score(self, rendered: Rendered) -> Scores:
            return Scores(values={"blank": 0.0, "nudity": 0.9})

    async with studio(tmp_path, engine=Bold(), scorer=Blind(0.0)) as s:
        (job,) = await s.ask(steps=STEPS)
        ended = await s.until(job, JobState.WITHHELD)
        assert ended.error is not None
        assert "too revealing" in ended.error, "the finished picture is still judged"


async def test_a_stop_that_cannot_be_recorded_waits_for_the_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, scorer = Bold(), Seeing(1.0)
    async with studio(tmp_path, engine=engine, scorer=scorer, lease_ms=4_000) as s:
        true = s.queue.withhold
        broken = 1

        async def withhold(*args: object) -> None:
            nonlocal broken
            if broken:
                broken -= 1
                raise DatabaseError("locked")
            await true(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(s.queue, "withhold", withhold)
        (job,) = await s.ask(steps=STEPS)
        assert (await s.until(job, JobState.WITHHELD)).attempts == 2


async def test_an_engine_that_fails_while_a_row_is_stopped_loses_no_job(tmp_path: Path) -> None:
    class Failing(Bold):
        def evict(self, row_id: str) -> bool:
            if not self.evicted:
                self.evicted.append(row_id)
                raise EngineError("the device is gone")
            return super().evict(row_id)

    async with studio(tmp_path, engine=Failing(), scorer=Seeing(1.0)) as s:
        (job,) = await s.ask(steps=STEPS)
        await s.until(job, JobState.WITHHELD)
