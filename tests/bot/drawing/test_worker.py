"""The worker with the real stores and a fake engine: what it claims ends in the database."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import DatabaseError, DiskFullError, Job, JobState, StorageError
from bot.transitions import Subject
from models.contract import EngineError, Rendered, Scores, TickResult
from tests.stages.fake_engine import INFO, POISON, FakeEngine, FakeScorer
from tests.stages.studio import (
    NO_MODEL,
    OTHER_MODEL,
    OtherEngines,
    Studio,
    studio,
)

pytestmark = pytest.mark.usefixtures("in_company", "impatient")

#: For claims about two engines at work.
in_pairs = pytest.mark.parametrize(
    "in_company", [OtherEngines.FIRST, OtherEngines.SECOND], indirect=True
)


async def card_of(s: Studio, job: Job) -> str:
    """The model that drew a kept picture."""
    await s.until(job, JobState.RENDERED)
    picture = await s.gallery.get(job.id)
    assert picture is not None
    return picture.card_id


async def test_a_queued_job_becomes_a_kept_picture(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        (job,) = await s.ask()
        await s.until(job, JobState.RENDERED)
        picture = await s.gallery.get(job.id)
        assert picture is not None
        data = await s.gallery.read(picture)
        assert data.startswith(b"\x89PNG")
        assert job.id.encode() in data


async def test_rows_are_drawn_side_by_side(tmp_path: Path) -> None:
    widths: list[int] = []

    class Counting(FakeEngine):
        def step(self) -> TickResult:
            widths.append(len(self._rows))
            return super().step()

    async with studio(tmp_path, engine=Counting(4, step_s=0.01)) as s:
        for job in [*await s.ask(count=4), *await s.ask(count=4)]:
            await s.until(job, JobState.RENDERED)
    assert max(widths) == 4


async def test_a_bad_row_fails_after_its_attempts_and_its_neighbours_go_on(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        (bad,) = await s.ask(prompt=f"1girl, {POISON}")
        (good,) = await s.ask(prompt="1girl")
        await s.until(good, JobState.RENDERED)
        failed = await s.until(bad, JobState.FAILED)
        assert failed.attempts == 3
        assert failed.error == "The picture came out as noise."


async def test_a_broken_engine_loses_no_job(tmp_path: Path) -> None:
    class Breaking(FakeEngine):
        broken = 0

        def step(self) -> TickResult:
            if self._rows and self.broken < 1:
                self.broken += 1
                raise EngineError("out of memory")
            return super().step()

    async with studio(tmp_path, engine=Breaking(4, step_s=0.001)) as s:
        jobs = await s.ask(count=3)
        s.signals.notify_queued()
        for job in jobs:
            assert (await s.until(job, JobState.RENDERED)).attempts == 2


async def test_a_cancelled_row_leaves_the_engine_at_once(tmp_path: Path) -> None:
    async with studio(tmp_path, engine=FakeEngine(1, step_s=0.02)) as s:
        (job,) = await s.ask(steps=50)
        await s.until(job, JobState.RUNNING)
        taken = await s.queue.cancel_request(job.request_id, job.user_id, s.now_ms())
        s.signals.notify_cancelled(taken)
        async with asyncio.timeout(2):
            while s.engine._rows:
                await asyncio.sleep(0.01)
        assert (await s.until(job, JobState.CANCELLED)).state is JobState.CANCELLED
        (after,) = await s.ask(steps=2)
        await s.until(after, JobState.RENDERED)


async def test_a_picture_is_kept_only_if_the_drawing_models_licence_allows_it(
    tmp_path: Path,
) -> None:
    class Bound(FakeEngine):
        info = replace(INFO, licence_rules=("suggestive",))

    for engine, state in ((FakeEngine(4), JobState.RENDERED), (Bound(4), JobState.WITHHELD)):
        (folder := tmp_path / type(engine).__name__).mkdir()
        async with studio(folder, engine=engine) as s:
            (job,) = await s.ask(prompt="1girl, lingerie")
            await s.until(job, state)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (StorageError("the disk fails"), "would not take the picture"),
        (DiskFullError("the disk is full"), "no room on my disk"),
    ],
)
async def test_a_full_disk_is_reported_and_the_worker_survives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: StorageError, words: str
) -> None:
    async with studio(tmp_path) as s:

        async def full(*_: object, **__: object) -> None:
            raise fault

        with monkeypatch.context() as patch:
            patch.setattr(s.gallery, "keep", full)
            (job,) = await s.ask()
            failed = await s.until(job, JobState.FAILED)
            assert words in (failed.error or "")
        (after,) = await s.ask()
        await s.until(after, JobState.RENDERED)


async def test_a_database_outage_loses_no_job_and_ends_no_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writes of the queue fail; what is in the engine is drawn to its end."""

    async def locked(*_: object, **__: object) -> None:
        raise DatabaseError("bot.sqlite3 is locked by another program")

    async with studio(tmp_path) as s:
        (first,) = await s.ask(steps=40)
        (bad,) = await s.ask(prompt=POISON)
        await s.until(first, JobState.RUNNING)
        with monkeypatch.context() as patch:
            for name in ("claim", "renew", "requeue", "fail", "requeue_expired"):
                patch.setattr(s.queue, name, locked)
            await s.until(first, JobState.RENDERED)
            await asyncio.sleep(0.2)
            assert not s.running.done()
        (after,) = await s.ask()
        await s.until(after, JobState.RENDERED)
        await s.until(bad, JobState.FAILED)


