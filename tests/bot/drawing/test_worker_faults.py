"""The disk fails at any statement of a job's life: the worker survives, and the job ends once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.domain import BotError, Job, JobState
from bot.store.db import Database
from bot.store.picture_files import PictureFiles
from tests.stages.factories import make_post
from tests.stages.fake_engine import POISON, FakeEngine
from tests.stages.sick_disk import (
    DISK_ERRORS,
    FailingConnection,
    make_reader_fail,
    make_writer_fail,
)
from tests.stages.studio import OtherEngines, Studio, studio

#: The most statements that either connection runs in `live`.
WRITES, READS = 38, 12


pytestmark = pytest.mark.usefixtures("in_company", "impatient")


async def deliver(s: Studio, job: Job) -> None:
    """Run the delivery, retrying what failed."""
    async with asyncio.timeout(20):
        while True:
            try:
                posting = await s.outbox.begin_posting(job.owed_post_id, s.now_ms())
                if posting is not None and not posting.is_first:
                    await s.outbox.record_delivery(
                        job.owed_post_id, make_post(job.id, message=77), s.now_ms()
                    )
                    return
            except BotError:
                await asyncio.sleep(0.001)


async def live(s: Studio) -> tuple[Job, Job]:
    """A job that is drawn, kept and posted, and one that fails after its attempts."""
    (good,) = await s.ask()
    (bad,) = await s.ask(prompt=POISON)
    return good, bad


async def check(s: Studio, good: Job, bad: Job) -> None:
    """Check that everything is right in the end, whatever failed once."""
    async with asyncio.timeout(30):
        while True:
            try:
                found = [await s.views.get(job.id) for job in (good, bad)]
            except BotError:
                continue
            if [job and job.state for job in found] == [JobState.RENDERED, JobState.FAILED]:
                break
            assert not s.running.done(), "the worker survives"
            await asyncio.sleep(0.005)
    await deliver(s, good)
    picture = await s.gallery.get(good.id)
    assert picture is not None
    assert (await s.gallery.read(picture)).startswith(b"\x89PNG")
    rows = await s.db.fetch_all("SELECT message_id FROM posts")
    assert [row["message_id"] for row in rows] == [77]
    assert not s.running.done()


#: Each connection of the database, and how to make its statements fail.
CONNECTIONS = {"write": (make_writer_fail, WRITES), "read": (make_reader_fail, READS)}


@pytest.mark.parametrize("in_company", [OtherEngines.ALONE, OtherEngines.SECOND], indirect=True)
@pytest.mark.parametrize("code", DISK_ERRORS.values(), ids=DISK_ERRORS)
@pytest.mark.parametrize(
    ("sicken", "number"),
    [
        pytest.param(sicken, number, id=f"{name}-{number}")
        for name, (sicken, count) in CONNECTIONS.items()
        for number in range(count)
    ],
)
async def test_a_statement_failing_anywhere_in_a_jobs_life_ends_nothing(
    tmp_path: Path, sicken: Callable[[Database], FailingConnection], number: int, code: int
) -> None:
    async with studio(tmp_path, speed=400) as s:
        jobs = await live(s)
        sick = sicken(s.db)
        sick.error_code_at = lambda at, _sql: code if at == number else 0
        await check(s, *jobs)


@pytest.mark.parametrize("in_company", [OtherEngines.ALONE], indirect=True)
async def test_the_faults_above_cover_every_kind_of_statement_of_a_job(
    tmp_path: Path,
) -> None:
    async with studio(tmp_path, speed=400) as s:
        jobs = await live(s)
        writes, reads = make_writer_fail(s.db), make_reader_fail(s.db)
        await check(s, *jobs)
    made = statements(writes, WRITES)
    for part in (
        "BEGIN", "COMMIT", "state = 'running'", "state = 'rendered'", "INSERT INTO pictures",
        "state = :state", "attempts - :refund", "posting_ms = :now", "INSERT INTO posts",
        "state = 'delivered'",
    ):  # fmt: skip
        assert part in made, part
    assert "FROM turns" in statements(reads, READS)


def statements(sick: FailingConnection, most: int) -> str:
    return "\n".join(sick.statements[:most])


@pytest.mark.parametrize("code", DISK_ERRORS.values(), ids=DISK_ERRORS)
async def test_a_disk_that_fails_for_a_while_only_delays_jobs(tmp_path: Path, code: int) -> None:
    """Nothing at all is written meanwhile; then everything goes on."""
    async with studio(tmp_path, speed=100) as s:
        (drawing,) = await s.ask(steps=50)
        await s.until(drawing, JobState.RUNNING)
        sick = make_writer_fail(s.db)
        sick.error_code_at = lambda _at, _sql: code
        async with asyncio.timeout(20):
            while not sick.statements:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)
        assert not s.running.done()
        with pytest.raises(BotError):
            await s.ask()
        sick.error_code_at = lambda _at, _sql: 0
        (after,) = await s.ask()
        for job in (drawing, after):
            await s.until(job, JobState.RENDERED)


async def test_a_lease_is_renewed_as_long_as_its_picture_is_being_drawn(tmp_path: Path) -> None:
    """Drawing takes many leases; without renewal the job would seem to be a dead worker's."""
    async with studio(tmp_path, engine=FakeEngine(2, step_s=0.02), lease_ms=4_000) as s:
        (job,) = await s.ask(steps=40)
        drawn = await s.until(job, JobState.RENDERED, JobState.FAILED)
        assert (drawn.state, drawn.attempts) == (JobState.RENDERED, 1)


async def test_a_row_no_longer_ours_leaves_the_engine_even_without_a_signal(
    tmp_path: Path,
) -> None:
    async with studio(tmp_path, engine=FakeEngine(2, step_s=0.02), lease_ms=4_000) as s:
        (job,) = await s.ask(steps=100)
        await s.until(job, JobState.RUNNING)
        assert await s.queue.cancel_job(job.id, s.now_ms())
        async with asyncio.timeout(1):
            while s.engine._rows:
                await asyncio.sleep(0.01)


async def test_a_lease_is_renewed_while_its_picture_is_being_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, go_on = hold_the_disk(monkeypatch)
    async with studio(tmp_path, lease_ms=4_000) as s:
        (job,) = await s.ask()
        await writing.wait()
        # Three leases of a slow disk.
        until_ms = s.now_ms() + 12_000
        while s.now_ms() < until_ms:
            await asyncio.sleep(0.02)
        go_on.set()
        assert (await s.until(job, JobState.RENDERED)).attempts == 1


async def test_a_cancelled_worker_first_keeps_the_picture_it_drew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, go_on = hold_the_disk(monkeypatch)
    async with studio(tmp_path) as s:
        (job,) = await s.ask()
        await writing.wait()
        s.running.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
        assert not s.running.done()
        go_on.set()
        await asyncio.wait([s.running])
        found = await s.views.get(job.id)
        assert found is not None
        assert found.state is JobState.RENDERED, "before the worker is gone"
        assert await s.gallery.get(job.id) is not None


def hold_the_disk(monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, threading.Event]:
    """Slow picture files down: the first event is set when one is begun, the second lets it end."""
    writing, go_on = asyncio.Event(), threading.Event()
    loop, write = asyncio.get_running_loop(), PictureFiles.write

    def slowly(self: PictureFiles, sha256: str, data: bytes) -> None:
        loop.call_soon_threadsafe(writing.set)
        assert go_on.wait(20)
        write(self, sha256, data)

    monkeypatch.setattr(PictureFiles, "write", slowly)
    return writing, go_on
