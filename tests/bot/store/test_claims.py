"""Who may claim which jobs: an engine's share, and what a dead process left behind."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain import JobState
from bot.store.db import Database
from bot.store.queue import EVERY_JOB, Share
from tests.stages.factories import OTHER, make_admitted, make_ask
from tests.stages.stores import LEASE_MS, WORKER, Stores, open_stores


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def test_a_start_ends_every_lease_and_pause_whatever_the_clock_says(
    stores: Stores,
) -> None:
    now_ms, day_ms = 1_800_000_000_000, 24 * 3_600_000
    drawn, _ = await stores.draw()
    drawing, paused, spent = [
        (await stores.enqueue(make_admitted(make_ask())))[0] for _ in range(3)
    ]
    for job in (drawing, paused, spent):
        assert await stores.claim(now_ms=now_ms), job
    await stores.queue.requeue(WORKER, [paused.id], now_ms, pause_ms=day_ms)
    await stores.db.write_one(
        "UPDATE jobs SET not_before_ms = :later WHERE id = :id",
        {"id": drawn.id, "later": now_ms + day_ms},
    )
    await stores.db.write_one("UPDATE jobs SET attempts = 3 WHERE id = :id", {"id": spent.id})
    earlier_ms = now_ms - day_ms
    assert await stores.queue.requeue_orphaned("new", earlier_ms, 3) == ([drawing.id], [spent.id])
    assert [post.id for post in await stores.outbox.owed_posts(earlier_ms)] == [drawn.id]
    claimed = [await stores.claim(now_ms=earlier_ms) for _ in range(3)]
    assert {job.id for job in claimed if job} == {drawing.id, paused.id}
    ended = await stores.views.get(spent.id)
    assert ended is not None
    assert (ended.state, ended.error) == (
        JobState.FAILED,
        "Drawing it was interrupted too often, so I gave it up.",
    )


async def test_a_start_with_nothing_left_over_writes_nothing(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bot must start on a full disk too."""
    await stores.enqueue(make_admitted(make_ask()))
    await stores.draw(user=OTHER)

    def write(_self: Database) -> None:
        raise AssertionError

    monkeypatch.setattr(Database, "write", write)
    assert await stores.queue.requeue_orphaned("new", 9_000, 3) == ([], [])


async def test_a_start_takes_no_job_from_another_worker_of_its_process(stores: Stores) -> None:
    (job,) = await stores.enqueue(make_admitted(make_ask()))
    assert await stores.queue.claim("p/1", LEASE_MS, 1_000)
    assert await stores.queue.requeue_orphaned("p", 9_000, 3) == ([], [])
    assert await stores.queue.requeue_orphaned("another", 9_000, 3) == ([job.id], [])


async def test_only_its_owner_takes_back_an_expired_lease(stores: Stores) -> None:
    """The engine beside it may be in the middle of a long tick, and cannot renew."""
    (job,) = await stores.enqueue(make_admitted(make_ask()))
    assert await stores.queue.claim("p/1", LEASE_MS, 0)
    assert await stores.queue.requeue_expired("p/0", LEASE_MS, 3, 0) == ([], [])
    assert await stores.queue.requeue_expired("p/1", LEASE_MS, 3, 0) == ([job.id], [])


async def test_an_engine_claims_only_the_jobs_in_its_share(stores: Stores) -> None:
    draws = {name: replace(make_ask().draw, model=name) for name in ("a", "b", None)}
    jobs = {
        name: (await stores.enqueue(make_admitted(replace(make_ask(), draw=draw))))[0].id
        for name, draw in draws.items()
    }

    async def claimed(share: Share) -> list[str | None]:
        taken: list[str | None] = []
        while job := await stores.queue.claim(WORKER, LEASE_MS, 1_000, share):
            assert job.id == jobs[job.draw.model]
            taken.append(job.draw.model)
        await stores.queue.requeue(WORKER, list(jobs.values()), 0)
        return taken

    assert await claimed(Share(models=("a",), excluded=False)) == ["a"]
    assert await claimed(Share(models=("a", "b"), excluded=False)) == ["a", "b"]
    assert await claimed(Share(models=("a",), excluded=True)) == ["b", None]
    assert await claimed(Share(models=(), excluded=False)) == []
    assert await claimed(EVERY_JOB) == ["a", "b", None]


async def test_a_job_that_names_no_model_goes_to_the_active_one(stores: Stores) -> None:
    def share(*models: str) -> Share:
        return Share(models=models, excluded=False, unnamed="a")

    (job,) = await stores.enqueue(make_admitted(make_ask()))
    assert await stores.queue.next_card(2_000, share("b")) is None
    assert await stores.queue.claim(WORKER, LEASE_MS, 2_000, share("b")) is None
    assert await stores.queue.next_card(2_000, share("a")) == "a"
    claimed = await stores.queue.claim(WORKER, LEASE_MS, 2_000, share("a"))
    assert claimed is not None
    assert claimed.id == job.id
    assert await stores.queue.next_card(2_000, Share(unnamed="a")) is None, "nothing waits"


async def test_an_unreadable_draw_names_no_model(stores: Stores) -> None:
    (job,) = await stores.enqueue(make_admitted(make_ask()))
    await stores.db.write_one("UPDATE jobs SET draw = '{' WHERE id = :id", {"id": job.id})
    (row,) = await stores.rows("jobs")
    assert row["model"] is None
