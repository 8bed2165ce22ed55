from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.domain import ChannelId, Job, MessageId, StorageError
from bot.store.db import Row
from bot.store.gallery import Gallery, PostDebt
from bot.store.privacy import Privacy
from tests.stages.factories import CHANNEL, USER, make_png, make_post, make_released
from tests.stages.stores import LEASE_MS, WORKER, Stores, open_stores


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


def files(root: Path) -> list[Path]:
    return sorted(path for path in (root / "pictures").rglob("*") if path.is_file())


async def running(stores: Stores) -> Job:
    await stores.enqueue()
    job = await stores.claim()
    assert job is not None
    return job


async def keep(stores: Stores, job: Job, data: bytes | None = None) -> bool:
    picture = await stores.gallery.keep(
        make_released(job), data or make_png(job), card_id="tiny-1", owner=WORKER, now_ms=3_000
    )
    return picture is not None


async def test_a_kept_picture_is_stored_under_the_hash_of_its_bytes(
    stores: Stores, tmp_path: Path
) -> None:
    job, picture = await stores.draw()
    data = make_png(job)
    assert picture.sha256 == hashlib.sha256(data).hexdigest()
    assert files(tmp_path) == [stores.gallery.path(picture)]
    assert await stores.gallery.read(picture) == data
    assert await stores.gallery.get(job.id) == picture
    assert await stores.state(job) == "rendered"


async def test_the_picture_of_a_cancelled_job_is_not_kept(stores: Stores, tmp_path: Path) -> None:
    job = await running(stores)
    await stores.queue.cancel_job(job.id, 2_500)
    assert not await keep(stores, job)
    assert files(tmp_path) == []
    assert await stores.rows("pictures") == []


async def test_a_late_worker_does_not_delete_the_next_workers_file(
    stores: Stores, tmp_path: Path
) -> None:
    job = await running(stores)
    await stores.queue.requeue_expired(WORKER, LEASE_MS * 2, 3, 0)
    again = await stores.queue.claim("worker-2", LEASE_MS, LEASE_MS * 3)
    assert again is not None
    kept = await stores.gallery.keep(
        make_released(again), make_png(again), card_id="tiny-1", owner="worker-2", now_ms=4
    )
    assert kept is not None
    # The first worker drew the same bytes; its lease is gone, the file is not.
    assert not await keep(stores, job)
    assert len(files(tmp_path)) == 1
    assert await stores.gallery.read(kept) == make_png(again)


async def test_two_workers_keeping_at_the_same_moment_leave_the_file(
    stores: Stores, tmp_path: Path
) -> None:
    for _ in range(10):
        job = await running(stores)
        await stores.queue.requeue_expired(WORKER, LEASE_MS * 2, 3, 0)
        again = await stores.queue.claim("worker-2", LEASE_MS, LEASE_MS * 3)
        assert again is not None
        released, data = make_released(again), make_png(again)
        late, kept = await asyncio.gather(
            keep(stores, job),
            stores.gallery.keep(released, data, card_id="tiny-1", owner="worker-2", now_ms=4),
        )
        assert kept is not None
        assert not late
        assert await stores.gallery.read(kept) == data
    assert len(files(tmp_path)) == 10


