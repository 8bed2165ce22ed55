"""Held pictures are kept, shown to moderators only, and then released, removed or given up."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio

from bot.domain import JobId, JobState
from bot.finished import Held
from bot.store.case_rows import Case, CaseKind
from bot.store.decisions import Outcome
from bot.store.sends import SendAttempt
from tests.stages.factories import (
    GUILD,
    SINCE,
    USER,
    make_held,
    make_png,
    make_send,
)
from tests.stages.moderators import (
    MODERATOR,
    TEXT,
    decide,
    deliver_and_report,
    export_again,
    make_judgement,
)
from tests.stages.stores import WORKER, Stores, open_stores


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def test_a_held_picture_is_kept_and_opens_a_case(stores: Stores) -> None:
    job, case = await stores.hold()
    assert await stores.state(job) == JobState.HELD
    assert case == Case(
        id=case.id,
        kind=CaseKind.HELD,
        guild_id=job.guild_id,
        channel_id=job.channel_id,
        user_id=job.user_id,
        job_id=job.id,
        why="It may be too revealing.",
        scores={"nudity": 0.6},
        opened_ms=3_000,
        since_id=SINCE,
        has_picture=True,
    )
    kept = await stores.gallery.get_for_review(job.id)
    assert kept is not None
    assert await stores.gallery.read(kept) == make_png(job)
    told = await stores.views.get(job.id)
    assert told is not None
    assert told.error == "The moderators look at it first."


async def test_a_held_picture_is_owed_to_nobody_and_shown_to_nobody(
    stores: Stores, tmp_path: Path
) -> None:
    job, _ = await stores.hold()
    assert await stores.outbox.owed_posts(9_000) == []
    assert await stores.gallery.get(job.id) is None
    assert await stores.views.history(USER, GUILD, 9) == []
    assert await stores.sends.begin(make_send(job.id)) is SendAttempt.GONE
    # No post shows it, so nobody can vote on it; if a vote exists anyway, no export includes it.
    await stores.db.write_one(
        "INSERT INTO votes VALUES (:job, 'taste', 77, 1, 0, 5)", {"job": job.id}
    )
    assert await stores.votes.top(GUILD, 0, 9_999, 9, ratings=["general", "explicit"]) == []  # type: ignore[list-item]
    assert not (await export_again(stores, tmp_path / "out")).pictures


async def test_a_held_job_is_alive_but_holds_up_nobody(stores: Stores) -> None:
    job, _ = await stores.hold()
    assert [mine.id for mine in await stores.views.unfinished_jobs(USER, GUILD)] == [job.id]
    assert await stores.views.guild_jobs(GUILD) == []
    assert (await stores.views.count_states(GUILD))[JobState.HELD] == 1
    assert await stores.views.ended_requests() == set()
    assert await stores.queue.cancel_user(USER, None, 9) == []
    assert await stores.queue.requeue_orphaned("new", 9_000, 3) == ([], [])
    assert await stores.claim() is None


async def test_the_held_picture_of_a_cancelled_job_opens_no_case(stores: Stores) -> None:
    await stores.enqueue()
    job = await stores.claim()
    assert job is not None
    await stores.queue.cancel_job(job.id, 5)
    held: Held = make_held(job)
    kept = await stores.gallery.keep(held, make_png(job), card_id="tiny-1", owner=WORKER, now_ms=6)
    assert kept is None
    assert await stores.rows("cases") == []


async def test_an_approved_picture_is_owed_to_its_channel(stores: Stores) -> None:
    job, case = await stores.hold()
    decided = await decide(stores, case, Outcome.APPROVE)
    assert decided.first
    assert (decided.case.decision, decided.case.actor_id) == (Outcome.APPROVE, MODERATOR)
    (owed,) = await stores.outbox.owed_posts(9_000)
    assert [(due.id, due.error) for due in owed.jobs.values()] == [(job.id, None)]
    picture = await stores.gallery.get(job.id)
    assert picture is not None
    assert not picture.spoiler
    assert await stores.reviews.open_cases(GUILD, 9) == []


async def test_a_picture_approved_with_a_spoiler_is_owed_behind_one(stores: Stores) -> None:
    job, case = await stores.hold()
    await decide(stores, case, Outcome.SPOILER)
    assert len(await stores.outbox.owed_posts(9_000)) == 1
    picture = await stores.gallery.get(job.id)
    assert picture is not None
    assert picture.spoiler


async def test_a_removed_picture_is_deleted_and_its_member_is_told_why(stores: Stores) -> None:
    job, case = await stores.hold()
    kept = await stores.gallery.get_for_review(job.id)
    assert kept is not None
    assert stores.gallery.path(kept).exists()
    await decide(stores, case, Outcome.REMOVE)
    ended = await stores.views.get(job.id)
    assert ended is not None
    assert (ended.state, ended.error) == (JobState.WITHHELD, TEXT)
    assert await stores.views.ended_requests() == {job.request_id}
    assert await stores.gallery.get_for_review(job.id) is None
    assert not stores.gallery.path(kept).exists()
    (row,) = await stores.rows("pictures")
    assert row["removed_ms"] == row["deleted_ms"] == 9_000
    assert await stores.rows("exclusions") == []


async def test_a_removal_can_be_followed_by_a_time_out(stores: Stores) -> None:
    _, case = await stores.hold()
    await decide(stores, case, Outcome.REMOVE_AND_TIME_OUT)
    excluded = await stores.members.exclusion(GUILD, USER, 9_001)
    assert excluded is not None
    assert (excluded.until_ms, excluded.reason) == (69_000, "Not here.")


async def test_a_case_that_nobody_decides_in_time_lapses(stores: Stores) -> None:
    old, _ = await stores.hold(now_ms=3_000)
    young, _ = await stores.hold(now_ms=5_000)
    posted, _ = await deliver_and_report(stores)
    assert await stores.reviews.expire(3_000, "Nobody looked at it.", 9_000) == 0
    assert await stores.reviews.expire(5_000, "Nobody looked at it.", 9_000) == 1
    ended = await stores.views.get(old.id)
    assert ended is not None
    assert (ended.state, ended.error) == (JobState.WITHHELD, "Nobody looked at it.")
    assert await stores.state(young) == JobState.HELD
    assert {case.job_id for case in await stores.reviews.open_cases(GUILD, 9)} == {
        young.id, posted.id,
    }  # fmt: skip
    (row,) = [row for row in await stores.rows("pictures") if row["job_id"] == old.id]
    assert (row["deleted_ms"], row["removed_ms"]) == (9_000, None), "nobody removed it"
    assert await stores.reviews.expire(8_000, "Nobody looked at it.", 9_500) == 2
    assert await stores.state(posted) == JobState.DELIVERED, "a report that lapses removes nothing"
    assert await stores.gallery.get(posted.id) is not None


async def test_a_case_lapses_when_the_member_deletes_the_picture(stores: Stores) -> None:
    held, case = await stores.hold()
    await stores.gallery.delete(held.id, 8_000)
    assert await stores.state(held) == JobState.CANCELLED
    lapsed = await stores.reviews.get(case.id)
    assert lapsed is not None
    assert (lapsed.decision, lapsed.actor_id, lapsed.has_picture) == (Outcome.LAPSE, None, False)
    late = await decide(stores, case, Outcome.APPROVE)
    assert not late.first
    assert await stores.state(held) == JobState.CANCELLED


async def test_decided_cases_are_pruned_and_open_ones_stay(stores: Stores) -> None:
    _, case = await stores.hold()
    await stores.hold()
    await decide(stores, case, Outcome.APPROVE)
    assert await stores.reviews.prune(9_000) == 0
    assert await stores.reviews.prune(9_001) == 1
    assert await stores.reviews.get(case.id) is None
    assert len(await stores.reviews.open_cases(GUILD, 9)) == 1


async def test_review_times_are_counted_without_names(stores: Stores) -> None:
    _, held = await stores.hold(now_ms=3_000)
    _, lapsed = await stores.hold(now_ms=4_000)
    await decide(stores, held, Outcome.APPROVE)
    await stores.gallery.delete(JobId(str(lapsed.job_id)), 9_000)
    (waited,) = await stores.reviews.review_times(0, 10_000)
    assert (waited.kind, waited.outcome, waited.waited_ms) == (
        CaseKind.HELD, Outcome.APPROVE, 6_000,
    )  # fmt: skip
    _, early = await stores.hold(now_ms=12_000)
    assert await stores.reviews.decide(early.id, make_judgement(Outcome.APPROVE, at_ms=11_000))
    (late,) = await stores.reviews.review_times(11_000, 12_000)
    assert late.waited_ms == 0, "a clock that was set back makes no time negative"
    assert (
        await stores.reviews.review_times(0, 9_000)
        == await stores.reviews.review_times(9_001, 10_000)
        == []
    )
