"""Every change of state is reported once, after its commit, whoever made it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain import BotError, JobId, MessageId
from bot.store.decisions import Outcome
from bot.transitions import Subject, Transition
from tests.stages.factories import OTHER, USER, make_admitted, make_ask, make_post
from tests.stages.moderators import decide, make_judgement
from tests.stages.sick_disk import FULL, make_writer_fail
from tests.stages.stores import LEASE_MS, WORKER, Stores, open_stores


class Ear:
    """Remembers the reported changes until it is asked for them."""

    def __init__(self) -> None:
        self._told: list[Transition] = []

    def __call__(self, transition: Transition) -> None:
        self._told.append(transition)

    def of(self, subject: Subject) -> list[tuple[str, str | None, str | None, str]]:
        """The reports of this kind since the last call; the rest is dropped."""
        told, self._told = self._told, []
        return [(t.id, t.before, t.after, t.why) for t in told if t.subject is subject]


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest_asyncio.fixture
async def stores(tmp_path: Path, ear: Ear) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path, ear) as opened:
        yield opened


async def test_every_step_of_a_jobs_life_is_reported(stores: Stores, ear: Ear) -> None:
    job = await stores.deliver(message=77)
    assert ear.of(Subject.JOB) == [
        (job.id, None, "queued", ""),
        (job.id, "queued", "running", "attempt 1"),
        (job.id, "running", "rendered", ""),
        (job.id, "rendered", "delivered", ""),
    ]


async def test_changes_of_requests_and_posts_are_reported_too(stores: Stores, ear: Ear) -> None:
    job = await stores.deliver(message=77)
    await stores.views.close_status(job.request_id)
    await stores.views.close_status(job.request_id)
    assert ear.of(Subject.REQUEST) == [
        (job.request_id, None, "open", ""),
        (job.request_id, "open", "closed", ""),
    ]
    await stores.gallery.add_post(make_post(job.id, message=78))
    await stores.gallery.add_post(make_post(job.id, message=78))
    await stores.gallery.record_deleted_messages([MessageId(77), MessageId(1)], 9_000)
    await stores.doomed.record_deleted(MessageId(77), 9_001)
    assert ear.of(Subject.POST) == [
        ("78", None, "posted", ""),
        ("77", "posted", "deleted", ""),
    ]


async def test_each_change_is_reported_with_its_reason(stores: Stores, ear: Ear) -> None:
    jobs = [job for _ in range(4) for job in await stores.enqueue()]
    for _ in jobs:
        assert await stores.claim()
    ear.of(Subject.JOB)
    back, failed, held, dead = (job.id for job in jobs)
    await stores.queue.requeue(WORKER, [back], 3_000, why="the engine failed")
    await stores.queue.fail(WORKER, failed, "It came out as noise.", 3_000)
    await stores.queue.withhold(WORKER, held, "It shows what may not be shown.", 3_000)
    await stores.queue.requeue_orphaned("new", 3_000, 3)
    assert ear.of(Subject.JOB) == [
        (back, "running", "queued", "the engine failed"),
        (failed, "running", "failed", "It came out as noise."),
        (held, "running", "withheld", "by policy"),
        (dead, "running", "queued", "its process died"),
    ]


async def test_an_expired_lease_and_a_cancelled_job_are_reported(stores: Stores, ear: Ear) -> None:
    (first,), (second,) = await stores.enqueue(), await stores.enqueue()
    assert await stores.claim(now_ms=0)
    ear.of(Subject.JOB)
    await stores.queue.requeue_expired(WORKER, LEASE_MS, 1, 0)
    assert await stores.queue.cancel_job(second.id, 9_000)
    assert ear.of(Subject.JOB) == [
        (first.id, "running", "failed", "its lease expired"),
        (second.id, "queued", "cancelled", ""),
    ]


async def test_statements_that_change_nothing_are_not_reported(stores: Stores, ear: Ear) -> None:
    (job,) = await stores.enqueue()
    assert await stores.claim()
    ear.of(Subject.JOB)
    await stores.queue.fail("another", job.id, "It is not its job.", 3_000)
    await stores.queue.renew(WORKER, [job.id], LEASE_MS, 3_000)
    await stores.queue.fail(WORKER, JobId("none"), "There is no such job.", 3_000)
    await stores.db.write_one("UPDATE jobs SET state = state")
    assert not await stores.outbox.record_delivery(job.owed_post_id, make_post(job.id), 4_000)
    assert ear.of(Subject.JOB) == []


async def test_forgetting_a_member_reports_the_last_state_of_each_row(
    stores: Stores, ear: Ear
) -> None:
    shown = await stores.deliver(message=77)
    (waiting,) = await stores.enqueue(make_admitted(make_ask(user=USER)))
    await stores.enqueue(make_admitted(make_ask(user=OTHER)))
    ear.of(Subject.JOB)
    await stores.privacy.forget(USER)
    assert sorted(ear.of(Subject.JOB)) == sorted([
        (shown.id, "delivered", None, ""),
        (waiting.id, "queued", None, ""),
    ])  # fmt: skip
    (job,) = await stores.enqueue(make_admitted(make_ask(user=USER)))
    await stores.privacy.forget(USER)
    assert ear.of(Subject.REQUEST) == [
        (job.request_id, None, "open", ""),
        (job.request_id, "open", None, ""),
    ]
    posted = await stores.deliver(message=78, user=OTHER + 1)
    ear.of(Subject.POST)
    await stores.privacy.forget(posted.user_id)
    assert ear.of(Subject.POST) == [("78", "posted", None, "")]


async def undone(stores: Stores) -> None:
    async with stores.db.write() as tx:
        await tx.execute("UPDATE jobs SET state = 'failed'")
        raise ZeroDivisionError


async def test_a_change_that_is_rolled_back_is_never_reported(stores: Stores, ear: Ear) -> None:
    (job,) = await stores.enqueue()
    ear.of(Subject.JOB)
    with pytest.raises(ZeroDivisionError):
        await undone(stores)
    with pytest.raises(sqlite3.IntegrityError):
        # The second row breaks a constraint, so the first is undone with it.
        await stores.db.write_one(
            "INSERT INTO jobs (id, request_id, owed_post_id, user_id, guild_id, channel_id, draw,"
            " rating, state, created_ms) SELECT jobs.id || value, request_id, owed_post_id,"
            " user_id, guild_id, channel_id, draw, iif(value = 2, 'none', rating), state,"
            " created_ms FROM jobs, json_each('[1, 2]')"
        )
    await stores.db.write_one("UPDATE jobs SET not_before_ms = 0")
    assert ear.of(Subject.JOB) == []
    sick = make_writer_fail(stores.db)
    sick.error_code_at = lambda _number, sql: FULL if sql == "COMMIT" else 0
    with pytest.raises(BotError):
        await stores.enqueue()
    sick.error_code_at = lambda _number, _sql: 0
    assert await stores.claim()
    assert ear.of(Subject.JOB) == [(job.id, "queued", "running", "attempt 1")]


#: Keeps the writer's thread busy for a moment.
SLOW = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)"
    " SELECT count(*) FROM n"
)


async def cancelled_at_work(stores: Stores, sql: str) -> None:
    """A statement whose caller is cancelled while it waits for the writer's thread."""
    busy = asyncio.ensure_future(stores.db._writer.execute_fetchall(SLOW))
    writing: asyncio.Task[object] = asyncio.create_task(stores.db.write_one(sql))
    await asyncio.sleep(0.01)
    writing.cancel()
    await asyncio.wait([writing, busy])
    assert writing.cancelled()


