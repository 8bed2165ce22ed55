"""The licence as members meet it: `/licence`, and the buttons under the terms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simcord.actors import MemberActor
from simcord.results import InteractionResult, ResponseMessage

from bot.domain import (
    Admitted,
    GuildId,
    RefusalReason,
    Refused,
    Request,
    RequestId,
    StorageError,
    UserId,
)
from bot.policy.layers import GuildPolicy
from bot.store.consent import TERMS_SHOWN_MS, UNLICENSED_MAX, UNLICENSED_MS
from bot.words import licensing
from cogs.asking import requests
from tests.stages.fake_engine import INFO
from tests.stages.front import Front, answer_to, custom_ids, front

NEW_LICENCE = replace(INFO, card_id="fake-2", name="Fake 2", licence_sha256="f" * 64)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        yield ready


async def reads(desk: Front, who: MemberActor) -> ResponseMessage:
    answer = answer_to(await who.slash(desk.channel, "licence"))
    assert answer.ephemeral
    return answer


async def presses(desk: Front, who: MemberActor, message: ResponseMessage, action: str) -> str:
    """The message's text after its button was pressed."""
    await who.click(message.message, custom_id=a_button(desk, message, action))
    return desk.env.backend.messages[desk.channel.id][message.id].content


def buttons(desk: Front, message: ResponseMessage) -> dict[str, str]:
    """The custom ids under a message as it is now, by action."""
    rows = desk.env.backend.messages[desk.channel.id][message.id].components
    ids = [item["custom_id"] for row in rows for item in row["components"]]
    return {custom_id.split(":")[1]: custom_id for custom_id in ids}


def a_button(desk: Front, message: ResponseMessage, action: str) -> str:
    return buttons(desk, message)[action]


def files(desk: Front, message: ResponseMessage) -> list[str]:
    stored = desk.env.backend.messages[desk.channel.id][message.id]
    return [attachment["filename"] for attachment in stored.attachments]


async def test_licence_lists_the_restrictions_and_attaches_the_whole_text(desk: Front) -> None:
    answer = await reads(desk, desk.member)
    assert INFO.name in answer.content
    assert INFO.licence_name in answer.content
    for clause in desk.services.rulebook.clauses.values():
        assert clause in answer.content
    (file,) = answer.attachments
    assert (await file.read()).decode() == INFO.licence_text


async def test_licence_says_whether_and_when_the_member_accepted_it(desk: Front) -> None:
    who = desk.newcomer()
    before = await reads(desk, who)
    assert "haven't accepted it yet" in before.content
    at_s = round(desk.env.now().timestamp())
    await presses(desk, who, before, "accept")
    after = await reads(desk, who)
    assert f"You accepted it <t:{at_s}:R>" in after.content
    assert not custom_ids(after)
    desk.use_model(NEW_LICENCE)
    assert "haven't accepted it yet" in (await reads(desk, who)).content, "that is another licence"


async def test_accepting_without_a_waiting_request_says_what_to_do_next(desk: Front) -> None:
    who = desk.newcomer()
    assert "`/waifu`" in await presses(desk, who, await reads(desk, who), "accept")
    assert not await desk.jobs_of(who)
    assert not (await desk.ask(who)).ephemeral


async def test_declining_ends_the_request_and_returns_its_words(desk: Front) -> None:
    who = desk.newcomer()
    terms = await desk.ask(who, prompt="1girl, wary")
    words = await presses(desk, who, terms, "decline")
    assert "1girl, wary" in words
    assert "change your mind" in words
    assert not files(desk, terms)
    assert not await desk.services.queue._db.fetch_all("SELECT * FROM waiting_asks")
    assert not await desk.services.consent.has_accepted(UserId(who.id), INFO.licence_sha256)
    assert not await desk.jobs_of(who)


async def test_a_decline_can_be_reconsidered_after_a_restart(desk: Front) -> None:
    who = desk.newcomer()
    terms = await desk.ask(who, prompt="1girl, wary")
    await presses(desk, who, terms, "decline")
    await desk.restart()
    again = await presses(desk, who, terms, "reconsider")
    assert INFO.licence_name in again
    assert files(desk, terms) == ["LICENCE.txt"]
    await presses(desk, who, terms, "accept")
    assert not await desk.jobs_of(who), "what was declined does not come back by itself"
    assert not (await desk.ask(who)).ephemeral


