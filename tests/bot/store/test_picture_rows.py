"""A picture made from another is kept only while its source may still be seen."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain import Job, JobState, Picture
from bot.store.consequences import Judgement
from bot.store.decisions import Outcome
from tests.stages.factories import (
    GUILD,
    OTHER,
    SINCE,
    make_admitted,
    make_ask,
    make_held,
    make_png,
    make_released,
)
from tests.stages.moderators import MODERATOR, TEXT
from tests.stages.stores import WORKER, Stores, open_stores

Deed = Callable[[Stores, Job], Awaitable[object]]


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def deleted(stores: Stores, source: Job) -> None:
    await stores.gallery.delete(source.id, 4_000)


async def forgotten(stores: Stores, source: Job) -> None:
    await stores.privacy.forget(source.user_id)


async def held(stores: Stores, source: Job) -> None:
    await stores.db.write_one("UPDATE jobs SET state = 'held' WHERE id = :job", {"job": source.id})


async def judge(stores: Stores, source: Job, outcome: Outcome) -> None:
    await stores.reviews.file_report(source.id, MODERATOR, "no", 4_000, since_id=SINCE)
    (case,) = await stores.reviews.open_cases(GUILD, 9)
    await stores.reviews.decide(
        case.id, Judgement(outcome=outcome, actor_id=MODERATOR, at_ms=5_000, removal_text=TEXT)
    )


async def removed(stores: Stores, source: Job) -> None:
    await judge(stores, source, Outcome.REMOVE)


async def begun(stores: Stores, source: Job, **how: object) -> Job:
    """A running job of another member that makes a picture from `source`."""
    ask = make_ask(user=OTHER)
    draw = replace(ask.draw, source=source.id, **how)  # type: ignore[arg-type]  its own fields
    await stores.enqueue(make_admitted(replace(ask, draw=draw)))
    job = await stores.claim()
    assert job is not None
    return job


async def kept(stores: Stores, job: Job, *, hold: bool = False) -> Picture | None:
    verdict = make_held(job) if hold else make_released(job)
    return await stores.gallery.keep(
        verdict, make_png(job), card_id="tiny-1", owner=WORKER, now_ms=6_000
    )


@pytest.mark.parametrize("hold", [False, True])
@pytest.mark.parametrize("how", [{"enlarged": True}, {"strength": 0.5}])
@pytest.mark.parametrize(
    ("deed", "state", "told"),
    [
        (deleted, JobState.FAILED, "is gone"),
        (forgotten, JobState.FAILED, "is gone"),
        (held, JobState.FAILED, "is gone"),
        (removed, JobState.WITHHELD, "removed this very picture"),
    ],
)
async def test_a_derived_picture_is_dropped_if_its_source_goes_meanwhile(
    stores: Stores, deed: Deed, state: JobState, told: str, how: dict[str, object], *, hold: bool
) -> None:
    source = await stores.deliver(message=1)
    job = await begun(stores, source, **how)
    await deed(stores, source)
    assert await kept(stores, job, hold=hold) is None
    ended = await stores.views.get(job.id)
    assert ended is not None
    if how.get("enlarged") or deed is not removed:
        assert (ended.state, told in (ended.error or "")) == (state, True)
    else:
        assert (ended.state, "should start from" in (ended.error or "")) == (JobState.FAILED, True)
    assert await stores.rows("doomed_files") == []
    assert [case.job_id for case in await stores.reviews.open_cases(GUILD, 9)] == []


async def test_a_derived_picture_is_kept_if_its_source_stays(stores: Stores) -> None:
    source = await stores.deliver(message=1)
    assert await kept(stores, await begun(stores, source, enlarged=True)) is not None
    assert await kept(stores, await begun(stores, source, strength=0.5)) is not None


async def test_a_lost_source_does_not_end_another_workers_job(stores: Stores) -> None:
    source = await stores.deliver(message=1)
    job = await begun(stores, source, enlarged=True)
    await deleted(stores, source)
    lost = await stores.gallery.keep(
        make_released(job), make_png(job), card_id="tiny-1", owner="another", now_ms=6_000
    )
    assert lost is None
    assert await stores.state(job) == JobState.RUNNING
