"""Discord and the machine misbehave; the bot keeps its promises. Over the real wire."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.stage import Stage, stage


async def drawn(here: Stage, prompt: str, count: int) -> None:
    """One more request goes through, start to end."""
    await here.draw(prompt)
    assert len(await here.posts(count)) == count


async def test_a_refused_first_connection_is_tried_again(tmp_path: Path) -> None:
    async with stage(tmp_path, start=False) as here:
        here.sandbox.offline(3)
        await here.up()
        await here.accept_terms()


async def test_a_dropped_gateway_is_resumed_and_nothing_is_missed(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        (post,) = await here.posts(1)
        here.sandbox.drop_gateway()
        here.sandbox.react("moderator", post["id"], "👍")

        async def counted() -> bool:
            return here.rows("SELECT value FROM votes") == [(1,)]

        await here.until(counted)


async def test_after_an_invalid_session_the_votes_are_reconciled(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        (post,) = await here.posts(1)
        here.sandbox.invalidate()
        here.sandbox.react("moderator", post["id"], "👎")

        async def counted() -> bool:
            return here.rows("SELECT value FROM votes") == [(-1,)]

        await here.until(counted)
        # discord.py waits some seconds before it identifies again.
        await here.until(here.is_up)
        await drawn(here, "1girl, after", 2)


async def test_rate_limits_and_outages_delay_and_lose_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        await here.draw("1girl, in bad weather", count=2)
        here.sandbox.ratelimit(5)
        await here.posts(3)
        await here.draw("1girl, in a storm", count=2)
        here.sandbox.outage(4, 503)
        assert len(await here.posts(5, limit_s=90)) == 5


async def test_a_picture_too_large_is_posted_smaller(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        here.sandbox.upload_limit(6000)
        await here.draw("1girl, in a small envelope")
        *_, post = await here.posts(2)
        assert post["attachments"][0]["size"] <= 6000


async def test_a_deleted_channel_ends_its_jobs_and_the_bot_lives(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        here.where = "art"
        await here.draw("1girl, nowhere to go", steps=50)
        here.sandbox.delete_channel("art")

        async def ended() -> bool:
            rows = here.rows("SELECT state FROM jobs ORDER BY created_ms")
            return rows == [("delivered",), ("failed",)]

        await here.until(ended)
        here.where = "general"
        await drawn(here, "1girl, elsewhere", 2)


async def test_a_lost_permission_is_told_and_the_picture_is_kept(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        await here.draw("1girl, behind glass", steps=50)
        here.sandbox.set_bot_permissions("view_channel", "send_messages", "read_message_history")

        async def told() -> bool:
            return any(
                "attach" in m["content"].lower() and not m["attachments"]
                for m in here.sandbox.messages(here.where)
            )

        await here.until(told)
        assert here.rows("SELECT count(*) FROM pictures WHERE deleted_ms IS NULL") == [(2,)]


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
        assert len(await here.posts(2)) == 2


async def test_a_stop_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        await here.draw("1girl, interrupted", steps=50, count=4)
        await here.bot.restart()
        await here.up()
        assert len(await here.posts(5)) == 5