async def test_a_cancelled_keep_waits_for_the_disk(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await running(stores)
    begun, goes_on = threading.Event(), threading.Event()

    def slow(*_: object) -> None:
        begun.set()
        assert goes_on.wait(10)

    monkeypatch.setattr(stores.gallery._files, "write", slow)
    keeping = asyncio.create_task(keep(stores, job))
    assert await asyncio.to_thread(begun.wait, 10)
    keeping.cancel()
    reaping = asyncio.create_task(stores.gallery.reap())
    await stores.rows("doomed_files")
    assert not keeping.done()
    assert not reaping.done(), "nobody else moves files meanwhile"
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert await reaping == 1


async def test_a_full_disk_loses_no_job(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await running(stores)

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="full: free some room"):
        await keep(stores, job)
    monkeypatch.undo()
    assert files(tmp_path) == []
    assert await stores.state(job) == "running"
    assert await keep(stores, job)


async def test_a_read_only_gallery_says_so(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    job = await running(stores)

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "denied")

    monkeypatch.setattr(Path, "mkdir", denied)
    with pytest.raises(StorageError, match="make it writable"):
        await keep(stores, job)


async def test_a_missing_file_is_reported_as_missing(stores: Stores) -> None:
    _, picture = await stores.draw()
    stores.gallery.path(picture).unlink()
    with pytest.raises(StorageError, match="is missing"):
        await stores.gallery.read(picture)


async def test_deleting_a_picture_removes_its_file_and_dooms_its_posts(
    stores: Stores, tmp_path: Path
) -> None:
    job = await stores.deliver(message=1)
    await stores.gallery.add_post(make_post(job.id, message=2))
    await stores.gallery.delete(job.id, 9_000)
    assert [m.message_id for m in await stores.doomed.messages(9)] == [1, 2]
    assert files(tmp_path) == []
    assert await stores.gallery.get(job.id) is None
    assert len(await stores.rows("pictures")) == 1, "votes on it keep their meaning"
    await stores.doomed.record_deleted(MessageId(1), 9_100)
    await stores.gallery.delete(job.id, 9_500)
    assert [m.message_id for m in await stores.doomed.messages(9)] == [2]
    assert [post.message_id for post in await stores.gallery.posts(job.id)] == [2]
    assert (await stores.rows("pictures"))[0]["deleted_ms"] == 9_000


async def test_a_shared_file_stays_until_its_last_picture_is_deleted(
    stores: Stores, tmp_path: Path
) -> None:
    first, second = await running(stores), await running(stores)
    for job in (first, second):
        assert await keep(stores, job, data=b"the same bytes")
    await stores.gallery.delete(first.id, 9_000)
    assert len(files(tmp_path)) == 1
    await stores.gallery.delete(second.id, 9_000)
    assert files(tmp_path) == []


async def test_a_shared_file_is_removed_when_both_its_pictures_go_at_once(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, last = await running(stores), await running(stores)
    for job in (first, last):
        assert await keep(stores, job, data=b"the same bytes")
    fetch_all = stores.db.fetch_all

    async def meddled(sql: str, *arguments: Any) -> list[Row]:
        rows = await fetch_all(sql, *arguments)
        if "doomed_files" in sql:
            monkeypatch.setattr(stores.db, "fetch_all", fetch_all)
            await stores.privacy.forget(USER)
        return rows

    monkeypatch.setattr(stores.db, "fetch_all", meddled)
    await stores.gallery.delete(first.id, 9_000)
    assert await stores.privacy.clean()
    assert files(tmp_path) == []


async def test_a_start_removes_the_files_that_a_crash_left(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, _ = await stores.draw()

    async def crash(_self: Gallery) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Gallery, "reap", crash)
        task = stores.gallery.delete(job.id, 9_000)
        with pytest.raises(KeyboardInterrupt):
            await task
    assert len(files(tmp_path)) == 1
    assert await Gallery(stores.db, tmp_path / "pictures").sweep() == 1
    assert files(tmp_path) == []
    assert await stores.rows("doomed_files") == []


async def test_posts_are_owed_vote_reactions_until_paid_or_deleted(stores: Stores) -> None:
    job = await stores.deliver(message=1, now_ms=3_000)
    show = make_post(job.id, message=2, at_ms=8_000)
    await stores.gallery.add_post(show)
    await stores.gallery.add_post(show)
    assert [
        post.message_id for post in await stores.gallery.posts_with_debt(PostDebt.VOTES, 9)
    ] == [1, 2]
    await stores.gallery.clear_debt(PostDebt.VOTES, MessageId(1))
    assert [
        post.message_id for post in await stores.gallery.posts_with_debt(PostDebt.VOTES, 9)
    ] == [2]
    assert await stores.gallery.post(MessageId(2)) == show
    await stores.gallery.record_deleted_messages([MessageId(2), MessageId(404)], 9_000)
    assert await stores.gallery.post(MessageId(2)) is None
    assert await stores.gallery.posts_with_debt(PostDebt.VOTES, 9) == []
    assert [post.message_id for post in await stores.gallery.posts(job.id)] == [1]


async def test_the_newest_unsettled_post_of_each_channel_comes_first(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    for message, channel in ((2, 7), (3, 8), (4, 7), (5, 9), (6, 9)):
        post = make_post(job.id, message=message, channel=channel, at_ms=10_000 + message)
        await stores.gallery.add_post(post)

    async def owed(limit: int = 9, *, closed: tuple[int, ...] = (), skip: tuple[int, ...] = ()):  # noqa: ANN202
        found = await stores.gallery.posts_with_debt(
            PostDebt.READING,
            limit,
            closed=[ChannelId(c) for c in closed],
            skip_ids=[MessageId(m) for m in skip],
        )
        return [post.message_id for post in found]

    assert await owed() == [6, 4, 3, 1]
    assert await owed(2) == [6, 4]
    assert await owed(closed=(9, 8)) == [4, 1]
    assert await owed(skip=(6, 4, 3)) == [5, 2, 1]
    await stores.gallery.clear_debt(PostDebt.READING, MessageId(6))
    await stores.gallery.record_deleted_messages([MessageId(4)], 9)
    assert await owed() == [5, 3, 2, 1]
    for message in (1, 2, 3, 5):
        await stores.gallery.clear_debt(PostDebt.READING, MessageId(message))
    assert await owed() == []
    await stores.gallery.owe_readings()
    assert await owed() == [6, 3, 2, 1], "every post that still exists"


async def test_waiting_posts_do_not_hide_later_unseeded_ones(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    for message in (2, 3, 4):
        post = make_post(job.id, message=message, channel=7, at_ms=10_000 + message)
        await stores.gallery.add_post(post)
    found = await stores.gallery.posts_with_debt(
        PostDebt.VOTES, 9, closed=[CHANNEL], skip_ids=[MessageId(2)]
    )
    assert [post.message_id for post in found] == [3, 4]


async def test_a_restart_finds_everything_again(tmp_path: Path) -> None:
    async with open_stores(tmp_path) as first:
        job, picture = await first.draw()
    async with open_stores(tmp_path) as second:
        assert await second.gallery.sweep() == 0
        assert await second.gallery.get(job.id) == picture
        assert [post.id for post in await second.outbox.owed_posts(9_000)] == [job.id]
        assert (await Privacy(second.db, second.gallery).summarise(job.user_id)).counts[
            "pictures"
        ] == 1