async def prompts(desk: Front, who: MemberActor) -> list[str]:
    return [job.draw.prompt for job in await desk.jobs_of(who)]


async def waiting_rows(desk: Front) -> int:
    return len(await desk.services.queue._db.fetch_all("SELECT * FROM waiting_asks"))


async def accepts(desk: Front, who: MemberActor, message: ResponseMessage) -> InteractionResult:
    return await who.click(message.message, custom_id=a_button(desk, message, "accept"))


def shown_text(desk: Front, message: ResponseMessage) -> str:
    return desk.env.backend.messages[desk.channel.id][message.id].content


async def test_one_acceptance_draws_every_waiting_request(desk: Front) -> None:
    """A second request does not show the terms again, and is answered in one line."""
    who = desk.newcomer()
    terms = await desk.ask(who, prompt="1girl, first")
    second = await desk.ask(who, prompt="1girl, second")
    third = await desk.ask(who, prompt="1girl, third")
    assert second.content == third.content == licensing.ONE_MORE()
    assert second.ephemeral
    assert not second.attachments
    assert set(buttons(desk, second)) == {"reconsider"}
    assert not await desk.jobs_of(who)
    pressed = await accepts(desk, who, terms)
    assert await prompts(desk, who) == ["1girl, first", "1girl, second", "1girl, third"]
    assert [one.ephemeral for one in pressed.followups] == [False] * 3, "each has its status"
    assert shown_text(desk, terms) == licensing.THANKS()
    assert not buttons(desk, terms)
    assert not await waiting_rows(desk)


async def test_the_terms_can_be_reached_from_every_later_answer(desk: Front) -> None:
    """Discord drops the message with the terms when the client reloads."""
    who = desk.newcomer()
    await desk.ask(who, prompt="1girl, first")
    second = await desk.ask(who, prompt="1girl, second")
    await desk.restart()
    assert INFO.licence_name in await presses(desk, who, second, "reconsider")
    assert files(desk, second) == ["LICENCE.txt"]
    await accepts(desk, who, second)
    assert await prompts(desk, who) == ["1girl, first", "1girl, second"]


async def test_waiting_requests_are_drawn_by_accepting_on_licence(desk: Front) -> None:
    who = desk.newcomer()
    await desk.ask(who, prompt="1girl, first")
    await accepts(desk, who, await reads(desk, who))
    assert await prompts(desk, who) == ["1girl, first"]


async def test_the_terms_come_again_after_a_while(desk: Front) -> None:
    who = desk.newcomer()
    await desk.ask(who)
    await desk.env.advance_time(TERMS_SHOWN_MS / 1000 + 1)
    later = await desk.ask(who, prompt="1girl, later")
    assert set(buttons(desk, later)) == {"accept", "decline"}
    await accepts(desk, who, later)
    assert await prompts(desk, who) == ["1girl", "1girl, later"]


async def test_a_request_that_waited_for_days_is_drawn_only_by_its_own_button(desk: Front) -> None:
    who = desk.newcomer()
    old = await desk.ask(who, prompt="1girl, old")
    other = await desk.ask(who, prompt="1girl, other")
    await desk.env.advance_time(UNLICENSED_MS / 1000 + 1)
    await accepts(desk, who, await reads(desk, who))
    assert not await desk.jobs_of(who)
    await accepts(desk, who, old)
    assert await prompts(desk, who) == ["1girl, old"]
    await presses(desk, who, other, "reconsider")
    await accepts(desk, who, other)
    assert await prompts(desk, who) == ["1girl, old", "1girl, other"]


