"""What must go from Discord goes in the end, whatever is in the way, even unknown messages."""

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
from tests.stages.front import Front, custom_ids, front, said


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(
        tmp_path, "cogs.posting.delivery", "cogs.posting.lost", "cogs.voting.votes"
    ) as ready:
        yield ready


async def delivers_without_an_answer(desk: Front, monkeypatch: pytest.MonkeyPatch) -> Job:
    """The picture is in the channel, but the bot does not know it."""
    (job,) = await desk.queued()
    await desk.drawn([job])
    desk.loses_answers(monkeypatch, TimeoutError())
    await desk.looks("Delivery")
    (message,) = desk.channel.history()
    assert message.attachments
    assert not await desk.services.gallery.posts(job.id)
    return job


async def test_a_post_whose_answer_was_lost_goes_when_its_member_is_forgotten(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await delivers_without_an_answer(desk, monkeypatch)
    await desk.services.privacy.forget(job.user_id)
    await desk.restart()
    await desk.takes_down()
    assert desk.shown() == []
    assert await desk.nothing_is_owed()


async def test_a_post_whose_answer_was_lost_goes_when_its_picture_is_deleted(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await delivers_without_an_answer(desk, monkeypatch)
    await desk.services.gallery.delete(job.id, 1)
    await desk.takes_down()
    assert desk.shown() == []


async def test_a_status_message_whose_id_was_never_stored_goes_with_its_member(
    desk: Front,
) -> None:
    answer = await desk.asks(prompt="1girl, a secret")
    (job,) = await desk.jobs()
    await desk.services.views.set_status_message(job.request_id, None)
    await desk.services.privacy.forget(job.user_id)
    await desk.takes_down()
    assert answer.id not in desk.shown()
    assert await desk.nothing_is_owed()


async def test_a_status_message_that_is_being_sent_goes_with_its_member(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing = desk.services.views.standing

    async def meddled(job_id: Any) -> Any:
        (job,) = await desk.jobs()
        found = await standing(job_id)
        await desk.services.privacy.forget(job.user_id)
        return found

    monkeypatch.setattr(desk.services.views, "standing", meddled)
    answer = await desk.asks()
    await desk.takes_down()
    assert answer.id not in desk.shown()


async def test_a_hunt_for_what_was_never_sent_ends(desk: Front) -> None:
    (job,) = await desk.queued()
    await desk.drawn([job])
    await desk.services.outbox.begin_posting(job.owed_post_id, desk.services.clock())
    await desk.services.privacy.forget(job.user_id)
    await desk.looks("Takedown")
    assert not await desk.nothing_is_owed(), "Discord may still be at work on it"
    await desk.takes_down()
    assert await desk.nothing_is_owed()


async def test_a_hunt_that_finds_nothing_holds_up_no_message_that_is_known(desk: Front) -> None:
    (job,) = await desk.queued()
    await desk.drawn([job])
    await desk.services.outbox.begin_posting(job.owed_post_id, desk.services.clock())
    await desk.services.gallery.delete(job.id, 1)
    await desk.looks("Takedown")
    known, message = await desk.picture()
    await desk.services.gallery.delete(known.id, 1)
    await desk.looks("Takedown")
    assert message.id not in desk.shown()
    assert await desk.services.doomed.hunts(9)


async def test_a_hunt_takes_what_we_said_and_leaves_what_others_say(desk: Front) -> None:
    (job,) = await desk.queued()
    await desk.channel_of(job).send(f"0 of 1 picture\n-# Request `{job.request_id}`")
    theirs = desk.env.backend.create_message(
        desk.channel.id, desk.member.id, f"where is {job.request_id}?"
    )
    await desk.services.privacy.forget(job.user_id)
    await desk.takes_down()
    assert desk.shown() == [theirs.id]


async def test_a_name_in_somebodys_prompt_draws_no_hunt_upon_their_post(desk: Front) -> None:
    (never,) = await desk.queued()
    (theirs,) = await desk.queued(prompt=f"where is {never.request_id}?")
    await desk.drawn([never, theirs])
    await desk.looks("Delivery")
    await desk.services.doomed.hunt(
        Hunt(
            name=never.request_id,
            channel_id=never.channel_id,
            guild_id=never.guild_id,
            since_id=1,
        )
    )
    before = desk.shown()
    await desk.takes_down()
    assert desk.shown() == before


async def test_a_hunt_that_cannot_go_on_holds_up_no_deletion(desk: Front) -> None:
    (never,) = await desk.queued()
    await desk.services.privacy.forget(never.user_id)
    await desk.bot_may_not("read_message_history")
    for _ in range(2):
        await desk.looks("Takedown")
    assert await desk.services.doomed.hunts(9), "it waits for the permission"
    job, message = await desk.picture()
    await desk.services.gallery.delete(job.id, 1)
    await desk.looks("Takedown")
    assert message.id not in desk.shown()


async def test_what_is_posted_or_gone_is_not_looked_for(desk: Front) -> None:
    (job,) = await desk.queued()
    await desk.drawn([job])
    await desk.looks("Delivery")
    (message,) = desk.channel.history()
    await desk.services.gallery.message_deleted([MessageId(message.id)], 1)
    await desk.services.gallery.delete(job.id, 1)
    assert await desk.nothing_is_owed()


async def test_a_show_of_a_picture_is_not_taken_for_its_delivery(desk: Front) -> None:
    (job,) = await desk.queued()
    await desk.drawn([job])
    await desk.services.outbox.begin_posting(job.owed_post_id, 1)
    await desk.member.slash(desk.channel, "show", id=job.id)
    await desk.looks("Delivery")
    assert len(await desk.services.gallery.posts(job.id)) == len(desk.shown()) == 2


async def test_a_hunt_in_a_channel_that_is_gone_ends(desk: Front) -> None:
    other = desk.guild.create_text_channel("other")
    (job,) = await desk.queued(channel=other)
    await desk.drawn([job])
    await desk.services.outbox.begin_posting(job.owed_post_id, desk.services.clock())
    await desk.services.privacy.forget(job.user_id)
    desk.env.backend.delete_channel(other.id)
    await desk.env.settle()
    await desk.takes_down()
    assert await desk.nothing_is_owed()


async def test_a_message_out_of_reach_goes_when_it_is_in_reach_again(desk: Front) -> None:
    other = desk.guild.create_text_channel("other")
    job, message = await desk.picture()
    elsewhere = await other_picture(desk, other)
    for one in (job, elsewhere):
        await desk.services.gallery.delete(one.id, 1)
    desk.env.inject_error(
        "DELETE", f"/channels/{desk.channel.id}/messages/*", status=403, code=50001, times=None
    )
    await desk.takes_down()
    assert not other.history(), "the channel out of reach holds up no other"
    assert message.id in desk.shown()
    desk.env.backend.faults.clear()
    await desk.takes_down(rounds=12)
    assert message.id not in desk.shown()
    assert await desk.nothing_is_owed()


async def other_picture(desk: Front, channel: Any) -> Job:
    (job,) = await desk.queued(channel=channel)
    await desk.drawn([job])
    await desk.posted(job)
    return job


async def test_an_archived_thread_is_opened_for_it_and_closed_again(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, message = await desk.picture()
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
    await desk.takes_down()
    assert there.id not in [m.id async for m in thread.history()]
    assert desk.env.backend.channels[thread.id].thread_metadata.archived
    assert await desk.nothing_is_owed()


class Answer:
    reason = "Bad Request"

    def __init__(self, status: int) -> None:
        self.status = status


# ---- the wish to be forgotten --------------------------------------------------------------------


async def test_the_button_stays_until_the_deed_is_done(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.picture()
    asked = said(await desk.member.slash(desk.channel, "privacy forget"))

    async def dies(_user_id: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(desk.services.privacy, "forget", dies)
        await desk.member.click(asked.message, custom_id=custom_ids(asked)[0])
    stored = desk.env.backend.messages[desk.channel.id][asked.id]
    assert stored.components, "whoever sees no answer may press again"
    assert await desk.services.privacy.wishes() == [desk.member.id]
    done = await desk.member.click(asked.message, custom_id=custom_ids(asked)[0])
    assert "Everything I stored about you is erased" in said(done).content
    assert not await desk.services.privacy.wishes()
    assert not desk.env.backend.messages[desk.channel.id][asked.id].components


async def test_the_worker_drops_what_it_draws_for_the_forgotten(desk: Front) -> None:
    (job,) = await desk.queued()
    told = desk.services.signals.for_worker()
    asked = said(await desk.member.slash(desk.channel, "privacy forget"))
    await desk.member.click(asked.message, custom_id=custom_ids(asked)[0])
    assert told.take_cancelled() == {job.id}


async def test_a_wish_is_carried_out_soon_though_discord_did_not_take_the_answer(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, _ = await desk.picture()
    asked = said(await desk.member.slash(desk.channel, "privacy forget"))

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
