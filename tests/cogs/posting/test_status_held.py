"""The status message of a request whose picture waits for the moderators."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain import GuildId, UserId
from bot.store.consequences import Judgement
from bot.store.decisions import Outcome
from tests.stages.desk import PREVIEWS, Desk
from tests.stages.factories import make_held
from tests.stages.simulated import scene


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with scene(tmp_path, "cogs.posting.status", kind=Desk) as built:
        yield built


async def judge(desk: Desk, outcome: Outcome) -> None:
    (case,) = await desk.services.reviews.open_cases(GuildId(desk.guild.id), 9)
    judgement = Judgement(
        outcome=outcome,
        actor_id=UserId(1),
        at_ms=desk.services.clock(),
        removal_text="It was removed.",
    )
    assert await desk.services.reviews.decide(case.id, judgement)


async def test_the_preview_of_a_held_picture_leaves_the_status_message(desk: Desk) -> None:
    (job,), message = await desk.make_request()
    await desk.start_job(job)
    desk.report_step(job, 2, PREVIEWS[0])
    await desk.env.advance_time(4)
    await desk.update_statuses()
    shown = desk.current_message(message)
    assert shown is not None
    assert shown.attachments, "without a preview this test proves nothing"
    desk.end_drawing(job)
    await desk.keep_picture(job, make_held(job))
    await desk.env.advance_time(4)
    await desk.update_statuses()
    held = desk.current_message(message)
    assert held is not None
    assert held.attachments == []
    assert "The moderators look at it first." in held.content
    assert await desk.has_open_status(job), "it has not ended yet"


async def test_a_removal_is_reported_in_the_status_message(desk: Desk) -> None:
    (job,), message = await desk.make_request()
    await desk.start_job(job)
    await desk.keep_picture(job, make_held(job))
    desk.end_drawing(job)
    await desk.env.advance_time(20)
    await desk.update_statuses()
    await judge(desk, Outcome.REMOVE)
    await desk.env.advance_time(20)
    await desk.update_statuses()
    assert "It was removed." in desk.text_of(message)
    assert not await desk.has_open_status(job)


async def test_the_status_message_is_deleted_when_an_approved_picture_is_posted(desk: Desk) -> None:
    (job,), message = await desk.make_request()
    await desk.start_job(job)
    await desk.keep_picture(job, make_held(job))
    desk.end_drawing(job)
    await judge(desk, Outcome.APPROVE)
    await desk.deliver_job(job)
    await desk.env.advance_time(20)
    await desk.update_statuses()
    assert desk.current_message(message) is None
    assert not await desk.has_open_status(job)
