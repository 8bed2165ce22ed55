"""Several pictures of a request form one post, which survives a missing or deleted picture."""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest
from discord.http import Route
from PIL import Image

from bot.domain import Job, JobState, Rating
from bot.store.decisions import Outcome
from bot.store.gallery import PostDebt
from cogs.posting import uploads
from models.provenance import encode_png
from tests.stages.factories import make_held, make_png, make_released
from tests.stages.law import make_guild, save_policy
from tests.stages.moderators import make_judgement
from tests.stages.office import Office
from tests.stages.simulated import OWNER, scene


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    extensions = ("cogs.posting.delivery", "cogs.posting.takedown", "cogs.posting.amending")
    async with scene(tmp_path, *extensions, kind=Office) as built:
        yield built


async def four(office: Office, ends: Sequence[JobState] = (JobState.RENDERED,) * 4) -> list[Job]:
    """A request for four pictures, which end in these states."""
    jobs = await office.queue_jobs(count=4, prompt="1girl, red hair")
    queue, now_ms = office.services.queue, office.services.clock()
    for job, end in zip(jobs, ends, strict=True):
        claimed = await queue.claim(OWNER, 60_000, now_ms)
        assert claimed is not None
        if end is JobState.FAILED:
            await queue.fail(OWNER, job.id, "The numbers ran off.", now_ms)
        elif end is JobState.WITHHELD:
            await queue.withhold(OWNER, job.id, "It shows too much.", now_ms)
        elif end is JobState.HELD:
            await office.keep_picture(job, replace(make_held(job), rating=Rating.GENERAL))
        else:
            await office.keep_picture(job)
    return jobs


def post(office: Office) -> discord.Message:
    """The only message of the channel."""
    (message,) = office.channel.history()
    return message


def names(message: discord.Message) -> list[str]:
    return [file.filename for file in message.attachments]


async def spoilers(office: Office, job: Job) -> None:
    """Put a reported picture behind a spoiler, as a moderator."""
    reviews = office.services.reviews
    await reviews.file_report(job.id, job.user_id, "odd", office.services.clock(), since_id=1)
    (case,) = await reviews.open_cases(job.guild_id, 9)
    await reviews.decide(case.id, make_judgement(Outcome.SPOILER))


async def amends(office: Office) -> None:
    await office.run_rounds("Amending")
    await office.run_rounds("Takedown")


async def test_four_pictures_are_one_post_with_one_mention(office: Office) -> None:
    jobs = await four(office)
    await office.run_delivery()
    await office.run_delivery()
    message = post(office)
    assert names(message) == [f"{job.id}.png" for job in jobs]
    assert [await file.read() for file in message.attachments] == [make_png(job) for job in jobs]
    assert [user.id for user in message.mentions] == [office.member.id]
    assert message.content.count(f"<@{office.member.id}>") == 1
    assert "seeds 7 to 10" in message.content
    assert {await office.state(job) for job in jobs} == {(JobState.DELIVERED, "")}


async def test_a_missing_picture_leaves_a_tile_and_its_reason(office: Office) -> None:
    ends = (JobState.FAILED, JobState.RENDERED, JobState.WITHHELD, JobState.HELD)
    jobs = await four(office, ends)
    await office.run_delivery()
    message = post(office)
    assert names(message) == [
        "missing-1.png",
        f"{jobs[1].id}.png",
        "missing-3.png",
        "missing-4.png",
    ]
    assert "**1** is missing: The numbers ran off." in message.content
    assert "**3** is missing: It shows too much." in message.content
    assert "**4** is missing: It waits for the moderators." in message.content
    tile = Image.open(io.BytesIO(await message.attachments[0].read()))
    assert tile.size == (256, 256)
    states = [(await office.state(job))[0] for job in jobs]
    assert states == [JobState.FAILED, JobState.DELIVERED, JobState.WITHHELD, JobState.HELD]


async def test_a_picture_approved_later_gets_its_own_post(office: Office) -> None:
    jobs = await four(office, (JobState.HELD, *[JobState.RENDERED] * 3))
    await office.run_delivery()
    grid = post(office)
    (case,) = await office.services.reviews.open_cases(jobs[0].guild_id, 9)
    await office.services.reviews.decide(case.id, make_judgement(Outcome.APPROVE))
    await office.run_delivery()
    await office.run_delivery()
    first, own = office.channel.history()
    assert (first.id, names(own)) == (grid.id, [f"{jobs[0].id}.png"])
    assert await office.state(jobs[0]) == (JobState.DELIVERED, "")


async def test_one_unreadable_picture_does_not_stop_the_others(office: Office) -> None:
    jobs = await four(office)
    picture = await office.services.gallery.get(jobs[2].id)
    assert picture is not None
    office.services.gallery.path(picture).unlink()
    await office.run_delivery()
    assert names(post(office))[2] == "missing-3.png"
    assert "**3** is missing: The picture's file cannot be read" in post(office).content
    assert (await office.state(jobs[2]))[0] is JobState.FAILED


