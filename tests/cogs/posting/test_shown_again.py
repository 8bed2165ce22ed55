"""New uploads of a picture, by `/show` and `/votes top`, escape neither Delete nor forgetting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.domain import Job
from cogs.posting import sending
from tests.stages.factories import make_reaction, make_send
from tests.stages.front import Front, answer_to, front


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(
        tmp_path, "cogs.posting.delivery", "cogs.posting.lost", "cogs.voting.votes"
    ) as ready:
        yield ready


# ---- `/show` and `/votes top`, which upload pictures anew ----------------------------------------


async def shows_while(desk: Front, monkeypatch: pytest.MonkeyPatch, deed: Any) -> list[int]:
    """`/show` by a moderator; `deed` happens before its message is recorded.

    Returns the channel's messages.
    """
    job, _ = await desk.post_picture()
    note = sending.note_sent

    async def note_later(*arguments: Any) -> None:
        await deed(job)
        await note(*arguments)

    monkeypatch.setattr(sending, "note_sent", note_later)
    moderator = desk.moderator(manage_messages=True)
    await desk.accept_licence(moderator)
    await moderator.slash(desk.channel, "show", id=job.id)
    await desk.run_takedown()
    return desk.message_ids()


async def test_deleting_a_picture_while_show_is_sending_deletes_the_message(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deed(job: Job) -> None:
        await desk.services.gallery.delete(job.id, 1)

    assert await shows_while(desk, monkeypatch, deed) == []
    assert await desk.is_nothing_doomed()


async def test_forgetting_a_member_while_show_is_sending_deletes_the_message(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deed(job: Job) -> None:
        await desk.services.privacy.forget(job.user_id)

    assert await shows_while(desk, monkeypatch, deed) == []
    assert await desk.is_nothing_doomed()


async def dies_after_sending(desk: Front, monkeypatch: pytest.MonkeyPatch, command: str) -> Job:
    """Send the command's message and kill the process before it can record it."""

    async def dies(*_: object) -> None:
        raise asyncio.CancelledError

    job, message = await desk.post_picture()
    voter = desk.newcomer("voter")
    await desk.services.votes.record(make_reaction(message.id, voter.id))
    with monkeypatch.context() as patch:
        patch.setattr(sending, "note_sent", dies)
        options = {"id": job.id} if command == "show" else {}
        moderator = desk.moderator(manage_messages=True)
        await desk.accept_licence(moderator)
        await moderator.slash(desk.channel, command, **options)
    assert len(desk.message_ids()) == 2
    await desk.restart()
    return job


async def test_an_unrecorded_show_message_is_recorded_after_a_restart(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await dies_after_sending(desk, monkeypatch, "show")
    await desk.run_rounds("Lost")
    assert {p.message_id for p in await desk.services.gallery.posts(job.id)} == set(
        desk.message_ids()
    )
    assert not await desk.services.sends.lost_sends(9)


@pytest.mark.parametrize("command", ["show", "votes top"])
@pytest.mark.parametrize("found", [0, 1])
@pytest.mark.parametrize("deed", ["delete", "forget"])
async def test_an_unrecorded_message_is_deleted_with_its_picture(
    desk: Front, monkeypatch: pytest.MonkeyPatch, command: str, found: int, deed: str
) -> None:
    job = await dies_after_sending(desk, monkeypatch, command)
    await desk.run_rounds("Lost", rounds=found)
    if deed == "delete":
        await desk.services.gallery.delete(job.id, 1)
    else:
        await desk.services.privacy.forget(job.user_id)
    await desk.run_takedown()
    assert desk.message_ids() == []
    assert await desk.is_nothing_doomed()


async def test_a_votes_top_list_is_deleted_with_any_of_its_pictures(desk: Front) -> None:
    job, message = await desk.post_picture()
    await desk.services.votes.record(make_reaction(message.id, desk.newcomer("voter").id))
    listed = answer_to(await desk.member.slash(desk.channel, "votes top"))
    assert listed.attachments
    await desk.services.gallery.delete(job.id, 1)
    await desk.run_takedown()
    assert listed.id not in desk.message_ids()


async def test_the_search_for_a_message_never_sent_ends(desk: Front) -> None:
    job, _ = await desk.post_picture()
    await desk.services.sends.begin(make_send(job.id, channel=desk.channel.id, guild=desk.guild.id))
    await desk.services.sends.mark_all_lost()
    for number in range(8):
        await desk.run_rounds("Lost")
        await desk.env.advance_time(2**number)
    assert not await desk.services.sends.lost_sends(9)
    assert len(desk.message_ids()) == 1
