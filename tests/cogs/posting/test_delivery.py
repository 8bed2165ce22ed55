"""Every drawn picture is posted once: no fault loses or duplicates it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
from discord.http import Route
from PIL import Image

from bot.domain import DatabaseError, JobState
from tests.stages.factories import make_png
from tests.stages.office import Office
from tests.stages.simulated import scene


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with scene(
        tmp_path, "cogs.posting.delivery", "cogs.posting.takedown", kind=Office
    ) as built:
        yield built


async def test_the_post_has_the_picture_its_settings_and_its_buttons(office: Office) -> None:
    job = await office.draw_picture(prompt="1girl, @everyone *blue*")
    await office.run_delivery()
    message = office.channel.last_message
    assert message is not None
    (file,) = message.attachments
    assert (file.filename, file.description) == (
        f"{job.id}.png",
        "AI-made picture: 1girl, @everyone *blue*",
    )
    assert await file.read() == make_png(job)
    assert f"<@{office.member.id}>" in message.content
    assert "@everyone" not in message.content
    for part in (
        f"seed {job.draw.seed}",
        f"{job.draw.steps} steps",
        "guidance 7",
        "fake-1",
        job.id,
    ):
        assert part in message.content
    row, more = message.components
    assert isinstance(row, discord.ActionRow)
    assert [getattr(b, "custom_id", "") for b in row.children] == [
        f"wd:{action}:{job.id}" for action in ("again", "vary", "edit", "settings", "delete")
    ]
    assert isinstance(more, discord.ActionRow)
    labels = [getattr(b, "label", "") for b in more.children]
    assert labels == ["Vary subtle", "Vary strong", "Upscale", "Favourite", "Report"]
    assert [user.id for user in message.mentions] == [office.member.id]
    assert not message.mention_everyone
    assert await office.state(job) == (JobState.DELIVERED, "")
    assert [p.message_id for p in await office.services.gallery.posts(job.id)] == [message.id]


async def test_the_time_that_a_post_took_is_recorded(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await office.draw_picture()
    picture = await office.services.gallery.get(job.id)
    assert picture is not None
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(
        office.services.progress, "record_posted", lambda *given: told.append(given)
    )
    await office.run_delivery()
    assert told == [(picture.created_ms, office.services.clock())]


async def test_a_post_carries_an_enforced_nonce_and_pings_only_its_member(office: Office) -> None:
    job = await office.draw_picture()
    await office.run_delivery()
    body = next(r.json for r in office.env.http_requests if r.path.endswith("/messages"))
    assert (body["nonce"], body["enforce_nonce"]) == (job.id, True)
    assert body["allowed_mentions"] == {"parse": [], "users": [office.member.id]}


async def test_a_search_for_an_earlier_post_reads_nothing_older_than_its_request(
    office: Office,
) -> None:
    for n in range(250):
        office.env.backend.create_message(office.channel.id, office.member.id, f"talk {n}")
    await office.env.advance_time(1)
    job = await office.draw_picture()
    await office.services.outbox.begin_posting(job.owed_post_id, office.services.clock())
    await office.run_delivery()
    assert office.pictures() == [f"{job.id}.png"]
    searches = [r for r in office.env.http_requests if r.method == "GET" and "messages" in r.path]
    assert len(searches) == 1


async def test_a_second_round_posts_nothing(office: Office) -> None:
    await office.draw_picture()
    await office.run_delivery()
    await office.run_delivery()
    assert len(office.pictures()) == 1


@pytest.mark.parametrize(
    "problem", [aiohttp.ServerDisconnectedError(), TimeoutError(), ConnectionResetError()]
)
async def test_a_lost_response_causes_no_second_post(
    office: Office, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    job = await office.draw_picture()
    office.lose_next_answer(monkeypatch, problem)
    await office.run_delivery()
    assert await office.state(job) == (JobState.RENDERED, "")
    await office.env.advance_time(1.1)
    await office.run_delivery()
    assert office.pictures() == [f"{job.id}.png"]
    assert await office.state(job) == (JobState.DELIVERED, "")


async def test_a_crash_after_posting_causes_no_second_post(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await office.draw_picture()
    await office.die_while_posting(monkeypatch)
    assert await office.state(job) == (JobState.RENDERED, "")
    await office.env.advance_time(3600)
    for n in range(120):
        office.env.backend.create_message(office.channel.id, office.member.id, f"talk {n}")
    await office.restart()
    await office.run_delivery()
    assert office.pictures() == [f"{job.id}.png"]
    assert await office.state(job) == (JobState.DELIVERED, "")


async def test_a_crash_before_posting_loses_nothing(office: Office) -> None:
    job = await office.draw_picture()
    await office.services.outbox.begin_posting(job.owed_post_id, office.services.clock())
    await office.restart()
    await office.run_delivery()
    assert office.pictures() == [f"{job.id}.png"]


async def test_a_post_that_could_not_be_recorded_is_found_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await office.draw_picture()

    async def locked(*_arguments: object) -> bool:
        raise DatabaseError("the database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(office.services.outbox, "record_delivery", locked)
        await office.run_delivery()
    await office.env.advance_time(1.1)
    await office.run_delivery()
    assert office.pictures() == [f"{job.id}.png"]
    assert await office.state(job) == (JobState.DELIVERED, "")


async def test_a_refused_upload_is_made_smaller(office: Office) -> None:
    job, png = await office.draw_large_picture()
    office.env.inject_error("POST", "/channels/*/messages", status=413, code=40005)
    await office.run_delivery()
    message = office.channel.last_message
    assert message is not None
    (file,) = message.attachments
    data = await file.read()
    assert file.filename == f"{job.id}.webp"
    assert len(data) <= 0.75 * len(png)
    assert Image.open(io.BytesIO(data)).size == Image.open(io.BytesIO(png)).size
    assert await office.state(job) == (JobState.DELIVERED, "")


async def test_a_picture_over_the_servers_size_limit_is_shrunk_before_upload(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, png = await office.draw_large_picture()
    limit_bytes = len(png) // 2
    monkeypatch.setattr(discord.Guild, "filesize_limit", limit_bytes)
    await office.run_delivery()
    message = office.channel.last_message
    assert message is not None
    assert message.attachments[0].size <= limit_bytes
    assert sum(r.method == "POST" for r in office.env.http_requests) == 1


async def test_a_picture_too_large_to_post_is_kept_and_reported(office: Office) -> None:
    job = await office.draw_picture()
    office.env.inject_error("POST", "/channels/*/messages", status=413, code=40005, times=None)
    await office.run_delivery()
    state, error = await office.state(job)
    assert state is JobState.FAILED
    assert f"/show {job.id}" in error
    assert await office.services.gallery.get(job.id) is not None


@pytest.mark.parametrize("code", [50001, 50013])
async def test_a_lost_permission_is_reported_and_the_picture_kept(
    office: Office, code: int
) -> None:
    job = await office.draw_picture()
    office.env.inject_error("POST", "/channels/*/messages", status=403, code=code)
    await office.run_delivery()
    state, error = await office.state(job)
    assert state is JobState.FAILED
    assert "Attach Files" in error
    assert f"/show {job.id}" in error
    assert await office.services.gallery.get(job.id) is not None


async def test_a_deleted_channel_fails_only_its_own_deliveries(office: Office) -> None:
    doomed = office.guild.create_text_channel("doomed")
    lost, fine = await office.draw_picture(channel=doomed), await office.draw_picture()
    office.env.backend.delete_channel(doomed.id)
    await office.run_delivery()
    state, error = await office.state(lost)
    assert state is JobState.FAILED
    assert "channel is gone" in error
    assert await office.state(fine) == (JobState.DELIVERED, "")


async def test_a_403_from_a_proxy_does_not_count_as_a_lost_permission(office: Office) -> None:
    job = await office.draw_picture()
    office.env.inject_error("POST", "/channels/*/messages", status=403, code=0)
    await office.run_delivery()
    assert await office.state(job) == (JobState.RENDERED, "")


async def test_a_missing_picture_file_is_reported(office: Office) -> None:
    job = await office.draw_picture()
    picture = await office.services.gallery.get(job.id)
    assert picture is not None
    office.services.gallery.path(picture).unlink()
    await office.run_delivery()
    state, error = await office.state(job)
    assert (state, "cannot be read" in error) == (JobState.FAILED, True)


async def test_a_damaged_file_is_reported_and_blocks_no_other_picture(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, png = await office.draw_large_picture()
    fine = await office.draw_picture()
    picture = await office.services.gallery.get(job.id)
    assert picture is not None
    office.services.gallery.path(picture).write_bytes(bytes(len(png)))
    monkeypatch.setattr(discord.Guild, "filesize_limit", len(png) - 1)
    await office.run_delivery()
    state, error = await office.state(job)
    assert (state, "cannot be read" in error) == (JobState.FAILED, True)
    assert await office.state(fine) == (JobState.DELIVERED, "")


@pytest.mark.parametrize("deed", ["delete", "forget"])
async def test_a_post_that_arrives_after_its_hunt_ended_is_taken_down(
    office: Office, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    job = await office.draw_picture()
    http = office.env.bot.http
    request = http.request

    async def slow(route: Route, **options: Any) -> Any:
        if route.method == "POST":
            monkeypatch.setattr(http, "request", request)
            if deed == "delete":
                await office.services.gallery.delete(job.id, office.services.clock())
            else:
                await office.services.privacy.forget(job.user_id)
            for hunt in await office.services.doomed.hunts(9):
                await office.services.doomed.end_hunt(hunt, [])
            await request(route, **options)
            raise TimeoutError
        return await request(route, **options)

    monkeypatch.setattr(http, "request", slow)
    await office.run_delivery()
    assert office.pictures() == [f"{job.id}.png"]
    for _ in range(2):
        await office.run_rounds("Takedown")
    assert office.pictures() == []


async def test_an_earlier_post_is_found_even_if_the_clock_was_wrong(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await office.draw_picture()
    clock = office.services.clock
    ahead = replace(office.services, clock=lambda: clock() + 24 * 3_600_000)
    monkeypatch.setattr(office.cog("Delivery"), "_services", ahead)
    await office.die_while_posting(monkeypatch)
    # Longer than Discord remembers a nonce.
    await office.env.advance_time(3600)
    await office.restart()
    await office.run_delivery()
    assert office.pictures() == [f"{job.id}.png"]
    assert await office.state(job) == (JobState.DELIVERED, "")


async def test_without_read_message_history_nothing_is_posted_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await office.draw_picture()
    await office.die_while_posting(monkeypatch)
    await office.env.advance_time(3600)
    await office.deny_to_bot("read_message_history")
    await office.restart()
    await office.run_delivery()
    assert office.pictures() == [f"{job.id}.png"]
    state, error = await office.state(job)
    assert state is JobState.FAILED
    assert "Read Message History" in error
    assert f"/show {job.id}" in error
    assert await office.services.gallery.get(job.id) is not None


async def test_a_picture_deleted_while_it_is_being_posted_is_taken_down(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await office.draw_picture()
    http = office.env.bot.http
    request = http.request

    async def meddled(route: Route, **options: Any) -> Any:
        answer = await request(route, **options)
        if route.method == "POST":
            await office.services.gallery.delete(job.id, office.services.clock())
        return answer

    monkeypatch.setattr(http, "request", meddled)
    await office.run_delivery()
    await office.run_rounds("Takedown")
    assert office.pictures() == []
    assert (await office.state(job))[0] is JobState.CANCELLED


async def test_an_unexpected_error_in_one_job_does_not_stop_the_others(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = office.guild.create_text_channel("other")
    strange, fine = await office.draw_picture(), await office.draw_picture(channel=other)
    read = office.services.gallery.read

    async def odd(picture: Any) -> bytes:
        if picture.job_id == strange.id:
            raise ZeroDivisionError
        return await read(picture)

    with monkeypatch.context() as patch:
        patch.setattr(office.services.gallery, "read", odd)
        await office.run_delivery()
    assert await office.state(fine) == (JobState.DELIVERED, "")
    await office.env.advance_time(2.1)
    await office.run_delivery()
    assert await office.state(strange) == (JobState.DELIVERED, "")


async def test_the_running_loops_post_add_reactions_and_tidy_up(tmp_path: Path) -> None:
    extensions = ("cogs.posting.delivery", "cogs.posting.status", "cogs.voting.votes")
    async with scene(tmp_path, *extensions, kind=Office, live=True) as office:
        jobs = [(await office.queue_jobs(seed=seed))[0] for seed in (1, 2)]
        channel = office.env.bot.get_partial_messageable(office.channel.id)
        for job in jobs:
            asked = await channel.send("asked")
            await office.services.views.set_status_message(
                job.request_id, office.message_ref(asked)
            )
        await office.draw_jobs(jobs)
        office.services.signals.deliver.set()
        async with asyncio.timeout(20):
            # The row is closed after the message is gone.
            while [len(m.reactions) for m in office.channel.history()] != [
                2,
                2,
            ] or await office.services.views.open_statuses():
                await asyncio.sleep(0.05)
        assert office.pictures() == [f"{job.id}.png" for job in jobs]
