from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.ballot import VoteEmoji
from bot.domain import Job, JobState
from bot.store import outbox
from bot.store.decisions import Outcome
from bot.store.doomed import Hunt
from bot.store.gallery import PostDebt
from bot.store.guilds import Guilds
from bot.store.job_rows import UNREADABLE_JOB
from bot.store.outbox import Posting
from tests.stages.factories import (
    CHANNEL,
    GUILD,
    SINCE,
    USER,
    make_admitted,
    make_ask,
    make_held,
    make_png,
    make_post,
    make_released,
)
from tests.stages.moderators import decide
from tests.stages.stores import WORKER, Stores, open_stores


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def test_a_drawn_picture_is_owed_until_it_is_posted(stores: Stores) -> None:
    job, _ = await stores.draw()
    assert [post.id for post in await stores.outbox.owed_posts(5_000)] == [job.id]
    post = make_post(job.id)
    assert await stores.outbox.record_delivery(job.owed_post_id, post, 5_001)
    assert await stores.outbox.owed_posts(5_000) == []
    assert await stores.state(job) == "delivered"
    assert await stores.gallery.posts(job.id) == [post]


async def test_owed_posts_come_in_the_order_asked_and_skip_closed_channels(
    stores: Stores,
) -> None:
    here = [(await stores.draw())[0].id for _ in range(3)]
    there = (await stores.draw())[0].id
    await stores.db.write_one("UPDATE jobs SET channel_id = 9 WHERE id = :id", {"id": there})
    assert [post.id for post in await stores.outbox.owed_posts(5_000, limit=2)] == here[:2]
    assert [post.id for post in await stores.outbox.owed_posts(5_000)] == [*here, there]
    assert [post.id for post in await stores.outbox.owed_posts(5_000, [CHANNEL], 2)] == [there]


async def test_finding_owed_posts_scans_no_other_jobs(stores: Stores) -> None:
    plan = await stores.db.fetch_all(
        f"EXPLAIN QUERY PLAN {outbox._OWED_JOBS}", {"closed": "[]", "nor": "[]", "limit": 8}
    )
    scans = {str(row["detail"]) for row in plan if row["detail"].startswith("SCAN")}
    lists = {step for step in scans if "json_each" in step}
    assert scans - lists == {"SCAN drawn USING INDEX jobs_rendered"}


async def test_reporting_a_delivery_twice_changes_nothing(stores: Stores) -> None:
    job, _ = await stores.draw()
    post = make_post(job.id, message=1)
    assert await stores.outbox.record_delivery(job.owed_post_id, post, 5_000)
    before = await stores.rows("posts"), await stores.rows("jobs")
    assert await stores.outbox.record_delivery(job.owed_post_id, post, 6_000)
    assert (await stores.rows("posts"), await stores.rows("jobs")) == before


async def test_a_second_message_is_not_the_delivery(stores: Stores) -> None:
    job, _ = await stores.draw()
    assert await stores.outbox.record_delivery(
        job.owed_post_id, make_post(job.id, message=1), 5_000
    )
    assert not await stores.outbox.record_delivery(
        job.owed_post_id, make_post(job.id, message=2), 5_001
    )
    assert [post.message_id for post in await stores.gallery.posts(job.id)] == [1]
    assert [gone.message_id for gone in await stores.doomed.messages(9)] == [2]


async def test_a_picture_deleted_before_posting_is_no_longer_owed(stores: Stores) -> None:
    job, _ = await stores.draw()
    await stores.gallery.delete(job.id, 4_000)
    assert await stores.outbox.owed_posts(5_000) == []
    assert await stores.doomed.hunts(9) == [], "no try was begun, so there is nothing to look for"
    assert not await stores.outbox.record_delivery(job.owed_post_id, make_post(job.id), 5_000)
    assert await stores.state(job) == "cancelled"


