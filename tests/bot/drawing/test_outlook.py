"""The line of waiting jobs has the order of the claims, and is shared by concurrent forecasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain import JobState
from bot.drawing.outlook import Outlook
from bot.drawing.progress import ProgressBoard
from bot.store.views import JobViews, Work
from models.contract import StepReport
from tests.stages.factories import OTHER, USER, make_admitted, make_ask
from tests.stages.stores import Stores, open_stores


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def test_the_line_has_the_order_of_the_claims(stores: Stores) -> None:
    for user, count in ((USER, 3), (OTHER, 2), (9, 1), (USER, 2)):
        await stores.enqueue(make_admitted(make_ask(user=user, count=count)))
    await stores.claim()
    foreseen = [work.job_id for work in await stores.views.waiting_work()]
    claimed = [job.id for job in [await stores.claim() for _ in foreseen] if job is not None]
    assert foreseen == claimed
    assert await stores.views.waiting_work() == []


async def test_a_variation_counts_its_share_of_steps_and_odd_jobs_are_skipped(
    stores: Stores,
) -> None:
    ask = make_ask()
    varied = replace(ask.draw, steps=20, source="0000000001", strength=0.4)
    await stores.enqueue(make_admitted(replace(ask, draw=varied)))
    (odd,) = await stores.enqueue(make_admitted(make_ask(user=OTHER)))
    await stores.db.write_one("UPDATE jobs SET draw = 'no' WHERE id = :id", {"id": odd.id})
    assert [work.steps_left for work in await stores.views.waiting_work()] == [8]


def made(views: JobViews, seconds: list[float], board: ProgressBoard | None = None) -> Outlook:
    return Outlook(
        views, board or ProgressBoard(), clock=lambda: 10**9, elapsed_s=lambda: seconds[0]
    )


class Counted(JobViews):
    """Counts how often the line is read."""

    readings = 0

    async def waiting_work(self) -> list[Work]:
        self.readings += 1
        return await super().waiting_work()


async def test_concurrent_forecasts_read_the_line_once(stores: Stores) -> None:
    seconds, views = [0.0], Counted(stores.db)
    outlook = made(views, seconds)
    jobs = [
        *await stores.enqueue(make_admitted(make_ask(user=USER, count=3))),
        *await stores.enqueue(make_admitted(make_ask(user=OTHER, count=2))),
    ]

    async def all_ask() -> int:
        await asyncio.gather(*(outlook.estimate([job]) for job in jobs))
        return views.readings

    assert [await all_ask(), await all_ask()] == [1, 1]
    seconds[0] = 1.0
    assert await all_ask() == 2, "the line is out of date"
    jobs += await stores.enqueue(make_admitted(make_ask(user=9, count=4)))
    assert await all_ask() == 3, "some of them are not in it"
    await stores.claim()
    assert await all_ask() == 3
    outlook.forget()
    assert not outlook._line
    assert await all_ask() > 3, "the line is read again"


async def test_a_claimed_job_counts_as_last_until_the_engine_has_it(
    stores: Stores,
) -> None:
    board, seconds = ProgressBoard(), [0.0]
    outlook = made(stores.views, seconds, board)
    (job,) = await stores.enqueue()
    assert (await outlook.estimate([job])).eta_ms is None
    board.record_model("one", 1)
    board.record_start(job, 0)
    board.record_tick([StepReport(row_id=job.id, step=1, steps=4)], (), 100)
    board.record_end(job.id, 100, drawn=False)
    (late,) = await stores.enqueue(make_admitted(make_ask(user=OTHER)))
    first, second = [await outlook.estimate([one]) for one in (job, late)]
    assert first.eta_ms == pytest.approx(400, rel=0.02)
    assert second.eta_ms == pytest.approx(800, rel=0.02)
    assert await stores.claim() is not None
    seconds[0] = 1.0
    # Claimed, and not in the engine yet.
    assert (await outlook.estimate([job])).eta_ms == pytest.approx(800, rel=0.02)
    board.record_start(job, 200)
    assert (await outlook.estimate([job])).eta_ms == pytest.approx(400, rel=0.02)
    seconds[0] = 2.0
    board.record_end(job.id, 200, drawn=False)
    assert (await outlook.estimate([late])).eta_ms == pytest.approx(400, rel=0.02), "read again"


async def test_an_ended_job_has_no_forecast(stores: Stores) -> None:
    outlook = made(stores.views, [0.0])
    (job,) = await stores.enqueue()
    assert (await outlook.estimate([replace(job, state=JobState.DELIVERED)])).eta_ms is None