async def test_an_engine_with_an_unknown_fault_is_tried_again(tmp_path: Path) -> None:
    class Odd(FakeEngine):
        broken = True

        def step(self) -> TickResult:
            if self.broken:
                self.broken = False
                raise KeyError("a fault of no known kind")
            return super().step()

    async with studio(tmp_path, engine=Odd(4, step_s=0.001)) as s:
        (job,) = await s.ask()
        s.signals.notify_queued()
        assert (await s.until(job, JobState.RENDERED)).attempts == 2


async def test_an_engine_that_cannot_evict_a_row_is_tried_again(tmp_path: Path) -> None:
    class Clinging(FakeEngine):
        stuck = True

        def step(self) -> TickResult:
            if self.stuck:
                raise EngineError("the device is lost")
            return super().step()

        def evict(self, row_id: str) -> bool:
            if super().evict(row_id) and self.stuck:
                self.stuck = False
                raise EngineError("the device is lost")
            return True

    async with studio(tmp_path, engine=Clinging(4, step_s=0.001)) as s:
        jobs = await s.ask(count=3)
        for job in jobs:
            assert (await s.until(job, JobState.RENDERED)).attempts == 2


async def test_a_stop_finishes_what_is_nearly_done(tmp_path: Path) -> None:
    async with studio(tmp_path, engine=FakeEngine(2, step_s=0.005), grace_ms=200_000) as s:
        (job,) = await s.ask(steps=30)
        await s.until(job, JobState.RUNNING)
        await s.stop()
        assert (await s.until(job, JobState.RENDERED)).attempts == 1


async def test_a_stop_puts_back_long_jobs_without_counting_the_attempt(
    tmp_path: Path,
) -> None:
    async with studio(tmp_path, engine=FakeEngine(2, step_s=0.05), grace_ms=0) as s:
        (job,) = await s.ask(steps=50)
        await s.until(job, JobState.RUNNING)
        await s.stop()
        assert (await s.until(job, JobState.QUEUED)).attempts == 0