async def test_a_forgotten_members_picture_is_no_longer_owed(stores: Stores) -> None:
    job, _ = await stores.draw()
    await stores.privacy.forget(USER)
    post = make_post(job.id)
    assert not await stores.outbox.record_delivery(job.owed_post_id, post, 5_000)
    assert await stores.rows("posts") == []
    assert [gone.message_id for gone in await stores.doomed.messages(9)] == [post.message_id], (
        "its message goes, also if the process dies now"
    )


async def test_a_first_posting_attempt_is_remembered(stores: Stores) -> None:
    job, _ = await stores.draw()
    first, again = (Posting(since_id=SINCE, is_first=is_first) for is_first in (True, False))
    assert await stores.outbox.begin_posting(job.owed_post_id, 5_000) == first
    assert await stores.outbox.begin_posting(job.owed_post_id, 6_000) == again
    assert await stores.outbox.begin_posting(job.owed_post_id, 7_000) == again


async def test_no_posting_begins_for_a_post_that_is_no_longer_owed(stores: Stores) -> None:
    (deleted, _), (forgotten, _) = await stores.draw(seed=1), await stores.draw(seed=2)
    await stores.gallery.delete(deleted.id, 4_000)
    assert await stores.outbox.begin_posting(deleted.owed_post_id, 5_000) is None
    assert {row["posting_ms"] for row in await stores.rows("owed_posts")} == {None}, (
        "otherwise it would be hunted in vain"
    )
    await stores.privacy.forget(USER)
    assert await stores.outbox.begin_posting(forgotten.owed_post_id, 5_000) is None


async def test_giving_up_a_delivery_keeps_the_picture(stores: Stores) -> None:
    job, picture = await stores.draw()
    await stores.outbox.fail_delivery({job.id: "The channel is gone."}, 6_000, "404")
    ended = await stores.views.get(job.id)
    assert ended is not None
    assert (ended.state, ended.error) == (JobState.FAILED, "The channel is gone.")
    assert await stores.gallery.get(job.id) == picture


async def test_a_post_remembers_the_vote_emoji_of_its_time(stores: Stores) -> None:
    guilds = Guilds(stores.db)
    await stores.deliver(message=1)
    await guilds.set_vote_emoji(GUILD, VoteEmoji(up="🌸", down="🪨"), USER, 5_000)
    await stores.deliver(message=2)
    pairs = {row["message_id"]: row["up_emoji"] for row in await stores.rows("posts")}
    assert pairs == {1: "👍", 2: "🌸"}


async def keep_next(stores: Stores) -> None:
    job = await stores.claim()
    assert job is not None
    released, png = make_released(job), make_png(job)
    assert await stores.gallery.keep(released, png, card_id="t", owner=WORKER, now_ms=3)


async def test_a_post_of_several_pictures_is_owed_once_all_have_ended(stores: Stores) -> None:
    jobs = await stores.enqueue(make_admitted(make_ask(count=3)))
    await keep_next(stores)
    failing = await stores.claim()
    assert await stores.outbox.owed_posts(5_000) == [], "two are still to come"
    assert failing is not None
    await stores.queue.fail(WORKER, failing.id, "It broke.", 5)
    assert await stores.outbox.owed_posts(5_000) == [], "one is still to come"
    await keep_next(stores)
    (owed,) = await stores.outbox.owed_posts(5_000)
    assert {place: job.id for place, job in owed.drawn.items()} == {1: jobs[0].id, 3: jobs[2].id}
    assert {place: job.id for place, job in owed.jobs.items()} == {
        place: job.id for place, job in enumerate(jobs, 1)
    }
    assert (owed.id, owed.channel_id, owed.layout) == (jobs[0].owed_post_id, CHANNEL, "grid")


async def hold_next(stores: Stores) -> Job:
    job = await stores.claim()
    assert job is not None
    verdict, png = make_held(job), make_png(job)
    assert await stores.gallery.keep(verdict, png, card_id="t", owner=WORKER, now_ms=3)
    return job


