"""The licence as members meet it: `/licence`, and the buttons under the terms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from simcord.actors import MemberActor
from simcord.results import ResponseMessage

from bot.domain import RequestId, UserId
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


async def test_each_waiting_request_can_be_declined_separately(desk: Front) -> None:
    who = desk.newcomer()
    terms = await desk.ask(who)
    other = await desk.ask(who, prompt="1girl, other")
    decline = a_button(desk, terms, "decline")
    assert "That's fine" in await presses(desk, who, terms, "decline")
    assert "1girl, other" in await presses(desk, who, other, "decline")
    view_less = answer_to(await desk.member.slash(desk.channel, "licence"))
    assert decline not in custom_ids(view_less)


@pytest.mark.parametrize(
    ("action", "told"), [("decline", "That's fine"), ("accept", "no longer have that request")]
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
