"""A failing, slow or hanging channel holds up no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from discord.http import Route

from bot.domain import JobState
from tests.stages.office import Office
from tests.stages.simulated import scene


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with scene(
        tmp_path, "cogs.posting.delivery", "cogs.posting.takedown", kind=Office
    ) as built:
        yield built


async def test_pictures_of_a_channel_keep_their_order_through_a_failure(office: Office) -> None:
    jobs = [await office.draw_picture(seed=seed) for seed in range(3)]
    await office.env.advance_time(0.1)
    later = await office.draw_picture()
    office.env.inject_error("POST", "/channels/*/messages", status=503)
    await office.run_delivery()
    assert office.pictures() == []
    await office.env.advance_time(1.1)
    await office.run_delivery()
    assert office.pictures() == [f"{job.id}.png" for job in (*jobs, later)]


async def test_a_slow_channel_holds_up_nobody_else(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = office.guild.create_text_channel("other")
    slow, quick = await office.draw_picture(), await office.draw_picture(channel=other)
    http, gate = office.env.bot.http, asyncio.Event()
    request = http.request

    async def gated(route: Route, **options: Any) -> Any:
        if route.method == "POST" and route.channel_id == office.channel.id:
            await gate.wait()
        return await request(route, **options)

    monkeypatch.setattr(http, "request", gated)
    async with asyncio.TaskGroup() as lanes:
        await office.cog("Delivery").look(lanes)
        async with asyncio.timeout(5):
            while not office.pictures(other):
                await asyncio.sleep(0.01)
        assert office.pictures() == []
        more = await office.draw_picture(channel=other)
        await office.cog("Delivery").look(lanes)
        async with asyncio.timeout(5):
            while len(office.pictures(other)) < 2:
                await asyncio.sleep(0.01)
        gate.set()
    assert office.pictures() == [f"{slow.id}.png"]
    assert office.pictures(other) == [f"{quick.id}.png", f"{more.id}.png"]
    assert sum(r.method == "POST" for r in office.env.http_requests) == 3, "one try for each"


async def test_failed_posts_are_retried_with_growing_pauses(office: Office) -> None:
    job = await office.draw_picture()
    office.env.inject_error("POST", "/channels/*/messages", status=503, times=4)
    tried: list[float] = []
    for second in range(40):
        before = len(office.env.http_requests)
        await office.run_delivery()
        tried += [second] * any(r.method == "POST" for r in office.env.http_requests[before:])
        await office.env.advance_time(1)
    assert tried == [0, 1, 3, 7, 15]
    assert await office.state(job) == (JobState.DELIVERED, "")


async def test_a_failing_channels_backlog_hides_no_other_channels_pictures(office: Office) -> None:
    other = office.guild.create_text_channel("other")
    many = await office.queue_jobs(count=600)
    await office.draw_jobs(many)
    fine = await office.draw_picture(channel=other)
    office.env.inject_error("POST", f"/channels/{office.channel.id}/messages", status=503, times=9)
    await office.run_delivery()
    assert await office.state(fine) == (JobState.DELIVERED, "")
    tries = sum(r.method == "POST" for r in office.env.http_requests)
    assert tries == 2, "the failing channel rests as a whole"


async def test_hanging_channels_do_not_block_the_others(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = [office.guild.create_text_channel(f"slow{n}") for n in range(8)]
    for channel in slow:
        await office.draw_picture(channel=channel)
    fine = await office.draw_picture()
    http, gate = office.env.bot.http, asyncio.Event()
    request = http.request

    async def gated(route: Route, **options: Any) -> Any:
        if route.method == "POST" and route.channel_id != office.channel.id:
            await gate.wait()
        return await request(route, **options)

    monkeypatch.setattr(http, "request", gated)
    monkeypatch.setattr("cogs.posting.lanes._SLOW_S", 0.01)
    async with asyncio.TaskGroup() as lanes:
        async with asyncio.timeout(5):
            while not office.pictures():
                await office.cog("Delivery").look(lanes)
                await asyncio.sleep(0.01)
        gate.set()
    assert await office.state(fine) == (JobState.DELIVERED, "")
    assert [len(office.pictures(channel)) for channel in slow] == [1] * 8


async def test_a_retry_pause_does_not_survive_a_restart(office: Office) -> None:
    job = await office.draw_picture()
    office.env.inject_error("POST", "/channels/*/messages", status=503, times=1)
    await office.run_delivery()
    await office.restart()
    await office.run_delivery()
    assert await office.state(job) == (JobState.DELIVERED, "")