async def test_a_held_picture_delays_no_other_and_gets_its_own_post(stores: Stores) -> None:
    await stores.enqueue(make_admitted(make_ask(count=3)))
    late = await hold_next(stores)
    for _ in range(2):
        await keep_next(stores)
    (owed,) = await stores.outbox.owed_posts(5_000)
    shown = {place: job.id for place, job in owed.drawn.items()}
    assert sorted(shown) == [2, 3]
    post = replace(make_post(message=1), pictures=shown)
    assert await stores.outbox.record_delivery(owed.id, post, 5_000)
    assert await stores.outbox.record_delivery(owed.id, post, 5_001), "reported twice"
    assert await stores.outbox.owed_posts(6_000) == []
    (case,) = await stores.reviews.open_cases(GUILD, 9)
    await decide(stores, case, Outcome.APPROVE)
    (own,) = await stores.outbox.owed_posts(7_000)
    assert (own.id, dict(own.jobs)) == (late.id, dict(own.drawn))
    assert await stores.outbox.record_delivery(own.id, make_post(late.id, message=2), 7_001)
    assert await stores.state(late) == "delivered"


async def test_a_picture_approved_while_others_are_posted_is_not_lost(stores: Stores) -> None:
    await stores.enqueue(make_admitted(make_ask(count=2)))
    late = await hold_next(stores)
    await keep_next(stores)
    (owed,) = await stores.outbox.owed_posts(5_000)
    await stores.outbox.begin_posting(owed.id, 5_000)
    (case,) = await stores.reviews.open_cases(GUILD, 9)
    await decide(stores, case, Outcome.APPROVE)
    post = replace(make_post(message=1), pictures={2: owed.jobs[2].id})
    assert await stores.outbox.record_delivery(owed.id, post, 5_001)
    assert [own.id for own in await stores.outbox.owed_posts(6_000)] == [late.id]


async def test_a_post_of_several_pictures_is_delivered_or_given_up_as_one(stores: Stores) -> None:
    jobs = await stores.enqueue(make_admitted(make_ask(count=2)))
    for _ in jobs:
        await keep_next(stores)
    (owed,) = await stores.outbox.owed_posts(5_000)
    post = make_post(*(job.id for job in jobs), message=1)
    assert await stores.outbox.record_delivery(owed.id, post, 5_000)
    assert [await stores.state(job) for job in jobs] == ["delivered"] * 2
    assert await stores.gallery.posts(jobs[1].id) == [post]
    again = make_post(jobs[1].id, message=2)
    assert not await stores.outbox.record_delivery(owed.id, again, 5_001)
    assert await stores.gallery.posts(jobs[1].id) == [post]
    others = await stores.enqueue(make_admitted(make_ask(count=2)))
    for _ in others:
        await keep_next(stores)
    await stores.outbox.fail_delivery(
        dict.fromkeys([job.id for job in others], "Gone."), 6_000, "404"
    )
    assert [await stores.state(job) for job in others] == ["failed"] * 2


async def test_a_post_survives_losing_a_picture_and_is_doomed_with_the_last(
    stores: Stores,
) -> None:
    jobs = await stores.enqueue(make_admitted(make_ask(count=3)))
    for _ in jobs:
        await keep_next(stores)
    await stores.gallery.delete(jobs[0].id, 4_000)
    post = make_post(*(job.id for job in jobs), message=1)
    assert await stores.outbox.record_delivery(jobs[0].owed_post_id, post, 5_000)
    assert [p.message_id for p in await stores.gallery.posts_with_debt(PostDebt.AMENDMENT, 9)] == [
        1
    ], "deleted while it was posted"
    await stores.gallery.clear_debt(PostDebt.AMENDMENT, post.message_id)
    await stores.gallery.delete(jobs[1].id, 6_000)
    assert [p.message_id for p in await stores.gallery.posts_with_debt(PostDebt.AMENDMENT, 9)] == [
        1
    ]
    assert await stores.doomed.messages(9) == []
    await stores.gallery.delete(jobs[2].id, 7_000)
    assert [gone.message_id for gone in await stores.doomed.messages(9)] == [1]


