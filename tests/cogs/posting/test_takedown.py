"""What is to go from Discord goes: at last, whoever is in the way, and also what nobody knew of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
from discord.http import Route

from bot.domain import Job
from cogs.posting import sending
from tests.stages.factories import make_reaction, make_send
from tests.stages.front import Front, custom_ids, front, said


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(
        tmp_path, "cogs.posting.delivery", "cogs.posting.lost", "cogs.voting.votes"
    ) as ready:
        yield ready


async def nothing_is_owed(desk: Front) -> bool:
    doomed = desk.services.doomed
    return not await doomed.messages(9) and not await doomed.hunts(9)


async def takes_down(desk: Front, rounds: int = 8) -> None:
    """Rounds with longer and longer pauses between them, as the growing pauses of a lane ask."""
    for number in range(rounds):
        await desk.looks("Takedown")
        await desk.env.advance_time(2**number)


async def delivers_without_an_answer(desk: Front, monkeypatch: pytest.MonkeyPatch) -> Job:
    """The picture is in the channel, and the bot does not know it."""
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
    await takes_down(desk)
    assert desk.shown() == []
    assert await nothing_is_owed(desk)


async def test_a_post_whose_answer_was_lost_goes_when_its_picture_is_deleted(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await delivers_without_an_answer(desk, monkeypatch)
    await desk.services.gallery.delete(job.id, 1)
    await takes_down(desk)
    assert desk.shown() == []


async def test_a_status_message_whose_id_was_never_stored_goes_with_its_member(
    desk: Front,
) -> None:
    answer = await desk.asks(prompt="1girl, a secret")
    (job,) = await desk.jobs()
    await desk.services.views.set_status_message(job.request_id, None)
    await desk.services.privacy.forget(job.user_id)
    await takes_down(desk)
    assert answer.id not in desk.shown()
    assert await nothing_is_owed(desk)


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
    await takes_down(desk)
    assert answer.id not in desk.shown()


async def test_a_hunt_for_what_was_never_sent_ends(desk: Front) -> None:
    (job,) = await desk.queued()
    await desk.drawn([job])
    await desk.services.outbox.begin_posting(job.id, desk.services.clock())
    await desk.services.privacy.forget(job.user_id)
    await desk.looks("Takedown")
    assert not await nothing_is_owed(desk), "Discord may still be at work on it"
    await takes_down(desk)
    assert await nothing_is_owed(desk)


async def test_a_hunt_that_finds_nothing_holds_up_no_message_that_is_known(desk: Front) -> None:
    (job,) = await desk.queued()
    await desk.drawn([job])
    await desk.services.outbox.begin_posting(job.id, desk.services.clock())
    await desk.services.gallery.delete(job.id, 1)
    await desk.looks("Takedown")
    known, message = await desk.picture()
    await desk.services.gallery.delete(known.id, 1)
    await desk.looks("Takedown")
    assert message.id not in desk.shown()
    assert await desk.services.doomed.hunts(9)


async def test_a_hunt_in_a_channel_that_is_gone_ends(desk: Front) -> None:
    other = desk.guild.create_text_channel("other")
    (job,) = await desk.queued(channel=other)
    await desk.drawn([job])
    await desk.services.outbox.begin_posting(job.id, desk.services.clock())
    await desk.services.privacy.forget(job.user_id)
    desk.env.backend.delete_channel(other.id)
    await desk.env.settle()
    await takes_down(desk)
    assert await nothing_is_owed(desk)


async def test_a_message_out_of_reach_goes_when_it_is_in_reach_again(desk: Front) -> None:
    other = desk.guild.create_text_channel("other")
    job, message = await desk.picture()
    elsewhere = await other_picture(desk, other)
    for one in (job, elsewhere):
        await desk.services.gallery.delete(one.id, 1)
    desk.env.inject_error(
        "DELETE", f"/channels/{desk.channel.id}/messages/*", status=403, code=50001, times=None
    )
    await takes_down(desk)
    assert not other.history(), "the channel out of reach holds up no other"
    assert message.id in desk.shown()
    desk.env.backend.faults.clear()
    await takes_down(desk, rounds=12)
    assert message.id not in desk.shown()
    assert await nothing_is_owed(desk)


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
    await takes_down(desk)
    assert there.id not in [m.id async for m in thread.history()]
    assert desk.env.backend.channels[thread.id].thread_metadata.archived
    assert await nothing_is_owed(desk)


class Answer:
    reason = "Bad Request"

    def __init__(self, status: int) -> None:
        self.status = status


# ---- `/show` and `/votes top`, which upload pictures anew ----------------------------------------


async def shows_while(desk: Front, monkeypatch: pytest.MonkeyPatch, deed: Any) -> list[int]:
    """`/show` by a moderator; `deed` is done before its message is noted. Returns the channel."""
    job, _ = await desk.picture()
    note = sending.note_sent

    async def note_later(*arguments: Any) -> None:
        await deed(job)
        await note(*arguments)

    monkeypatch.setattr(sending, "note_sent", note_later)
    await desk.moderator(manage_messages=True).slash(desk.channel, "show", id=job.id)
    await takes_down(desk)
    return desk.shown()


async def test_a_show_under_way_does_not_escape_delete(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deed(job: Job) -> None:
        await desk.services.gallery.delete(job.id, 1)

    assert await shows_while(desk, monkeypatch, deed) == []
    assert await nothing_is_owed(desk)


async def test_a_show_under_way_does_not_escape_forget(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deed(job: Job) -> None:
        await desk.services.privacy.forget(job.user_id)

    assert await shows_while(desk, monkeypatch, deed) == []
    assert await nothing_is_owed(desk)


async def dies_after_sending(desk: Front, monkeypatch: pytest.MonkeyPatch, command: str) -> Job:
    """The message of the command is there, and the process died before it could note it."""

    async def dies(*_: object) -> None:
        raise asyncio.CancelledError

    job, message = await desk.picture()
    voter = desk.newcomer("voter")
    await desk.services.votes.record(make_reaction(message.id, voter.id))
    with monkeypatch.context() as patch:
        patch.setattr(sending, "note_sent", dies)
        options = {"id": job.id} if command == "show" else {}
        await desk.moderator(manage_messages=True).slash(desk.channel, command, **options)
    assert len(desk.shown()) == 2
    await desk.restart()
    return job


async def test_a_show_without_a_row_becomes_a_post_at_the_next_start(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await dies_after_sending(desk, monkeypatch, "show")
    await desk.looks("Lost")
    assert {p.message_id for p in await desk.services.gallery.posts(job.id)} == set(desk.shown())
    assert not await desk.services.sends.lost(9)


@pytest.mark.parametrize("command", ["show", "votes top"])
@pytest.mark.parametrize("found", [0, 1])
@pytest.mark.parametrize("deed", ["delete", "forget"])
async def test_a_message_without_a_row_goes_with_its_picture(
    desk: Front, monkeypatch: pytest.MonkeyPatch, command: str, found: int, deed: str
) -> None:
    job = await dies_after_sending(desk, monkeypatch, command)
    await desk.looks("Lost", rounds=found)
    if deed == "delete":
        await desk.services.gallery.delete(job.id, 1)
    else:
        await desk.services.privacy.forget(job.user_id)
    await takes_down(desk)
    assert desk.shown() == []
    assert await nothing_is_owed(desk)


async def test_a_list_of_the_best_goes_with_one_of_its_pictures(desk: Front) -> None:
    job, message = await desk.picture()
    await desk.services.votes.record(make_reaction(message.id, desk.newcomer("voter").id))
    listed = said(await desk.member.slash(desk.channel, "votes top"))
    assert listed.attachments
    await desk.services.gallery.delete(job.id, 1)
    await takes_down(desk)
    assert listed.id not in desk.shown()


async def test_what_was_never_sent_is_not_looked_for_for_ever(desk: Front) -> None:
    job, _ = await desk.picture()
    await desk.services.sends.begin(make_send(job.id, channel=desk.channel.id, guild=desk.guild.id))
    await desk.services.sends.lose_all()
    for number in range(8):
        await desk.looks("Lost")
        await desk.env.advance_time(2**number)
    assert not await desk.services.sends.lost(9)
    assert len(desk.shown()) == 1


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
