"""Every message that must go is deleted in the end, even one that the bot has not recorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
from discord.http import Route

from bot.domain import Job, MessageId
from bot.erasing import Eraser
from bot.store.doomed import Hunt
from tests.stages.front import Front, answer_to, custom_ids, front


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(
        tmp_path, "cogs.posting.delivery", "cogs.posting.lost", "cogs.voting.votes"
    ) as ready:
        yield ready


async def delivers_without_an_answer(desk: Front, monkeypatch: pytest.MonkeyPatch) -> Job:
    """The picture is in the channel, but the bot does not know it."""
    (job,) = await desk.queue_jobs()
    await desk.draw_jobs([job])
    desk.lose_next_answer(monkeypatch, TimeoutError())
    await desk.run_rounds("Delivery")
    (message,) = desk.channel.history()
    assert message.attachments
    assert not await desk.services.gallery.posts(job.id)
    return job


async def test_forgetting_a_member_deletes_a_post_that_was_never_recorded(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await delivers_without_an_answer(desk, monkeypatch)
    await desk.services.privacy.forget(job.user_id)
    await desk.restart()
    await desk.run_takedown()
    assert desk.message_ids() == []
    assert await desk.is_nothing_doomed()


async def test_deleting_a_picture_deletes_a_post_that_was_never_recorded(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await delivers_without_an_answer(desk, monkeypatch)
    await desk.services.gallery.delete(job.id, 1)
    await desk.run_takedown()
    assert desk.message_ids() == []


async def test_forgetting_a_member_deletes_a_status_message_without_a_stored_id(
    desk: Front,
) -> None:
    answer = await desk.ask(prompt="1girl, a secret")
    (job,) = await desk.jobs_of()
    await desk.services.views.set_status_message(job.request_id, None)
    await desk.services.privacy.forget(job.user_id)
    await desk.run_takedown()
    assert answer.id not in desk.message_ids()
    assert await desk.is_nothing_doomed()


async def test_forgetting_a_member_deletes_a_status_message_still_being_sent(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing = desk.services.views.standing

    async def meddled(job_id: Any) -> Any:
        (job,) = await desk.jobs_of()
        found = await standing(job_id)
        await desk.services.privacy.forget(job.user_id)
        return found

    monkeypatch.setattr(desk.services.views, "standing", meddled)
    answer = await desk.ask()
    await desk.run_takedown()
    assert answer.id not in desk.message_ids()


async def test_a_hunt_for_a_message_never_sent_ends(desk: Front) -> None:
    (job,) = await desk.queue_jobs()
    await desk.draw_jobs([job])
    await desk.services.outbox.begin_posting(job.owed_post_id, desk.services.clock())
    await desk.services.privacy.forget(job.user_id)
    await desk.run_rounds("Takedown")
    assert not await desk.is_nothing_doomed(), "Discord may still be at work on it"
    await desk.run_takedown()
    assert await desk.is_nothing_doomed()


async def test_a_hunt_that_finds_nothing_does_not_delay_known_messages(desk: Front) -> None:
    (job,) = await desk.queue_jobs()
    await desk.draw_jobs([job])
    await desk.services.outbox.begin_posting(job.owed_post_id, desk.services.clock())
    await desk.services.gallery.delete(job.id, 1)
    await desk.run_rounds("Takedown")
    known, message = await desk.post_picture()
    await desk.services.gallery.delete(known.id, 1)
    await desk.run_rounds("Takedown")
    assert message.id not in desk.message_ids()
    assert await desk.services.doomed.hunts(9)


async def test_a_hunt_deletes_only_the_bots_own_messages(desk: Front) -> None:
    (job,) = await desk.queue_jobs()
    await desk.channel_of(job).send(f"0 of 1 picture\n-# Request `{job.request_id}`")
    theirs = desk.env.backend.create_message(
        desk.channel.id, desk.member.id, f"where is {job.request_id}?"
    )
    await desk.services.privacy.forget(job.user_id)
    await desk.run_takedown()
    assert desk.message_ids() == [theirs.id]


async def test_a_hunt_ignores_its_name_in_another_members_prompt(desk: Front) -> None:
    (never,) = await desk.queue_jobs()
    (theirs,) = await desk.queue_jobs(prompt=f"where is {never.request_id}?")
    await desk.draw_jobs([never, theirs])
    await desk.run_rounds("Delivery")
    await desk.services.doomed.begin_hunt(
        Hunt(
            name=never.request_id,
            channel_id=never.channel_id,
            guild_id=never.guild_id,
            since_id=1,
        )
    )
    before = desk.message_ids()
    await desk.run_takedown()
    assert desk.message_ids() == before


async def test_a_hunt_without_permission_does_not_delay_deletions(desk: Front) -> None:
    (never,) = await desk.queue_jobs()
    await desk.services.privacy.forget(never.user_id)
    await desk.deny_to_bot("read_message_history")
    for _ in range(2):
        await desk.run_rounds("Takedown")
    assert await desk.services.doomed.hunts(9), "it waits for the permission"
    job, message = await desk.post_picture()
    await desk.services.gallery.delete(job.id, 1)
    await desk.run_rounds("Takedown")
    assert message.id not in desk.message_ids()


async def test_a_message_already_deleted_is_not_hunted(desk: Front) -> None:
    (job,) = await desk.queue_jobs()
    await desk.draw_jobs([job])
    await desk.run_rounds("Delivery")
    (message,) = desk.channel.history()
    await desk.services.gallery.record_deleted_messages([MessageId(message.id)], 1)
    await desk.services.gallery.delete(job.id, 1)
    assert await desk.is_nothing_doomed()


async def test_a_show_message_is_not_mistaken_for_the_delivery(desk: Front) -> None:
    (job,) = await desk.queue_jobs()
    await desk.draw_jobs([job])
    await desk.services.outbox.begin_posting(job.owed_post_id, 1)
    await desk.member.slash(desk.channel, "show", id=job.id)
    await desk.run_rounds("Delivery")
    assert len(await desk.services.gallery.posts(job.id)) == len(desk.message_ids()) == 2


async def test_a_hunt_in_a_deleted_channel_ends(desk: Front) -> None:
    other = desk.guild.create_text_channel("other")
    (job,) = await desk.queue_jobs(channel=other)
    await desk.draw_jobs([job])
    await desk.services.outbox.begin_posting(job.owed_post_id, desk.services.clock())
    await desk.services.privacy.forget(job.user_id)
    desk.env.backend.delete_channel(other.id)
    await desk.env.settle()
    await desk.run_takedown()
    assert await desk.is_nothing_doomed()


async def test_an_unreachable_message_is_deleted_once_it_is_reachable(desk: Front) -> None:
    other = desk.guild.create_text_channel("other")
    job, message = await desk.post_picture()
    elsewhere = await other_picture(desk, other)
    for one in (job, elsewhere):
        await desk.services.gallery.delete(one.id, 1)
    desk.env.inject_error(
        "DELETE", f"/channels/{desk.channel.id}/messages/*", status=403, code=50001, times=None
    )
    await desk.run_takedown()
    assert not other.history(), "the channel out of reach holds up no other"
    assert message.id in desk.message_ids()
    desk.env.backend.faults.clear()
    await desk.run_takedown(rounds=12)
    assert message.id not in desk.message_ids()
    assert await desk.is_nothing_doomed()


async def other_picture(desk: Front, channel: Any) -> Job:
    (job,) = await desk.queue_jobs(channel=channel)
    await desk.draw_jobs([job])
    await desk.deliver_job(job)
    return job


async def test_an_archived_thread_is_reopened_for_a_deletion_and_archived_again(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, message = await desk.post_picture()
    thread = await message.create_thread(name="about it")
    posted = await other_picture(desk, thread)
    (there,) = [m async for m in thread.history() if m.author == desk.bot.user and m.content]
    await thread.edit(archived=True)
    await desk.env.settle()
    http = desk.bot.http
    request = http.request

    async def strict(route: Route, **options: Any) -> Any:
        archived = desk.env.backend.channels[thread.id].thread_metadata.archived
        if route.method == "DELETE" and archived:
            raise discord.HTTPException(
                Answer(400),  # type: ignore[arg-type]  what discord.py reads of a response
                {"code": 50083, "message": "Thread is archived"},
            )
        return await request(route, **options)

    monkeypatch.setattr(http, "request", strict)
    await desk.services.gallery.delete(posted.id, 1)
    await desk.run_takedown()
    assert there.id not in [m.id async for m in thread.history()]
    assert desk.env.backend.channels[thread.id].thread_metadata.archived
    assert await desk.is_nothing_doomed()


class Answer:
    reason = "Bad Request"

    def __init__(self, status: int) -> None:
        self.status = status


# ---- the wish to be forgotten --------------------------------------------------------------------


async def test_the_forget_button_stays_until_everything_is_erased(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.post_picture()
    asked = answer_to(await desk.member.slash(desk.channel, "privacy forget"))

    async def dies(_user_id: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(desk.services.privacy, "forget", dies)
        await desk.member.click(asked.message, custom_id=custom_ids(asked)[0])
    stored = desk.env.backend.messages[desk.channel.id][asked.id]
    assert stored.components, "a member who sees no answer can press again"
    assert await desk.services.privacy.pending_erasures() == [desk.member.id]
    done = await desk.member.click(asked.message, custom_id=custom_ids(asked)[0])
    assert "Everything I stored about you is erased" in answer_to(done).content
    assert not await desk.services.privacy.pending_erasures()
    assert not desk.env.backend.messages[desk.channel.id][asked.id].components


async def test_the_worker_drops_the_picture_of_a_forgotten_member(desk: Front) -> None:
    (job,) = await desk.queue_jobs()
    told = desk.services.signals.add_worker()
    asked = answer_to(await desk.member.slash(desk.channel, "privacy forget"))
    await desk.member.click(asked.message, custom_id=custom_ids(asked)[0])
    assert told.take_cancelled() == {job.id}


async def test_a_forget_request_is_carried_out_even_if_discord_refuses_the_reply(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, _ = await desk.post_picture()
    asked = answer_to(await desk.member.slash(desk.channel, "privacy forget"))

    async def refused(*_: object, **__: object) -> None:
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr(discord.InteractionResponse, "defer", refused)
        await desk.member.click(asked.message, custom_id=custom_ids(asked)[0])
    desk.env._errors.clear()
    async with asyncio.timeout(1):
        await desk.services.signals.erase.wait(3600)
    services = desk.services
    eraser = Eraser(services.privacy, services.signals, services.forget_in_memory)
    assert await eraser.round()
    assert await desk.services.views.get(job.id) is None