async def test_a_post_in_progress_is_hunted_once_all_its_pictures_are_gone(
    stores: Stores,
) -> None:
    jobs = await stores.enqueue(make_admitted(make_ask(count=2)))
    for _ in jobs:
        await keep_next(stores)
    await stores.outbox.begin_posting(jobs[0].owed_post_id, 4_000)
    await stores.gallery.delete(jobs[0].id, 4_001)
    assert await stores.doomed.hunts(9) == [], "posting the other one finds it"
    await stores.gallery.delete(jobs[1].id, 4_002)
    assert [hunt.name for hunt in await stores.doomed.hunts(9)] == [jobs[0].owed_post_id]
    assert not await stores.outbox.record_delivery(
        jobs[0].owed_post_id, make_post(*(job.id for job in jobs), message=1), 5_000
    )
    assert [gone.message_id for gone in await stores.doomed.messages(9)] == [1]


async def test_a_post_with_a_lost_answer_is_hunted_if_its_pictures_are_gone(
    stores: Stores,
) -> None:
    job, _ = await stores.draw()
    (owed,) = await stores.outbox.owed_posts(5_000)
    posting = await stores.outbox.begin_posting(owed.id, 4_000)
    assert posting is not None
    await stores.outbox.record_lost_answer(owed, posting)
    assert await stores.doomed.hunts(9) == [], "the next try looks for it"
    await stores.gallery.delete(job.id, 4_001)
    (begun,) = await stores.doomed.hunts(9)
    await stores.doomed.end_hunt(begun, [])
    await stores.outbox.record_lost_answer(owed, posting)
    assert await stores.doomed.hunts(9) == [begun], "it may have come after the hunt was over"
    assert begun == Hunt(name=owed.id, channel_id=CHANNEL, guild_id=GUILD, since_id=SINCE)


async def test_reactions_are_owed_only_to_posts_of_one_picture(stores: Stores) -> None:
    jobs = await stores.enqueue(make_admitted(make_ask(count=2)))
    for _ in jobs:
        await keep_next(stores)
    post = make_post(*(job.id for job in jobs), message=1)
    assert await stores.outbox.record_delivery(jobs[0].owed_post_id, post, 5_000)
    await stores.deliver(message=2)
    await stores.gallery.owe_readings()
    for debt in (PostDebt.VOTES, PostDebt.READING):
        assert [owing.message_id for owing in await stores.gallery.posts_with_debt(debt, 9)] == [2]


async def test_the_schema_refuses_a_second_post_and_a_repeated_picture(
    stores: Stores,
) -> None:
    job = await stores.deliver(message=1)
    with pytest.raises(sqlite3.IntegrityError, match=r"UNIQUE.*owed_post_id"):
        await stores.db.write_one(
            "INSERT INTO posts SELECT 2, request_id, owed_post_id, channel_id, guild_id, posted_ms,"
            " up_emoji, down_emoji, seeded, settled, deleted_ms, amendment_owed, read_after"
            " FROM posts"
        )
    with pytest.raises(sqlite3.IntegrityError, match=r"UNIQUE.*job_id"):
        await stores.db.write_one("INSERT INTO post_pictures VALUES (1, 2, :job)", {"job": job.id})


async def test_a_post_with_another_versions_layout_fails_alone(stores: Stores) -> None:
    strange, _ = await stores.draw()
    fine, _ = await stores.draw()
    await stores.db.write_one("INSERT INTO layouts VALUES ('mosaic')")
    await stores.db.write_one(
        "UPDATE requests SET layout = 'mosaic' WHERE id = :id", {"id": strange.request_id}
    )
    assert [post.id for post in await stores.outbox.owed_posts(5_000)] == [fine.id]
    ended = await stores.views.get(strange.id)
    assert ended is not None
    assert (ended.state, ended.error) == (JobState.FAILED, UNREADABLE_JOB)
