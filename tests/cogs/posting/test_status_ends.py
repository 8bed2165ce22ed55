"""A member is told once how a request ended; previews that may no longer be shown go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.domain import DatabaseError, GuildId, Job, Rating, RequestId, StorageError, UserId
from bot.policy.layers import GuildPolicy
from bot.store.sends import Send, SendAttempt, SendKind
from tests.stages.desk import PREVIEWS, Desk
from tests.stages.factories import make_send
from tests.stages.simulated import scene


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with scene(tmp_path, "cogs.posting.status", kind=Desk) as built:
        yield built


async def test_a_failure_is_reported_in_a_new_message_if_the_first_is_unknown(
    desk: Desk,
) -> None:
    (job,) = await desk.queue_jobs()
    await desk.start_job(job)
    await desk.fail_job(job.id, "The picture came out as noise.")
    await desk.update_statuses()
    assert await desk.has_open_status(job), "the answer may still be on its way"
    await desk.env.advance_time(31)
    await desk.update_statuses()
    message = desk.channel.last_message
    assert message is not None
    assert "came out as noise" in message.content
    assert [user.id for user in message.mentions] == [desk.member.id]
    assert not await desk.has_open_status(job)
    body = next(r.json for r in desk.env.http_requests if r.method == "POST")
    assert (body["nonce"], body["enforce_nonce"]) == (job.request_id, True)
    assert body["allowed_mentions"] == {"parse": [], "users": [desk.member.id]}


async def test_no_notice_is_sent_for_a_member_being_forgotten(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,) = await desk.queue_jobs()
    await desk.start_job(job)
    await desk.fail_job(job.id, "The picture came out as noise.")
    await desk.env.advance_time(31)
    begin = desk.services.sends.begin

    async def meddled(send: Send) -> SendAttempt:
        await desk.services.privacy.forget(job.user_id)
        return await begin(send)

    monkeypatch.setattr(desk.services.sends, "begin", meddled)
    await desk.update_statuses()
    assert not any(r.method == "POST" for r in desk.env.http_requests)


async def test_a_status_message_without_a_stored_id_is_found_by_its_button(desk: Desk) -> None:
    jobs, message = await desk.make_request()
    await desk.services.views.set_status_message(jobs[0].request_id, None)
    await desk.draw_jobs(jobs)
    await desk.deliver_job(jobs[0])
    await desk.env.advance_time(16 * 60)
    for n in range(250):
        desk.env.backend.create_message(desk.channel.id, desk.member.id, f"talk {n}")
    await desk.restart()
    await desk.update_statuses()
    assert desk.current_message(message) is None
    assert not await desk.has_open_status(jobs[0])
    searches = [r for r in desk.env.http_requests if r.method == "GET" and "messages" in r.path]
    assert len(searches) == 1, "an answer comes soon or never"


async def test_a_message_that_cannot_be_deleted_now_is_left_to_the_takedown(desk: Desk) -> None:
    (job,), message = await desk.make_request(prompt="1girl, a secret")
    await desk.draw_jobs([job])
    await desk.deliver_job(job)
    await desk.deny_to_bot("view_channel")
    await desk.update_statuses()
    assert not await desk.has_open_status(job)
    assert message.id in [m.message_id for m in await desk.services.doomed.messages(9)]


async def test_a_status_beyond_the_free_places_does_not_wait_for_the_next_poll(desk: Desk) -> None:
    for _ in range(9):
        jobs, _ = await desk.make_request()
        await desk.draw_jobs(jobs)
        await desk.deliver_job(jobs[0])
    waits = asyncio.create_task(desk.services.signals.status.wait(60))
    async with asyncio.TaskGroup() as tasks:
        await desk.cog("Status").look(tasks)
    async with asyncio.timeout(1):
        await waits
    assert len(await desk.services.views.open_statuses()) == 1


async def test_a_message_that_cannot_be_searched_for_is_left_to_the_takedown(desk: Desk) -> None:
    (job,), _ = await desk.make_request()
    await desk.services.views.set_status_message(job.request_id, None)
    await desk.draw_jobs([job])
    await desk.deliver_job(job)
    await desk.env.advance_time(31)
    await desk.deny_to_bot("read_message_history")
    await desk.update_statuses()
    assert not await desk.has_open_status(job)
    assert [hunt.name for hunt in await desk.services.doomed.hunts(9)] == [job.request_id]


async def deleted_by_a_moderator(desk: Desk, message: discord.Message) -> None:
    desk.env.backend.delete_message(desk.channel.id, message.id)
    await desk.env.settle()
    await desk.env.advance_time(4)


async def test_a_status_message_deleted_by_a_moderator_is_not_sent_again(desk: Desk) -> None:
    (job,), message = await desk.make_request()
    await desk.start_job(job)
    await deleted_by_a_moderator(desk, message)
    for step in (1, 2):
        desk.report_step(job, step)
        await desk.update_statuses()
        await desk.env.advance_time(4)
    assert desk.edit_count() == 1
    desk.end_drawing(job)
    await desk.keep_picture(job)
    await desk.deliver_job(job, await desk.channel_of(job).send("the picture"))
    await desk.env.advance_time(31)
    await desk.update_statuses()
    assert [m.content for m in desk.channel.history()] == ["the picture"]
    assert not await desk.has_open_status(job)


@pytest.mark.parametrize("edits", [0, 1])
async def test_a_failure_is_reported_anew_if_a_moderator_deleted_the_message(
    desk: Desk, edits: int
) -> None:
    (job,), message = await desk.make_request()
    await desk.start_job(job)
    await deleted_by_a_moderator(desk, message)
    if edits:
        desk.report_step(job, 1)
        await desk.update_statuses()
    await desk.fail_job(job.id, "The picture came out as noise.")
    await desk.env.advance_time(31)
    await desk.update_statuses()
    await desk.update_statuses()
    (told,) = desk.channel.history()
    assert "came out as noise" in told.content
    assert [user.id for user in told.mentions] == [desk.member.id]
    assert not await desk.has_open_status(job)


async def lose_a_notice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Job:
    """Send the notice of a failure, lose the response, and restart after an hour.

    That is longer than Discord remembers a nonce.
    """
    (job,) = await desk.queue_jobs()
    await desk.start_job(job)
    await desk.fail_job(job.id, "The picture came out as noise.")
    await desk.env.advance_time(31)
    desk.lose_next_answer(monkeypatch, TimeoutError())
    await desk.update_statuses()
    await desk.env.advance_time(3600)
    await desk.restart()
    return job


async def test_a_notice_whose_response_was_lost_is_not_sent_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await lose_a_notice(desk, monkeypatch)
    await desk.update_statuses()
    (told,) = desk.channel.history()
    assert not await desk.has_open_status(job)
    await desk.services.privacy.forget(job.user_id)
    assert told.id in [m.message_id for m in await desk.services.doomed.messages(9)]


async def test_without_read_message_history_a_notice_is_not_sent_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await lose_a_notice(desk, monkeypatch)
    await desk.deny_to_bot("read_message_history")
    await desk.update_statuses()
    assert len(desk.channel.history()) == 1
    assert not await desk.has_open_status(job), "the search is not repeated for ever"


async def test_a_lost_notice_is_searched_for_only_after_its_status_closes(desk: Desk) -> None:
    (job,) = await desk.queue_jobs()
    await desk.start_job(job)
    await desk.fail_job(job.id, "The picture came out as noise.")
    notice = make_send(
        job.id, name=job.request_id, kind=SendKind.NOTICE,
        channel=desk.channel.id, guild=desk.guild.id,
    )  # fmt: skip
    await desk.services.sends.begin(notice)
    await desk.services.sends.mark_all_lost()
    assert await desk.services.sends.lost_sends(9) == [], "the status loop looks for it itself"
    await desk.services.views.close_status(job.request_id)
    assert [send.name for send in await desk.services.sends.lost_sends(9)] == [job.request_id]


async def test_an_unexpected_error_in_one_request_does_not_stop_the_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (odd,), (fine,) = await desk.queue_jobs(), await desk.queue_jobs(seed=8)
    for job in (odd, fine):
        await desk.start_job(job)
        await desk.fail_job(job.id, "The picture came out as noise.")
    await desk.env.advance_time(31)
    of_request = desk.services.views.of_request

    async def strange(request_id: RequestId) -> list[Job]:
        if request_id == odd.request_id:
            raise ZeroDivisionError
        return await of_request(request_id)

    with monkeypatch.context() as patch:
        patch.setattr(desk.services.views, "of_request", strange)
        await desk.update_statuses()
    assert await desk.has_open_status(odd)
    assert not await desk.has_open_status(fine)
    await desk.env.advance_time(11)
    await desk.update_statuses()
    assert not await desk.has_open_status(odd)


async def test_a_status_that_cannot_be_closed_is_retried_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,), _ = await desk.make_request()
    await desk.draw_jobs([job])
    await desk.deliver_job(job)

    async def full(_request_id: object) -> None:
        raise StorageError("the disk is full")

    async def strange(_request_id: object) -> None:
        raise ZeroDivisionError

    for fault in (full, strange):
        with monkeypatch.context() as patch:
            patch.setattr(desk.services.views, "close_status", fault)
            await desk.update_statuses()
        assert await desk.has_open_status(job)
        await desk.env.advance_time(11)
    await desk.update_statuses()
    assert not await desk.has_open_status(job)


async def test_adult_previews_go_when_the_channel_is_no_longer_age_restricted(
    desk: Desk,
) -> None:
    desk.set_age_restricted(restricted=True)
    (job,), message = await desk.make_request(rating=Rating.EXPLICIT)
    await desk.start_job(job)
    desk.report_step(job, 1, PREVIEWS[0])
    await desk.env.advance_time(4)
    await desk.update_statuses()
    shown = desk.current_message(message)
    assert shown is not None
    assert shown.attachments
    desk.set_age_restricted(restricted=False)
    desk.report_step(job, 2, PREVIEWS[1])
    await desk.env.advance_time(4)
    await desk.update_statuses()
    shown = desk.current_message(message)
    assert shown is not None
    assert "step 2" in shown.content
    assert not shown.attachments


@pytest.mark.parametrize("is_readable", [True, False])
async def test_previews_go_when_the_server_is_paused_or_its_policy_unreadable(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, is_readable: bool
) -> None:
    (job,), message = await desk.make_request()
    await desk.start_job(job)
    desk.report_step(job, 1, PREVIEWS[0])
    await desk.env.advance_time(4)
    await desk.update_statuses()
    shown = desk.current_message(message)
    assert shown is not None
    assert shown.attachments

    async def unreadable(_: GuildId) -> GuildPolicy:
        raise DatabaseError("another version wrote it")

    if is_readable:
        paused = GuildPolicy(guild_id=job.guild_id, paused=True)
        await desk.services.guilds.save(paused, 0, UserId(1), 1, summary="paused")
    else:
        monkeypatch.setattr(desk.services.guilds, "policy", unreadable)
    desk.report_step(job, 2, PREVIEWS[1])
    await desk.env.advance_time(4)
    await desk.update_statuses()
    shown = desk.current_message(message)
    assert shown is not None
    assert "step 2" in shown.content
    assert not shown.attachments


async def test_an_unexpected_error_in_one_look_does_not_end_the_status_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with scene(tmp_path, "cogs.posting.status", kind=Desk, live=True) as desk:
        views = desk.services.views
        open_statuses, looks, again = views.open_statuses, 0, asyncio.Event()

        async def strange() -> list[Any]:
            nonlocal looks
            looks += 1
            if looks == 1:
                raise ZeroDivisionError
            again.set()
            return await open_statuses()

        monkeypatch.setattr(views, "open_statuses", strange)
        async with asyncio.timeout(10):
            await again.wait()
    assert [record for record in caplog.records if record.exc_info]