async def test_a_request_too_many_is_refused_with_its_words(desk: Front) -> None:
    who = desk.newcomer()
    terms = await desk.ask(who, prompt="1girl, 0")
    for number in range(1, UNLICENSED_MAX):
        await desk.ask(who, prompt=f"1girl, {number}")
    refused = await desk.ask(who, prompt="1girl, one too many")
    assert licensing.TOO_MANY(count=UNLICENSED_MAX) in refused.content
    assert "1girl, one too many" in refused.content
    assert refused.ephemeral
    assert set(buttons(desk, refused)) == {"reconsider"}
    await accepts(desk, who, terms)
    assert await prompts(desk, who) == [f"1girl, {number}" for number in range(UNLICENSED_MAX)]


async def test_a_request_of_another_channel_is_drawn_only_there(desk: Front) -> None:
    """Its words may not be meant for the readers of this channel."""
    who = desk.newcomer()
    terms = await desk.ask(who, prompt="1girl, here")
    there = desk.guild.create_text_channel("there")
    other = answer_to(await who.slash(there, "waifu", prompt="1girl, there"))
    assert [file.filename for file in other.attachments] == ["LICENCE.txt"], "not seen there yet"
    await accepts(desk, who, terms)
    assert await prompts(desk, who) == ["1girl, here"]
    assert f"<#{there.id}>" in shown_text(desk, terms)
    again = answer_to(await who.slash(there, "licence"))
    pressed = await who.click(again.message, custom_id=custom_ids(again)[0])
    assert answer_to(pressed).content
    assert [job.channel_id for job in await desk.jobs_of(who)] == [desk.channel.id, there.id]


def enqueues_but(desk: Front, word: str, instead: Callable[[], Refused]) -> Any:
    """The queue's `enqueue`, with `instead` for prompts that contain the word."""
    enqueue = desk.services.queue.enqueue

    async def enqueue_others(admitted: Admitted, *args: Any, **options: Any) -> Request | Refused:
        if word in admitted.ask.draw.prompt:
            return instead()
        return await enqueue(admitted, *args, **options)

    return enqueue_others