@pytest.mark.parametrize(
    "ends", [(JobState.RENDERED,) * 4, (JobState.FAILED, *[JobState.RENDERED] * 3)]
)
async def test_a_crash_after_posting_causes_no_second_post(
    office: Office, monkeypatch: pytest.MonkeyPatch, ends: Sequence[JobState]
) -> None:
    jobs = await four(office, ends)
    await office.die_while_posting(monkeypatch)
    assert JobState.DELIVERED not in {(await office.state(job))[0] for job in jobs}
    await office.env.advance_time(3600)
    await office.restart()
    await office.run_delivery()
    shown = [file.partition(".")[0] for file in names(post(office))]
    (noted,) = await office.services.gallery.posts(jobs[3].id)
    assert [noted.pictures.get(place) for place in (2, 3, 4)] == shown[1:]
    assert noted.pictures.get(1, "missing-1") == shown[0]


async def test_a_picture_deleted_after_a_crash_is_removed_on_restart(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = await four(office)
    await office.die_while_posting(monkeypatch)
    await office.services.gallery.delete(jobs[1].id, office.services.clock())
    await amends(office)
    await office.env.advance_time(3600)
    await office.restart()
    await office.run_delivery()
    await amends(office)
    assert names(post(office)) == [
        f"{jobs[0].id}.png", "missing-2.png", f"{jobs[2].id}.png", f"{jobs[3].id}.png",
    ]  # fmt: skip


async def test_a_deleted_picture_leaves_the_message_and_the_others_stay(office: Office) -> None:
    jobs = await four(office)
    await office.run_delivery()
    before = post(office)
    await office.services.gallery.delete(jobs[0].id, office.services.clock())
    await amends(office)
    message = post(office)
    assert message.id == before.id
    assert names(message) == ["missing-1.png", *(f"{job.id}.png" for job in jobs[1:])]
    assert "**1** is missing: It was deleted." in message.content
    assert await message.attachments[1].read() == make_png(jobs[1])
    for job in jobs[1:]:
        await office.services.gallery.delete(job.id, office.services.clock())
    await amends(office)
    assert office.channel.history() == []


async def test_a_failed_edit_is_retried_and_a_forbidden_edit_deletes_the_post(
    office: Office,
) -> None:
    jobs = await four(office)
    await office.run_delivery()
    await office.services.gallery.delete(jobs[0].id, office.services.clock())
    office.env.inject_error("PATCH", "/channels/*/messages/*", status=503)
    await amends(office)
    assert names(post(office))[0] == f"{jobs[0].id}.png"
    await office.env.advance_time(5)
    await amends(office)
    assert names(post(office))[0] == "missing-1.png"
    await office.services.gallery.delete(jobs[1].id, office.services.clock())
    office.env.inject_error("PATCH", "/channels/*/messages/*", status=403, code=50013)
    await amends(office)
    assert office.channel.history() == [], "nothing stays that should not be seen"


def meanwhile(
    office: Office, monkeypatch: pytest.MonkeyPatch, deed: Callable[[], Awaitable[object]]
) -> None:
    """Let something happen between the next edit of a message and its answer."""
    http = office.env.bot.http
    request = http.request

    async def slow(route: Route, **options: Any) -> Any:
        answer = await request(route, **options)
        if route.method == "PATCH":
            monkeypatch.setattr(http, "request", request)
            await deed()
        return answer

    monkeypatch.setattr(http, "request", slow)


async def test_a_change_made_during_an_edit_of_the_post_is_applied_afterwards(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = await four(office)
    await office.run_delivery()
    gallery, now_ms = office.services.gallery, office.services.clock()
    await gallery.delete(jobs[0].id, now_ms)
    meanwhile(office, monkeypatch, lambda: gallery.delete(jobs[1].id, now_ms))
    await amends(office)
    assert names(post(office))[:2] == ["missing-1.png", "missing-2.png"]
    await spoilers(office, jobs[2])
    meanwhile(office, monkeypatch, lambda: spoilers(office, jobs[3]))
    await amends(office)
    assert names(post(office))[2:] == [f"SPOILER_{job.id}.png" for job in jobs[2:]]
    assert await gallery.posts_with_debt(PostDebt.AMENDMENT, 9) == []


async def test_amending_a_post_keeps_each_pictures_spoiler_as_posted(
    office: Office,
) -> None:
    jobs = await office.queue_jobs(count=2)
    for job, spoiler in zip(jobs, (False, True), strict=True):
        assert await office.services.queue.claim(OWNER, 60_000, office.services.clock())
        await office.keep_picture(job, make_released(job, spoiler=spoiler))
    await office.run_delivery()
    first, second = names(post(office))
    assert (first, second) == (f"{jobs[0].id}.png", f"SPOILER_{jobs[1].id}.png")
    # As if policy had put it behind a spoiler when it was posted; its row does not say so.
    await office.services.queue._db.write_one("UPDATE pictures SET spoiler = 0")
    await office.services.queue._db.write_one("UPDATE posts SET amendment_owed = 1")
    await amends(office)
    assert names(post(office)) == [first, second]


async def comes_back(office: Office, job: Job, then: str) -> discord.Message:
    """Delete a picture as its member, change the policy, and undo the deletion."""
    gallery = office.services.gallery
    picture = await gallery.get(job.id)
    assert picture is not None
    data = await gallery.read(picture)
    await gallery.delete(job.id, office.services.clock())
    await amends(office)
    assert names(post(office))[1] == "missing-2.png"
    if then == "block":
        await save_policy(office.services.guilds, make_guild("red hair", guild_id=job.guild_id))
    else:
        # As if the server's rules had wanted a spoiler all along; its own row does not say so.
        await office.services.queue._db.write_one("UPDATE jobs SET ruling = 1")
    assert await gallery.bring_back(picture, data) == 1
    await amends(office)
    assert await gallery.posts_with_debt(PostDebt.AMENDMENT, 9) == []
    return post(office)


async def test_a_restored_picture_returns_behind_the_spoiler_that_policy_wants(
    office: Office,
) -> None:
    jobs = await four(office)
    await office.run_delivery()
    after = await comes_back(office, jobs[1], "cover")
    assert names(after)[1:3] == [f"SPOILER_{jobs[1].id}.png", f"{jobs[2].id}.png"]


async def test_a_picture_that_policy_now_refuses_does_not_return_to_its_post(
    office: Office,
) -> None:
    jobs = await four(office)
    await office.run_delivery()
    after = await comes_back(office, jobs[1], "block")
    assert names(after)[:3] == [f"{jobs[0].id}.png", "missing-2.png", f"{jobs[2].id}.png"]
    assert "**2** is missing: It may not be shown here any more." in after.content


async def test_a_removal_by_moderators_is_named_as_the_reason(office: Office) -> None:
    jobs = await four(office)
    await office.run_delivery()
    await office.services.reviews.file_report(
        jobs[3].id, jobs[3].user_id, "odd", office.services.clock(), since_id=1
    )
    (case,) = await office.services.reviews.open_cases(jobs[0].guild_id, 9)
    await office.services.reviews.decide(case.id, make_judgement(Outcome.REMOVE))
    await amends(office)
    assert names(post(office))[3] == "missing-4.png"
    assert "**4** is missing: The moderators removed it." in post(office).content


async def test_forgetting_a_member_deletes_the_whole_post(office: Office) -> None:
    jobs = await four(office)
    await office.run_delivery()
    await office.services.privacy.forget(jobs[0].user_id)
    await amends(office)
    assert office.channel.history() == []


async def test_a_refused_grid_upload_makes_every_picture_smaller(office: Office) -> None:
    jobs = await office.queue_jobs(count=4)
    png = encode_png(random.Random(3).randbytes(3 * 64 * 64), 64, 64)
    for job in jobs:
        assert await office.services.queue.claim(OWNER, 60_000, office.services.clock())
        await office.keep_picture(job, data=png)
    office.env.inject_error("POST", "/channels/*/messages", status=413, code=40005)
    await office.run_delivery()
    assert [file.filename.partition(".")[0] for file in post(office).attachments] == [
        job.id for job in jobs
    ]
    assert max(file.size for file in post(office).attachments) <= 0.75 * len(png)


async def test_four_pictures_share_discords_limit_for_one_request(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = await office.queue_jobs(count=4)
    png = encode_png(random.Random(3).randbytes(3 * 64 * 64), 64, 64)
    for job in jobs:
        assert await office.services.queue.claim(OWNER, 60_000, office.services.clock())
        await office.keep_picture(job, data=png)
    limit_bytes = 3 * len(png)
    monkeypatch.setattr(uploads, "_REQUEST_BYTES_MAX", limit_bytes)
    await office.run_delivery()
    sizes = [file.size for file in post(office).attachments]
    assert len(sizes) == 4
    assert sum(sizes) <= limit_bytes


async def test_a_deleted_channel_fails_every_picture_of_the_request(office: Office) -> None:
    doomed = office.guild.create_text_channel("doomed")
    jobs = await office.queue_jobs(count=2, channel=doomed)
    await office.draw_jobs(jobs)
    office.env.backend.delete_channel(doomed.id)
    await office.run_delivery()
    async with asyncio.timeout(1):
        for job in jobs:
            state, error = await office.state(job)
            assert (state, f"/show {job.id}" in error) == (JobState.FAILED, True)