@in_pairs
async def test_each_of_two_engines_draws_the_jobs_that_name_its_model(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        ours = await s.ask(count=4, model=INFO.card_id)
        theirs = await s.ask(count=4, model=OTHER_MODEL)
        for job in (*ours, *theirs):
            assert await card_of(s, job) == job.draw.model


@in_pairs
async def test_a_broken_engine_does_not_stop_the_engine_beside_it(
    tmp_path: Path,
) -> None:
    class Broken(FakeEngine):
        def step(self) -> TickResult:
            raise EngineError("the device is lost")

    async with studio(tmp_path, engine=Broken(4)) as s:
        (lost,) = await s.ask()
        for _ in range(3):
            (job,) = await s.ask(model=OTHER_MODEL)
            assert await card_of(s, job) == OTHER_MODEL
        assert (await s.until(lost, JobState.FAILED)).attempts == 3
        (job,) = await s.ask(model=OTHER_MODEL)
        assert await card_of(s, job) == OTHER_MODEL


@in_pairs
async def test_a_cancelled_job_leaves_whichever_engine_it_is_in(tmp_path: Path) -> None:
    """The signal alone must do it: no lease is renewed and no row ends while the test lasts."""
    engine = FakeEngine(1, step_s=0.02)
    async with studio(tmp_path, engine=engine, lease_ms=100_000_000) as s:
        for model in (INFO.card_id, OTHER_MODEL):
            (job,) = await s.ask(steps=100_000, model=model)
            await s.until(job, JobState.RUNNING)
            s.signals.notify_cancelled(await s.queue.cancel_request(job.request_id, job.user_id, 1))
            # The second engine has room for two, so both places must be free again.
            for after in await s.ask(count=2, steps=2, model=model):
                await s.until(after, JobState.RENDERED)


async def test_a_tick_longer_than_a_lease_costs_no_attempt(tmp_path: Path) -> None:
    async with studio(tmp_path, engine=FakeEngine(2, step_s=0.15), lease_ms=1_500) as s:
        (job,) = await s.ask(steps=4)
        drawn = await s.until(job, JobState.RENDERED, JobState.FAILED)
        assert (drawn.state, drawn.attempts) == (JobState.RENDERED, 1)


async def test_a_job_whose_model_is_gone_ends_with_a_clear_error(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        (job,) = await s.ask(model="gone-1")
        failed = await s.until(job, JobState.FAILED)
        assert (
            failed.error == "The model `gone-1` that you asked for is not here any more. "
            "Please ask again."
        )
        (after,) = await s.ask()
        await s.until(after, JobState.RENDERED)


async def test_a_running_job_finishes_with_the_old_model_before_a_swap(tmp_path: Path) -> None:
    async with studio(tmp_path, engine=FakeEngine(1, step_s=0.005)) as s:
        (begun,) = await s.ask(steps=20)
        await s.until(begun, JobState.RUNNING)
        swapping = asyncio.create_task(s.worker.swap("next-1"))
        await asyncio.sleep(0)
        await swapping
        assert await card_of(s, begun) == INFO.card_id
        assert (await s.until(begun, JobState.RENDERED)).attempts == 1
        cards = [(t.id, t.after) for t in s.transitions if t.subject is Subject.CARD]
        assert cards == [(INFO.card_id, "replaced"), ("next-1", "serving")]
        (after,) = await s.ask(model="next-1")
        assert await card_of(s, after) == "next-1"


@pytest.mark.parametrize("in_company", [OtherEngines.ALONE, OtherEngines.FIRST], indirect=True)
async def test_a_job_that_names_no_model_is_drawn_after_the_swap(tmp_path: Path) -> None:
    async with studio(tmp_path, engine=FakeEngine(1, step_s=0.005)) as s:
        (begun,) = await s.ask(steps=20)
        await s.until(begun, JobState.RUNNING)
        swapping = asyncio.create_task(s.worker.swap("next-1"))
        await asyncio.sleep(0)
        (waiting,) = await s.ask()
        assert await card_of(s, waiting) == "next-1"
        await swapping


async def test_a_swap_waits_until_the_last_picture_is_scored(tmp_path: Path) -> None:
    scored, go_on = threading.Event(), threading.Event()

    class Slow(FakeScorer):
        def score(self, rendered: Rendered) -> Scores:
            scored.set()
            assert go_on.wait(20)
            return super().score(rendered)

    async with studio(tmp_path, scorer=Slow()) as s:
        (job,) = await s.ask()
        await asyncio.to_thread(scored.wait, 20)
        swapping = asyncio.create_task(s.worker.swap("next-1"))
        await asyncio.sleep(0.05)
        assert not swapping.done()
        go_on.set()
        await swapping
        assert await card_of(s, job) == INFO.card_id


async def test_a_model_that_cannot_be_opened_leaves_the_old_one_serving(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        with pytest.raises(EngineError, match="cut short"):
            await s.worker.swap(NO_MODEL)
        (job,) = await s.ask()
        assert await card_of(s, job) == INFO.card_id


async def test_a_swap_overtaken_by_a_stop_says_so(tmp_path: Path) -> None:
    async with studio(tmp_path, engine=FakeEngine(1, step_s=0.02)) as s:
        (job,) = await s.ask(steps=20)
        await s.until(job, JobState.RUNNING)
        swapping = asyncio.create_task(s.worker.swap("next-1"))
        await asyncio.sleep(0)
        await s.stop()
        with pytest.raises(EngineError, match="the model was not changed"):
            await swapping
        with pytest.raises(EngineError, match="the model was not changed"):
            await s.worker.swap("next-1")


async def test_a_swap_does_not_wait_for_a_worker_that_was_cancelled(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        (job,) = await s.ask()
        await s.until(job, JobState.RENDERED)
        s.running.cancel()
        await asyncio.wait([s.running])
        async with asyncio.timeout(5):
            with pytest.raises(EngineError, match="the model was not changed"):
                await s.worker.swap("next-1")


async def test_the_worker_survives_a_swap_whose_caller_was_cancelled(tmp_path: Path) -> None:
    async with studio(tmp_path, engine=FakeEngine(1, step_s=0.01)) as s:
        (job,) = await s.ask(steps=20)
        await s.until(job, JobState.RUNNING)
        swapping = asyncio.create_task(s.worker.swap("next-1"))
        await asyncio.sleep(0.02)
        swapping.cancel()
        await s.until(job, JobState.RENDERED)
        (after,) = await s.ask()
        assert await card_of(s, after) == INFO.card_id