async def test_a_fault_between_two_waiting_requests_loses_none(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> Refused:
        raise StorageError("the disk is full")

    who = desk.newcomer()
    terms = await desk.ask(who, prompt="1girl, first")
    await desk.ask(who, prompt="1girl, second")
    with monkeypatch.context() as patched:
        patched.setattr(desk.services.queue, "enqueue", enqueues_but(desk, "second", fails))
        await accepts(desk, who, terms)
    assert await prompts(desk, who) == ["1girl, first"]
    await accepts(desk, who, terms)
    assert await prompts(desk, who) == ["1girl, first", "1girl, second"]


async def test_an_outcome_that_cannot_be_sent_hides_no_later_one(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses() -> Refused:
        return Refused(reason=RefusalReason.SERVER, text="no room")

    async def fails(*_: Any) -> None:
        raise OSError("Discord hung up")

    who = desk.newcomer()
    terms = await desk.ask(who, prompt="1girl, first")
    await desk.ask(who, prompt="1girl, second")
    monkeypatch.setattr(desk.services.queue, "enqueue", enqueues_but(desk, "first", refuses))
    monkeypatch.setattr(requests, "refuse", fails)
    pressed = await accepts(desk, who, terms)
    assert await prompts(desk, who) == ["1girl, second"]
    (status,) = pressed.followups
    assert "1girl, second" in status.content


async def test_a_pause_between_requests_does_not_refuse_those_that_waited(desk: Front) -> None:
    who = desk.newcomer()
    policy = GuildPolicy(guild_id=GuildId(desk.guild.id), cooldown_s=60)
    await desk.services.guilds.save(policy, 0, UserId(who.id), 1, summary="a pause")
    terms = await desk.ask(who, prompt="1girl, first")
    await desk.ask(who, prompt="1girl, second")
    await accepts(desk, who, terms)
    assert await prompts(desk, who) == ["1girl, first", "1girl, second"]


async def test_declining_drops_every_waiting_request_and_returns_all_words(desk: Front) -> None:
    who = desk.newcomer()
    terms = await desk.ask(who, prompt="1girl, first", negative="hat", seed=77)
    await desk.ask(who, prompt="1girl, second")
    words = await presses(desk, who, terms, "decline")
    for typed in ("1girl, first", "hat", "--seed 77", "1girl, second"):
        assert typed in words
    assert not await waiting_rows(desk)
    assert not await desk.services.queue._db.fetch_all("SELECT * FROM drafts")


async def test_declining_returns_long_words_whole_as_a_file(desk: Front) -> None:
    who = desk.newcomer()
    typed = [f"1girl, {letter * 950}" for letter in "ab"]
    terms = await desk.ask(who, prompt=typed[0])
    await desk.ask(who, prompt=typed[1])
    await presses(desk, who, terms, "decline")
    (file,) = desk.env.backend.messages[desk.channel.id][terms.id].attachments
    text = (desk.env.backend.cdn.get(file["url"]) or b"").decode()
    assert all(prompt in text for prompt in typed)


async def test_reading_again_after_accepting_does_not_ask_again(desk: Front) -> None:
    who = desk.newcomer()
    terms = await desk.ask(who)
    second = await desk.ask(who, prompt="1girl, second")
    await accepts(desk, who, terms)
    assert await presses(desk, who, second, "reconsider") == licensing.ASK_NOW()
    assert not buttons(desk, second)


async def test_terms_that_were_replaced_are_not_shown_a_second_time(desk: Front) -> None:
    who = desk.newcomer()
    terms = await desk.ask(who, prompt="1girl, first")
    desk.use_model(NEW_LICENCE)
    await accepts(desk, who, terms)
    second = await desk.ask(who, prompt="1girl, second")
    assert second.content == licensing.ONE_MORE()
    await accepts(desk, who, terms)
    assert await prompts(desk, who) == ["1girl, first", "1girl, second"]


async def test_a_request_under_another_licence_shows_its_terms(desk: Front) -> None:
    who = desk.newcomer()
    await desk.ask(who, prompt="1girl, first")
    desk.use_model(NEW_LICENCE)
    second = await desk.ask(who, prompt="1girl, second")
    assert "Fake 2" in second.content
    await accepts(desk, who, second)
    assert await prompts(desk, who) == ["1girl, first", "1girl, second"]


@pytest.mark.parametrize(
    ("action", "told"), [("decline", "That's fine"), ("accept", "No request of yours is waiting")]
)
async def test_the_buttons_of_a_request_that_no_longer_waits_still_answer(
    desk: Front, action: str, told: str
) -> None:
    who = desk.newcomer()
    terms = await desk.ask(who, prompt="1girl, replaced")
    waiting_id = RequestId(a_button(desk, terms, action).split(":")[2][:10])
    assert await desk.services.consent.take_waiting_ask(waiting_id, UserId(who.id)) is not None
    answer = await presses(desk, who, terms, action)
    assert told in answer
    assert "replaced" not in answer
    assert not await desk.jobs_of(who)


async def test_a_member_cannot_decline_for_another(desk: Front) -> None:
    """The terms are ephemeral, but anybody who knows the id could send it."""
    who = desk.newcomer()
    terms = await desk.ask(who, prompt="1girl, mine")
    waiting_id = a_button(desk, terms, "decline").split(":")[2][:10]
    taken = await desk.services.consent.take_waiting_ask(waiting_id, UserId(desk.member.id))  # type: ignore[arg-type]
    assert taken is None


async def test_accepting_a_licence_that_has_changed_shows_the_new_one(
    desk: Front,
) -> None:
    who = desk.newcomer()
    terms = await desk.ask(who)
    desk.use_model(NEW_LICENCE)
    assert "Fake 2" in await presses(desk, who, terms, "accept")
    assert set(buttons(desk, terms)) == {"accept", "decline"}


async def test_a_picture_is_shown_after_the_licence_is_accepted(desk: Front) -> None:
    job, _ = await desk.post_picture()
    who = desk.newcomer()
    asked = answer_to(await who.slash(desk.channel, "show", id=job.id))
    assert asked.ephemeral
    assert [file.filename for file in asked.attachments] == ["LICENCE.txt"]
    assert "repeat what you just did" in await presses(desk, who, asked, "accept")
    shown = answer_to(await who.slash(desk.channel, "show", id=job.id))
    assert [file.filename for file in shown.attachments] == [f"{job.id}.png"]
