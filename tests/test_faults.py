"""The bot keeps its promises over the real wire when Discord and the machine misbehave."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bot.health import read_pulse
from tests.stages.sickening import run_with_disk_faults
from tests.stages.stage import Stage, picture_count, stage
from tests.stages.trouble import FILE_ERRORS, STATEMENT_ERRORS


async def draw_one_more(here: Stage, prompt: str, count: int) -> None:
    """Make one more request and wait until `count` pictures are posted."""
    await here.draw(prompt)
    assert picture_count(await here.wait_for_pictures(count)) == count


async def test_a_refused_first_connection_is_tried_again(tmp_path: Path) -> None:
    async with stage(tmp_path, start=False) as here:
        here.sandbox.go_offline(3)
        await here.start()
        await here.accept_terms()


async def test_a_dropped_gateway_is_resumed_and_nothing_is_missed(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        (post,) = await here.wait_for_pictures(1)
        here.sandbox.drop_gateway()
        here.sandbox.react("moderator", post["id"], "👍")

        async def counted() -> bool:
            return here.rows("SELECT value FROM votes") == [(1,)]

        await here.until(counted)


async def test_after_an_invalid_session_the_votes_are_reconciled(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        (post,) = await here.wait_for_pictures(1)
        here.sandbox.invalidate_session()
        here.sandbox.react("moderator", post["id"], "👎")

        async def counted() -> bool:
            return here.rows("SELECT value FROM votes") == [(-1,)]

        await here.until(counted)
        # discord.py waits some seconds before it identifies again.
        await here.until(here.is_up)
        await draw_one_more(here, "1girl, after", 2)


@pytest.mark.parametrize(("calls", "status"), [(5, 429), (4, 503)])
async def test_rate_limits_and_outages_delay_and_lose_nothing(
    tmp_path: Path, calls: int, status: int
) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        await here.draw("1girl, in bad weather", count=2, steps=50)
        if status == 429:
            here.sandbox.start_rate_limit(calls)
        else:
            here.sandbox.start_outage(calls, status)
        assert picture_count(await here.wait_for_pictures(3, limit_s=90)) == 3

        async def passed() -> bool:
            weather = here.sandbox.weather_report()
            return weather["ratelimit_left"] == weather["outage_left"] == 0

        await here.until(passed)
        await draw_one_more(here, "1girl, under a clear sky", 4)


async def test_a_picture_too_large_is_posted_smaller(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        here.sandbox.set_upload_limit(6000)
        await here.draw("1girl, in a small envelope")
        *_, post = await here.wait_for_pictures(2)
        assert post["attachments"][0]["size"] <= 6000


async def test_a_deleted_channel_ends_its_jobs_and_the_bot_survives(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        here.channel_name = "art"
        await here.draw("1girl, nowhere to go", steps=50)
        here.sandbox.delete_channel("art")

        async def ended() -> bool:
            rows = here.rows("SELECT state FROM jobs ORDER BY created_ms")
            return rows == [("delivered",), ("failed",)]

        await here.until(ended)
        here.channel_name = "general"
        await draw_one_more(here, "1girl, elsewhere", 2)


async def test_a_lost_permission_is_reported_and_the_picture_is_kept(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        await here.draw("1girl, behind glass", steps=50)
        here.sandbox.set_bot_permissions("view_channel", "send_messages", "read_message_history")

        async def has_notice() -> bool:
            return any(
                "attach" in m["content"].lower() and not m["attachments"]
                for m in here.sandbox.messages(here.channel_name)
            )

        await here.until(has_notice)
        assert here.rows("SELECT count(*) FROM pictures WHERE deleted_ms IS NULL") == [(2,)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes a live process's disk away")
async def test_a_full_disk_delays_the_picture_until_there_is_room(tmp_path: Path) -> None:
    from resource import RLIM_INFINITY, RLIMIT_FSIZE, prlimit

    async with stage(tmp_path) as here:
        await here.accept_terms()
        # The picture is larger than the database: no write of the bot gets past this.
        prlimit(here.bot.pid, RLIMIT_FSIZE, (2 << 20, RLIM_INFINITY))
        await here.draw("1girl, billboard")

        async def tried_again() -> bool:
            rows = here.rows("SELECT count(*) FROM jobs WHERE attempts > 1 AND ended_ms IS NULL")
            return bool(rows[0][0])

        await here.until(tried_again)
        assert len(here.picture_posts()) == 1, "there was no room for it"
        await draw_one_more(here, "1girl, small", 2)
        prlimit(here.bot.pid, RLIMIT_FSIZE, (RLIM_INFINITY, RLIM_INFINITY))
        *_, post = await here.wait_for_pictures(3)
        assert post["attachments"][0]["size"] > 2 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes a live process's disk away")
async def test_a_disk_that_takes_no_byte_ends_nothing_and_is_explained(tmp_path: Path) -> None:
    """Heartbeat, queue, gallery, delivery, log: nothing of the bot can be written for a while."""
    from resource import RLIM_INFINITY, RLIMIT_FSIZE, prlimit

    async with stage(tmp_path, {"LEASE_S": "5"}) as here:
        await here.accept_terms()
        await here.draw("1girl, half drawn", steps=50)
        pid, alive = here.bot.pid, here.data_dir / "alive.json"
        prlimit(pid, RLIMIT_FSIZE, (0, RLIM_INFINITY))
        for _ in range(2):
            refused = await here.draw("1girl, refused")
            assert "My disk" in refused["content"]
            assert "Nothing that you had queued is lost" in refused["content"]
            os.utime(alive, (0, 0))

            async def beaten() -> bool:
                return read_pulse(here.data_dir) is not None

            # The next beat cannot be written, and still counts as a sign of life.
            await here.until(beaten)
        assert here.bot.running
        assert here.bot.pid == pid
        prlimit(pid, RLIMIT_FSIZE, (RLIM_INFINITY, RLIM_INFINITY))
        await draw_one_more(here, "1girl, after", 3)
        assert here.bot.pid == pid
        assert not [m for m in here.picture_posts() if "refused" in m["content"]]


@pytest.mark.slow(15)
@pytest.mark.timeout(300)
async def test_the_bot_survives_any_disk_fault_at_a_random_moment(
    tmp_path: Path,
) -> None:
    suffered = await run_with_disk_faults(tmp_path, [*STATEMENT_ERRORS, *FILE_ERRORS])
    assert len(suffered.moments) == 7, "otherwise this proves nothing"
    assert suffered.survived
    assert not suffered.faults, str(suffered.faults)


@pytest.mark.exhaustive
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("what", [*STATEMENT_ERRORS, *FILE_ERRORS])
async def test_the_bot_survives_many_disk_faults(tmp_path: Path, what: str) -> None:
    suffered = await run_with_disk_faults(tmp_path, [what] * 40, seed=7)
    print(f"{what}: {len(set(suffered.moments))} moments in {len(suffered.moments)} faults")
    assert suffered.survived
    assert not suffered.faults, str(suffered.faults)


async def test_a_database_locked_for_a_moment_only_delays(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        path = here.data_dir / "bot.sqlite3"
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            asking = asyncio.create_task(here.draw("1girl, patient"))
            await asyncio.sleep(1)
            assert not asking.done(), "the lock was never felt"
            other.execute("ROLLBACK")
        await asking
        assert picture_count(await here.wait_for_pictures(2)) == 2


async def test_a_stop_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        await here.draw("1girl, interrupted", steps=50, count=4)
        await here.bot.restart()
        await here.start()
        assert picture_count(await here.wait_for_pictures(5)) == 5
