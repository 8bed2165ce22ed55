"""One engine and several cards: each job is drawn by the card that it names."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.domain import Job, JobState
from bot.transitions import Subject
from models.contract import EngineError
from tests.stages.factories import OTHER
from tests.stages.fake_engine import INFO, FakeEngine
from tests.stages.studio import (
    NEXT_MODEL,
    NO_MODEL,
    THIRD_MODEL,
    OtherEngines,
    Studio,
    studio,
)

#: The engine that serves new requests; the second one never swaps by itself.
leading = pytest.mark.parametrize(
    "in_company", [OtherEngines.ALONE, OtherEngines.FIRST], indirect=True
)
pytestmark = [leading, pytest.mark.usefixtures("in_company", "impatient")]


async def drawn_by(s: Studio, jobs: Sequence[Job]) -> list[str]:
    """The cards that drew these jobs."""
    found: list[str] = []
    for job in jobs:
        await s.until(job, JobState.RENDERED)
        picture = await s.gallery.get(job.id)
        assert picture is not None
        found.append(picture.card_id)
    return found


def served(s: Studio) -> list[str]:
    """The cards that the engine changed to, in order."""
    return [t.id for t in s.transitions if t.subject is Subject.CARD and t.after == "serving"]


async def until_serving(s: Studio, card_id: str) -> None:
    async with asyncio.timeout(20):
        while not served(s) or served(s)[-1] != card_id:
            await asyncio.sleep(0.005)


async def test_a_job_is_drawn_by_the_card_it_names_whichever_is_loaded(
    tmp_path: Path,
) -> None:
    async with studio(tmp_path) as s:
        jobs = [
            (await s.ask(model=model))[0] for model in (NEXT_MODEL, INFO.card_id, THIRD_MODEL, None)
        ]
        cards = await drawn_by(s, jobs)
        assert cards == [NEXT_MODEL, INFO.card_id, THIRD_MODEL, INFO.card_id]
        assert s.shelf.active.card_id == INFO.card_id, "nobody promoted anything"


async def test_an_idle_engine_goes_back_to_the_active_model(
    tmp_path: Path,
) -> None:
    async with studio(tmp_path) as s:
        await drawn_by(s, await s.ask(model=NEXT_MODEL))
        await until_serving(s, INFO.card_id)
        assert served(s) == [NEXT_MODEL, INFO.card_id]
        changes = [(t.id, t.before, t.after) for t in s.transitions if t.subject is Subject.CARD]
        assert changes == [
            (INFO.card_id, "serving", "replaced"), (NEXT_MODEL, None, "serving"),
            (NEXT_MODEL, "serving", "replaced"), (INFO.card_id, "replaced", "serving"),
        ], "a model that comes back is not new"  # fmt: skip


async def test_the_model_is_not_changed_for_every_job(tmp_path: Path) -> None:
    """Jobs for two models in turn are drawn in two groups and not one by one."""
    async with studio(tmp_path, engine=FakeEngine(1, step_s=0.001), patience_ms=10**9) as s:
        (first,) = await s.ask(steps=100)
        await s.until(first, JobState.RUNNING)
        asked = [(await s.ask(model=model))[0] for model in (INFO.card_id, NEXT_MODEL) * 4]
        await drawn_by(s, asked)
        await until_serving(s, INFO.card_id)
        assert served(s) == [NEXT_MODEL, INFO.card_id]


async def test_jobs_for_another_model_wait_for_a_limited_time(tmp_path: Path) -> None:
    """The loaded model never runs out of jobs, and yet the other one gets its turn."""
    async with studio(tmp_path, engine=FakeEngine(1, step_s=0.005), patience_ms=1_000) as s:
        stream = [(await s.ask(steps=20))[0] for _ in range(30)]
        (other,) = await s.ask(model=NEXT_MODEL, user=OTHER)
        assert set(await drawn_by(s, stream)) == {INFO.card_id}
        assert await drawn_by(s, [other]) == [NEXT_MODEL]
        kept = await s.db.fetch_all("SELECT job_id FROM pictures ORDER BY rowid", {})
        place = [row["job_id"] for row in kept].index(other.id)
        assert 0 < place < len(stream), "neither at once nor after all that could be drawn"


async def test_a_model_that_cannot_be_opened_fails_only_its_own_jobs(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        (lost,) = await s.ask(model=NO_MODEL)
        (good,) = await s.ask()
        assert await drawn_by(s, [good]) == [INFO.card_id]
        failed = await s.until(lost, JobState.FAILED)
        assert failed.error == (
            "I could not load the model `broken` that you asked for. Please ask again, and "
            "tell the operator if it keeps happening."
        )
        assert failed.attempts == 3
        (after,) = await s.ask()
        assert await drawn_by(s, [after]) == [INFO.card_id]


async def test_a_card_gone_from_disk_ends_its_jobs_with_a_clear_error(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        jobs = await s.ask(model="gone-1", count=3)
        for job in jobs:
            failed = await s.until(job, JobState.FAILED)
            assert "`gone-1` that you asked for is not here any more" in (failed.error or "")
        assert served(s) == [], "nothing was opened for them"


async def test_a_promoted_model_draws_new_jobs_and_waiting_jobs_keep_theirs(
    tmp_path: Path,
) -> None:
    async with studio(tmp_path, engine=FakeEngine(1, step_s=0.01), patience_ms=0) as s:
        begun, *waiting = [(await s.ask(model=INFO.card_id, steps=10))[0] for _ in range(3)]
        await s.until(begun, JobState.RUNNING)
        await s.worker.swap(NEXT_MODEL)
        assert s.shelf.active.card_id == NEXT_MODEL
        (nameless,) = await s.ask()
        assert await drawn_by(s, [begun, *waiting]) == [INFO.card_id] * 3
        assert await drawn_by(s, [nameless]) == [NEXT_MODEL]
        await until_serving(s, NEXT_MODEL)


async def test_a_failed_swap_keeps_the_active_model(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        with pytest.raises(EngineError, match="not here"):
            await s.worker.swap("gone-1")
        with pytest.raises(EngineError, match="cut short"):
            await s.worker.swap(NO_MODEL)
        assert s.shelf.active.card_id == INFO.card_id
        assert await drawn_by(s, await s.ask()) == [INFO.card_id]


async def test_a_change_of_models_waits_for_the_last_picture_to_be_kept(tmp_path: Path) -> None:
    """A picture is measured and labelled by the model that drew it, or not at all."""
    async with studio(tmp_path, engine=FakeEngine(2, step_s=0.001)) as s:
        for _ in range(5):
            first, second = (await s.ask())[0], (await s.ask(model=NEXT_MODEL))[0]
            assert await drawn_by(s, [first, second]) == [INFO.card_id, NEXT_MODEL]


async def test_a_forecast_says_when_another_model_must_be_loaded(tmp_path: Path) -> None:
    async with studio(tmp_path, engine=FakeEngine(1, step_s=0.01), patience_ms=10**9) as s:
        (begun,) = await s.ask(steps=60)
        await s.until(begun, JobState.RUNNING)
        (other,) = await s.ask(model=NEXT_MODEL)
        standing = await s.views.standing(other.id)
        assert standing is not None
        assert s.progress.estimate([other.id], [], 0, standing).loads
        await s.until(other, JobState.RENDERED)
        await until_serving(s, INFO.card_id)
