"""The status message of a request is accurate, rarely edited, and deleted at the end."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from discord.http import Route

from bot.domain import Job, RequestId
from tests.stages.desk import PREVIEWS, Desk
from tests.stages.simulated import scene


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with scene(tmp_path, "cogs.posting.status", kind=Desk) as built:
        yield built


async def test_progress_and_preview_are_shown_at_most_every_three_seconds(desk: Desk) -> None:
    (job,), message = await desk.make_request()
    await desk.start_job(job)
    edited: list[float] = []
    for tick in range(100):
        before = desk.edit_count()
        desk.report_step(job, 1 + tick % job.draw.steps, PREVIEWS[tick % 2])
        await desk.update_statuses()
        assert desk.edit_count() - before <= 1
        edited += [tick / 10] * (desk.edit_count() - before)
        await desk.env.advance_time(0.1)
    assert len(edited) == 3
    assert edited[0] >= 3, "the answer to the command counts as an edit"
    assert min(b - a for a, b in itertools.pairwise(edited)) >= 3
    assert "step" in desk.text_of(message)
    shown = desk.current_message(message)
    assert shown is not None
    assert [file.filename for file in shown.attachments] == ["preview.png"]
    assert shown.components, "the button to cancel stays"


async def test_an_unchanged_status_is_not_edited(desk: Desk) -> None:
    (job,), _ = await desk.make_request()
    await desk.start_job(job)
    desk.report_step(job, 2, PREVIEWS[0])
    for _ in range(10):
        await desk.env.advance_time(4)
        await desk.update_statuses()
    assert desk.edit_count() == 1


async def test_a_new_step_with_the_old_preview_uploads_nothing(desk: Desk) -> None:
    (job,), message = await desk.make_request()
    await desk.start_job(job)
    for step in (1, 2):
        desk.report_step(job, step, PREVIEWS[0] if step == 1 else None)
        await desk.env.advance_time(4)
        await desk.update_statuses()
    bodies = [r.json for r in desk.env.http_requests if r.method == "PATCH"]
    assert ["attachments" in body for body in bodies] == [True, False]
    shown = desk.current_message(message)
    assert shown is not None
    assert len(shown.attachments) == 1


async def test_a_finished_picture_shows_all_steps_while_it_is_saved(desk: Desk) -> None:
    (job,), message = await desk.make_request()
    await desk.start_job(job)
    desk.report_step(job, job.draw.steps)
    desk.end_drawing(job)
    await desk.env.advance_time(4)
    await desk.update_statuses()
    assert f"step {job.draw.steps} of {job.draw.steps}" in desk.text_of(message)


def looked_at(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[RequestId]:
    """The requests looked at from now on, once per look."""
    looked: list[RequestId] = []
    of_request = desk.services.views.of_request

    async def noted(request_id: RequestId) -> list[Job]:
        looked.append(request_id)
        return await of_request(request_id)

    monkeypatch.setattr(desk.services.views, "of_request", noted)
    return looked


async def test_a_waiting_request_is_checked_every_fifteen_seconds(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.make_request()
    _, message = await desk.make_request(prompt="second")
    looked = looked_at(desk, monkeypatch)
    for _ in range(60):
        await desk.env.advance_time(1)
        await desk.update_statuses()
    assert 2 * 3 <= len(looked) <= 2 * 5
    assert "Place 2" in desk.text_of(message)


async def test_each_request_is_read_once_while_it_waits_for_its_channel(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(4):
        await desk.make_request(prompt=f"picture {n}")
    looked = looked_at(desk, monkeypatch)
    for _ in range(8):
        await desk.env.advance_time(1)
        await desk.update_statuses()
    assert desk.edit_count() == 4
    assert len(looked) == len({*looked}) == 4


async def test_a_deletion_does_not_wait_for_the_channels_edit_rate(desk: Desk) -> None:
    (job,), message = await desk.make_request()
    await desk.make_request(prompt="second")
    await desk.draw_jobs([job])
    await desk.env.advance_time(4)
    await desk.update_statuses()
    assert desk.edit_count() == 1
    await desk.deliver_job(job)
    await desk.update_statuses()
    assert desk.current_message(message) is None


async def test_edits_for_many_requests_in_one_channel_keep_to_its_rate(desk: Desk) -> None:
    jobs = [(await desk.make_request(prompt=f"picture {n}"))[0][0] for n in range(12)]
    for job in jobs:
        await desk.start_job(job)
    for tick in range(100):
        for job in jobs:
            desk.report_step(job, 1 + tick % 4, PREVIEWS[tick % 2])
        await desk.update_statuses()
        await desk.env.advance_time(0.2)
    assert desk.edit_count() <= 21
    edited = {r.path for r in desk.env.http_requests if r.method == "PATCH"}
    assert len(edited) == 12, "every message has its turn"


async def test_a_channel_that_may_be_edited_again_is_forgotten(desk: Desk) -> None:
    status = desk.cog("Status")
    for at_ms, channel_id in enumerate(range(1, 100)):
        assert status._take_channel(_edit_in(channel_id), at_ms * 60_000)
        assert not status._take_channel(_edit_in(channel_id), at_ms * 60_000)
    assert len(status._channel_free_ms) == 1


def _edit_in(channel_id: int) -> Any:
    return SimpleNamespace(status=SimpleNamespace(channel_id=channel_id), text="drawing")


async def test_each_message_has_at_most_one_edit_in_flight(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,), _ = await desk.make_request()
    await desk.start_job(job)
    http, gate, flying = desk.env.bot.http, asyncio.Event(), 0
    request = http.request

    async def slow(route: Route, **options: Any) -> Any:
        nonlocal flying
        flying += 1
        await gate.wait()
        return await request(route, **options)

    monkeypatch.setattr(http, "request", slow)
    async with asyncio.TaskGroup() as tasks:
        for step in range(1, 4):
            desk.report_step(job, step)
            await desk.env.advance_time(5)
            await desk.cog("Status").look(tasks)
            await asyncio.sleep(0.05)
        gate.set()
    assert flying == 1


async def test_the_message_is_deleted_when_every_picture_is_posted(desk: Desk) -> None:
    jobs, message = await desk.make_request(count=2)
    await desk.draw_jobs(jobs)
    await desk.update_statuses()
    assert desk.current_message(message) is not None
    await desk.deliver_job(*jobs[:1], others=jobs[1:])
    await desk.update_statuses()
    assert desk.current_message(message) is None
    assert not await desk.has_open_status(jobs[0])


async def test_a_failure_is_reported_in_the_message_and_removes_its_button(desk: Desk) -> None:
    (job,), message = await desk.make_request()
    await desk.start_job(job)
    desk.report_step(job, 1, PREVIEWS[0])
    await desk.env.advance_time(4)
    await desk.update_statuses()
    desk.end_drawing(job)
    await desk.fail_job(job.id, "The picture came out as noise.")
    await desk.env.advance_time(4)
    await desk.update_statuses()
    shown = desk.current_message(message)
    assert shown is not None
    assert "0 of 1" in shown.content
    assert "came out as noise" in shown.content
    assert not shown.components
    assert not shown.attachments
    assert not await desk.has_open_status(job)


async def test_a_failure_that_the_post_reports_is_not_reported_again(desk: Desk) -> None:
    jobs, message = await desk.make_request(count=2)
    await desk.draw_jobs(jobs[:1])
    await desk.start_job(jobs[1])
    desk.end_drawing(jobs[1])
    await desk.fail_job(jobs[1].id, "The picture came out as noise.")
    await desk.deliver_job(jobs[0])
    await desk.env.advance_time(4)
    await desk.update_statuses()
    assert desk.current_message(message) is None
    assert not await desk.has_open_status(jobs[0])


async def test_a_cancelled_request_says_so(desk: Desk) -> None:
    (job,), message = await desk.make_request()
    await desk.services.queue.cancel_request(job.request_id, job.user_id, desk.services.clock())
    await desk.env.advance_time(4)
    await desk.update_statuses()
    assert "Cancelled" in desk.text_of(message)
    assert not await desk.has_open_status(job)


async def test_a_failed_edit_is_retried_later(desk: Desk) -> None:
    (job,), message = await desk.make_request()
    await desk.start_job(job)
    await desk.fail_job(job.id, "The picture came out as noise.")
    desk.env.inject_error("PATCH", "/channels/*/messages/*", status=503)
    await desk.env.advance_time(4)
    await desk.update_statuses()
    await desk.update_statuses()
    assert desk.edit_count() == 1
    assert await desk.has_open_status(job)
    await desk.env.advance_time(11)
    await desk.update_statuses()
    assert "came out as noise" in desk.text_of(message)
    assert not await desk.has_open_status(job)


async def test_discords_limit_on_old_message_edits_stops_only_the_progress(desk: Desk) -> None:
    (job,), message = await desk.make_request()
    await desk.start_job(job)
    desk.report_step(job, 1)
    desk.env.inject_error("PATCH", "/channels/*/messages/*", status=400, code=30046)
    await desk.env.advance_time(4)
    await desk.update_statuses()
    assert await desk.has_open_status(job)
    await desk.fail_job(job.id, "The picture came out as noise.")
    await desk.env.advance_time(601)
    await desk.update_statuses()
    assert "came out as noise" in desk.text_of(message)


async def test_a_restart_continues_with_the_same_messages(desk: Desk) -> None:
    (job,), message = await desk.make_request()
    await desk.start_job(job)
    await desk.restart()
    desk.report_step(job, 3)
    await desk.env.advance_time(4)
    await desk.update_statuses()
    assert "step 3" in desk.text_of(message)
