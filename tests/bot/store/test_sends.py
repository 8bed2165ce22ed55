"""A message is recorded before it is sent, and its outcome afterwards."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import discord
import pytest
import pytest_asyncio

from bot.domain import DatabaseError
from bot.store.sends import SendAttempt, SendKind
from tests.stages.factories import USER, make_message, make_post, make_send
from tests.stages.front import Front, answer_to, front
from tests.stages.stores import Stores, open_stores


def http_fault(status: int, code: int) -> discord.HTTPException:
    response: Any = SimpleNamespace(status=status, reason="")
    return discord.HTTPException(response, {"code": code, "message": ""})


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Front]:
    async with front(tmp_path, "cogs.posting.lost") as ready:
        yield ready


async def test_a_second_attempt_knows_that_the_message_may_be_there(stores: Stores) -> None:
    send = make_send((await stores.deliver(message=1)).id)
    assert await stores.sends.begin(send) is SendAttempt.FIRST
    assert await stores.sends.begin(send) is SendAttempt.AGAIN


@pytest.mark.parametrize("kind", SendKind)
async def test_no_send_begins_for_a_forgotten_member(stores: Stores, kind: SendKind) -> None:
    send = make_send((await stores.deliver(message=1)).id, kind=kind)
    await stores.privacy.forget(USER)
    assert await stores.sends.begin(send) is SendAttempt.GONE
    assert await stores.rows("sends") == []


async def test_a_deleted_picture_is_not_shown_but_its_notice_is_sent(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    await stores.gallery.delete(job.id, 9_000)
    assert await stores.sends.begin(make_send(job.id, kind=SendKind.SHOW)) is SendAttempt.GONE
    assert await stores.sends.begin(make_send(job.id, kind=SendKind.TOP)) is SendAttempt.GONE
    assert await stores.sends.begin(make_send(job.id, kind=SendKind.NOTICE)) is SendAttempt.FIRST


async def test_one_missing_picture_holds_back_the_whole_list(stores: Stores) -> None:
    jobs = [await stores.deliver(message=n, seed=n) for n in (1, 2)]
    await stores.gallery.delete(jobs[0].id, 9_000)
    send = make_send(*(job.id for job in jobs), kind=SendKind.TOP)
    assert await stores.sends.begin(send) is SendAttempt.GONE


async def test_a_finished_show_is_a_post_and_no_longer_a_send(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    send = make_send(job.id)
    await stores.sends.begin(send)
    assert await stores.sends.record_post(send, make_post(job.id, message=2))
    assert await stores.rows("sends") == []
    assert [post.message_id for post in await stores.gallery.posts(job.id)] == [1, 2]


@pytest.mark.parametrize("deed", ["delete", "forget"])
async def test_a_known_message_is_doomed_and_an_unknown_one_hunted(
    stores: Stores, deed: str
) -> None:
    job = await stores.deliver(message=1)
    known, unknown = (make_send(job.id, name=name, kind=SendKind.TOP) for name in ("k", "u"))
    for send in (known, unknown):
        await stores.sends.begin(send)
    assert await stores.sends.record_message(known, make_message(5).message_id)
    if deed == "delete":
        await stores.gallery.delete(job.id, 9_000)
    else:
        await stores.privacy.forget(USER)
    assert {m.message_id for m in await stores.doomed.messages(9)} == {1, 5}
    assert {hunt.name for hunt in await stores.doomed.hunts(9)} == {"u"} | (
        {job.request_id} if deed == "forget" else set()
    )
    assert not await stores.sends.record_message(unknown, make_message(6).message_id), "too late"
    assert {m.message_id for m in await stores.doomed.messages(9)} == {1, 5, 6}


async def test_a_show_that_is_too_late_is_doomed(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    send = make_send(job.id)
    await stores.sends.begin(send)
    await stores.gallery.delete(job.id, 9_000)
    assert not await stores.sends.record_post(send, make_post(job.id, message=6))
    assert {m.message_id for m in await stores.doomed.messages(9)} == {1, 6}


async def test_a_message_that_was_sent_is_not_given_up(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    send = make_send(job.id, kind=SendKind.TOP)
    await stores.sends.begin(send)
    await stores.sends.record_message(send, make_message(5).message_id)
    await stores.sends.abandon(send)
    await stores.gallery.delete(job.id, 9_000)
    assert {m.message_id for m in await stores.doomed.messages(9)} == {1, 5}


async def test_an_answer_lost_after_its_hunt_was_over_is_hunted_again(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    send = make_send(job.id, name="u")
    await stores.sends.begin(send)
    await stores.gallery.delete(job.id, 9_000)
    (hunt,) = await stores.doomed.hunts(9)
    await stores.doomed.end_hunt(hunt, [])
    await stores.sends.record_lost_answer(send)
    assert await stores.doomed.hunts(9) == [hunt]


async def test_only_the_sends_of_an_earlier_process_count_as_lost(stores: Stores) -> None:
    job = await stores.deliver(message=1)
    under_way, there = (make_send(job.id, name=name, kind=SendKind.TOP) for name in ("u", "t"))
    for send in (under_way, there):
        await stores.sends.begin(send)
    await stores.sends.record_message(there, make_message(5).message_id)
    assert await stores.sends.lost_sends(9) == [], "this process still waits for its answer"
    await stores.sends.mark_all_lost()
    assert await stores.sends.lost_sends(9) == [under_way]
    assert await stores.sends.lost_sends(9, closed=[under_way.channel_id]) == []


async def test_a_list_deleted_by_a_moderator_is_no_longer_remembered(stores: Stores) -> None:
    send = make_send((await stores.deliver(message=1)).id, kind=SendKind.TOP)
    await stores.sends.begin(send)
    await stores.sends.record_message(send, make_message(5).message_id)
    await stores.gallery.record_deleted_messages([make_message(5).message_id], 9_000)
    assert await stores.rows("sends") == await stores.rows("send_jobs") == []


async def test_a_picture_deleted_just_before_it_is_shown_is_not_shown(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, _ = await desk.post_picture()
    read = desk.services.gallery.read

    async def meddled(picture: Any) -> bytes:
        data = await read(picture)
        await desk.services.gallery.delete(job.id, 1)
        return data

    monkeypatch.setattr(desk.services.gallery, "read", meddled)
    answer = answer_to(await desk.member.slash(desk.channel, "show", id=job.id))
    assert "was deleted" in answer.content
    assert not answer.attachments
    assert not [m for m in desk.channel.history() if m.attachments]


async def test_a_show_whose_answer_was_lost_still_becomes_a_post(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, _ = await desk.post_picture()
    shelf = sys.modules["cogs.asking.showing"]
    post = shelf.send_picture

    async def lost(*arguments: Any, private: bool) -> discord.WebhookMessage:
        await post(*arguments, private=private)
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr(shelf, "send_picture", lost)
        await desk.member.slash(desk.channel, "show", id=job.id)
    desk.env._errors.clear()
    assert len(await desk.services.gallery.posts(job.id)) == 1
    await desk.run_rounds("Lost")
    assert len(await desk.services.gallery.posts(job.id)) == 2


async def test_a_show_that_could_not_be_recorded_is_found_without_a_restart(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, _ = await desk.post_picture()

    async def busy(*_: object) -> bool:
        raise DatabaseError("another program has it")

    with monkeypatch.context() as patch:
        patch.setattr(desk.services.sends, "record_post", busy)
        await desk.member.slash(desk.channel, "show", id=job.id)
    desk.env._errors.clear()
    await desk.run_rounds("Lost")
    assert len(await desk.services.gallery.posts(job.id)) == 2


async def test_a_send_is_not_given_up_where_the_bot_may_not_look(desk: Front) -> None:
    job, _ = await desk.post_picture()
    send = make_send(job.id, channel=desk.channel.id, guild=desk.guild.id)
    await desk.services.sends.begin(send)
    await desk.services.sends.mark_all_lost()
    desk.env.inject_error("GET", "/channels/*/messages", status=403, code=50001, times=None)
    for number in range(8):
        await desk.run_rounds("Lost")
        await desk.env.advance_time(2**number)
    assert await desk.services.sends.lost_sends(9) == [send]


async def test_a_shown_picture_is_opened_for_votes_at_once(desk: Front) -> None:
    job, _ = await desk.post_picture()
    await desk.member.slash(desk.channel, "show", id=job.id)
    async with asyncio.timeout(1):
        await desk.services.signals.posted.wait(60)


@pytest.mark.parametrize(
    ("fault", "looked_for"),
    [
        (ValueError("too large"), False),
        (asyncio.CancelledError(), True),
        (ConnectionResetError(), True),
        (http_fault(503, 0), True),
        (http_fault(404, 10062), False),
    ],
)
async def test_a_send_is_looked_for_unless_it_was_certainly_refused(
    desk: Front, monkeypatch: pytest.MonkeyPatch, fault: BaseException, *, looked_for: bool
) -> None:
    job, _ = await desk.post_picture()

    async def fails(*_: object, private: bool) -> None:
        raise fault

    monkeypatch.setattr(sys.modules["cogs.asking.showing"], "send_picture", fails)
    await desk.member.slash(desk.channel, "show", id=job.id)
    desk.env._errors.clear()
    assert bool(await desk.services.sends.lost_sends(9)) is looked_for