async def test_a_change_is_reported_even_if_its_caller_was_cancelled(
    stores: Stores, ear: Ear
) -> None:
    (job,) = await stores.enqueue()
    ear.of(Subject.JOB)
    await cancelled_at_work(stores, "UPDATE jobs SET state = 'failed'")
    assert await stores.state(job) == "failed"
    assert ear.of(Subject.JOB) == [(job.id, "queued", "failed", "")]


async def test_a_failed_change_of_a_cancelled_caller_is_not_reported(
    stores: Stores, ear: Ear
) -> None:
    (job,) = await stores.enqueue()
    ear.of(Subject.JOB)
    await cancelled_at_work(stores, "UPDATE jobs SET state = 'none'")
    assert await stores.state(job) == "queued"
    assert ear.of(Subject.JOB) == []


async def test_a_cancelled_transaction_is_reported_only_if_it_committed(
    stores: Stores, ear: Ear
) -> None:
    outcomes: set[bool] = set()
    for ticks in range(60):
        asking = asyncio.create_task(stores.enqueue(now_ms=ticks))
        for _ in range(ticks):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        # The group that commits for all of its callers may still be at it.
        await stores.enqueue(now_ms=-1)
        rows = {str(row["id"]) for row in await stores.rows("jobs") if row["created_ms"] == ticks}
        told = {id_ for id_, _, _, _ in ear.of(Subject.JOB)}
        assert rows <= told
        assert len(told) == len(rows) + 1
        outcomes.add(bool(rows))
    assert outcomes == {True, False}, "otherwise this proves nothing"


async def test_every_step_of_a_cases_life_is_reported(stores: Stores, ear: Ear) -> None:
    _, approved = await stores.hold()
    assert ear.of(Subject.CASE) == [(approved.id, None, "open", "held")]
    await decide(stores, approved, Outcome.APPROVE)
    assert await stores.reviews.decide(approved.id, make_judgement(Outcome.REMOVE))
    assert ear.of(Subject.CASE) == [(approved.id, "open", "approve", "")]
    await stores.gallery.delete(JobId(str(approved.job_id)), 9_500)
    assert ear.of(Subject.CASE) == [], "it was decided before its picture went"
    _, lapsed = await stores.hold()
    ear.of(Subject.CASE)
    await stores.reviews.expire(9_999, "Nobody looked.", 9_999)
    assert ear.of(Subject.CASE) == [(lapsed.id, "open", "lapse", "nobody decided in time")]
    await stores.privacy.forget(USER)
    assert sorted(ear.of(Subject.CASE)) == sorted([
        (approved.id, "approve", None, ""),
        (lapsed.id, "lapse", None, ""),
    ])  # fmt: skip
