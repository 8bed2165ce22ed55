"""Asking again for a picture that moderators removed or put behind a spoiler."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
from simcord.results import ResponseMessage

from bot.domain import Job, JobState, Ruling
from tests.stages.court import Court, buttons_of, court
from tests.stages.front import answer_to, custom_ids

ASKED = {"prompt": "1girl, blue hair", "seed": 7}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Court]:
    async with court(tmp_path) as ready:
        yield ready


async def drawn(desk: Court) -> tuple[Job, discord.Message]:
    """Draw and post the next picture."""
    job = await desk.services.queue.claim("worker", 60_000, desk.services.clock())
    assert job is not None
    await desk.keep_picture(job)
    await desk.run_rounds("Delivery")
    return job, next(m for m in desk.channel.history() if job.id in m.content)


async def decided(desk: Court, action: str) -> discord.Message:
    """Post, report and decide about the member's picture. Returns its message."""
    await desk.ask(**ASKED)
    _, message = await drawn(desk)
    who = desk.newcomer()
    shown = await who.click(message, custom_id=buttons_of(message)["report"])
    await desk.fill_form(who, shown, reason=["sexual"], words="")
    await desk.press_action(await desk.post_case(), action)
    await desk.run_all_rounds()
    return message


async def appeals(desk: Court, refusal: ResponseMessage) -> None:
    (appeal,) = [i for i in custom_ids(refusal) if i.startswith("wd:appeal:")]
    shown = await desk.member.click(refusal.message, custom_id=appeal)
    await desk.fill_form(desk.member, shown, why="it is a plush toy")


async def draws_anyway(desk: Court, pointed: ResponseMessage) -> None:
    """Have the picture drawn although the bot pointed to an existing one."""
    assert "I have drawn" in pointed.content
    answer_to(await desk.member.click(pointed.message, label="Draw it anyway"))


async def newest(desk: Court) -> Job:
    return (await desk.jobs_of())[-1]


async def test_a_removed_picture_is_not_redrawn_from_the_same_words_and_seed(
    desk: Court,
) -> None:
    await decided(desk, "remove")
    refused = await desk.ask(**ASKED)
    assert refused.ephemeral
    assert "A moderator removed exactly this picture from this server" in refused.content
    assert "1girl, blue hair" in refused.content.split("```")[1], "their words come back"
    assert [i.split(":")[1] for i in custom_ids(refused)] == ["revise", "appeal"]
    assert len(await desk.jobs_of()) == 1
    assert not (await desk.ask(prompt=ASKED["prompt"], seed=8)).ephemeral


async def test_a_removed_picture_is_not_drawn_as_one_of_several_either(desk: Court) -> None:
    await decided(desk, "remove")
    assert (await desk.ask(prompt=ASKED["prompt"], seed=5, count=3)).ephemeral
    assert not (await desk.ask(prompt=ASKED["prompt"], seed=5, count=2)).ephemeral


async def test_an_upheld_appeal_draws_the_picture_and_lifts_the_removal(desk: Court) -> None:
    await decided(desk, "remove")
    await appeals(desk, await desk.ask(**ASKED))
    await desk.run_rounds("Review")
    case = next(m for m in desk.review_channel.history() if "An appeal" in m.content)
    assert "moderators removed the same picture" in case.content
    await desk.press_action(case, "uphold")
    job, _ = await drawn(desk)
    assert await desk.state(job) is JobState.DELIVERED
    assert "I have drawn" in (await desk.ask(**ASKED)).content


async def test_an_appeal_that_is_dismissed_changes_nothing(desk: Court) -> None:
    await decided(desk, "remove")
    await appeals(desk, await desk.ask(**ASKED))
    await desk.run_rounds("Review")
    case = next(m for m in desk.review_channel.history() if "An appeal" in m.content)
    await desk.press_action(case, "dismiss")
    assert (await desk.ask(**ASKED)).ephemeral


@pytest.mark.parametrize("label", ["Again", "Reroll"])
async def test_variations_of_a_spoilered_picture_are_spoilered_too(desk: Court, label: str) -> None:
    message = await decided(desk, "spoiler")
    answer = answer_to(await desk.member.click(message, label=label))
    if label == "Again":
        await draws_anyway(desk, answer)
    job, again = await drawn(desk)
    assert job.ruling is Ruling.SPOILER
    assert [file.is_spoiler() for file in again.attachments] == [True]
    answer_to(await desk.member.click(again, label="Reroll"))
    assert (await newest(desk)).ruling is Ruling.SPOILER, "so is a variation of a variation"


async def test_retyping_a_spoilered_prompt_gives_a_spoilered_picture(desk: Court) -> None:
    await decided(desk, "spoiler")
    await draws_anyway(desk, await desk.ask(**ASKED))
    _, again = await drawn(desk)
    assert [file.is_spoiler() for file in again.attachments] == [True]


async def test_variations_of_a_plain_picture_have_no_spoiler(desk: Court) -> None:
    await desk.ask(**ASKED)
    _, message = await drawn(desk)
    for label in ("Again", "Reroll"):
        await desk.member.click(message, label=label)
        assert (await newest(desk)).ruling is Ruling.ALLOW
