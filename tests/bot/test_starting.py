"""The start of the bot as a process: alive while its model loads, and stopped at any moment."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from bot import serving
from bot.__main__ import main
from bot.domain import DiskFullError
from bot.health import read_pulse
from bot.store.gallery import Gallery
from tests.stages.databases import open_database
from tests.stages.fake_engine import LICENCE
from tests.stages.stage import picture_count, stage

ROOT = Path(__file__).parents[2]
TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabcde.abcdefghijklmnopqrstuvwxyz0123"  # noqa: S105  of the right shape and nobody's


async def starting(data_dir: Path) -> asyncio.subprocess.Process:
    """A bot that is loading its model."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        cwd=data_dir.parent,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(data_dir),
            "ENGINE": "tests.stages.slow_engine",
            "DISCORD_TOKEN": TOKEN,
            "LOG_LEVEL": "INFO",
        },
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while b"loading the model" not in await process.stderr.readline():
            assert not process.stderr.at_eof(), "it ended by itself"
    return process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_stop_while_the_model_loads_ends_the_process_at_once(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    process = await starting(tmp_path / "data")
    began_s = time.monotonic()
    process.send_signal(number)
    try:
        _, said = await asyncio.wait_for(process.communicate(), 20)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert time.monotonic() - began_s < 5
    assert process.returncode == code
    assert said.decode().count("\n") == 1
    assert "stopped while the model was loading" in said.decode()
    left = {path.name for path in (tmp_path / "data").iterdir()}
    assert "bot.sqlite3" in left
    assert "bot.sqlite3-wal" not in left, "the database was closed"


async def test_a_bot_that_is_still_loading_its_model_counts_as_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container that downloads its model must not be restarted again and again."""
    process = await starting(tmp_path / "data")
    try:
        async with asyncio.timeout(20):
            while read_pulse(tmp_path / "data") is None:
                await asyncio.sleep(0.02)
        monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
        assert main(["health"]) == 0
    finally:
        process.kill()
        await process.communicate()


def test_the_containers_health_check_starts_early() -> None:
    (line,) = [
        line
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("HEALTHCHECK")
    ]
    assert "--start-period=30s" in line
    assert '"bot", "health"' in line


async def test_a_disk_that_prevents_tidying_does_not_prevent_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def full(_self: Gallery) -> None:
        raise DiskFullError("the disk is full: free some room.")

    monkeypatch.setattr(Gallery, "sweep", full)
    db = await open_database(tmp_path / "bot.sqlite3")
    try:
        await serving._sweep(Gallery(db, tmp_path / "pictures"))
    finally:
        await db.close()
    assert "not tidied up" in caplog.text


async def test_a_start_finishes_the_erasure_that_a_killed_process_left(tmp_path: Path) -> None:
    async with stage(tmp_path, cold=True) as here:
        await here.accept_terms()
        await here.draw("1girl, forgettable")
        await here.wait_for_pictures(1)
        await here.bot.kill()
        with closing(sqlite3.connect(here.data_dir / "bot.sqlite3")) as other, other:
            other.execute("INSERT INTO forget_wishes SELECT DISTINCT user_id, 0 FROM requests")

        async def erased() -> bool:
            return not here.rows("SELECT 1 FROM requests") and not here.rows(
                "SELECT 1 FROM installation WHERE scrubs_due > 0"
            )

        await here.start()
        await here.until(erased)
        assert not list(here.data_dir.glob("pictures/*/*"))


async def test_a_picture_of_a_killed_process_is_drawn_whatever_the_clock_says(
    tmp_path: Path,
) -> None:
    """Its lease ends in a century, as after a clock that was set back."""
    async with stage(tmp_path) as here:
        await here.accept_terms()
        await here.draw("1girl, interrupted", steps=50, count=4)

        async def drawing() -> bool:
            return bool(here.rows("SELECT 1 FROM jobs WHERE state = 'running'"))

        await here.until(drawing)
        await here.bot.kill()
        with closing(sqlite3.connect(here.data_dir / "bot.sqlite3")) as other, other:
            other.execute("UPDATE jobs SET lease_until_ms = 4000000000000 WHERE state = 'running'")
            other.execute(
                "UPDATE jobs SET not_before_ms = 4000000000000"
                " WHERE state IN ('queued', 'rendered')"
            )
        await here.start()
        assert picture_count(await here.wait_for_pictures(5)) == 5


async def test_jobs_under_a_licence_their_member_has_not_accepted_are_not_drawn(
    tmp_path: Path,
) -> None:
    """The bot comes back with another model, and so with another licence."""
    async with stage(tmp_path) as here:
        await here.accept_terms()
        await here.draw("1girl, slow", steps=50, count=2)
        await here.bot.kill()
        with closing(sqlite3.connect(here.data_dir / "bot.sqlite3")) as other, other:
            other.execute("UPDATE acceptances SET licence_sha256 = 'another'")
        await here.start()

        async def ended() -> list[tuple[str, str]]:
            return here.rows(
                "SELECT state, error FROM jobs WHERE state IN ('failed', 'rendered', 'delivered')"
                " ORDER BY seq LIMIT 3 OFFSET 1"
            )

        await here.until(ended)
        for state, error in await ended():
            assert state == "failed"
            assert "its licence is another one" in error
        assert len(here.picture_posts()) == 1


async def test_the_licence_of_the_model_in_use_is_kept_for_exports(tmp_path: Path) -> None:
    async with stage(tmp_path, cold=True) as here:
        kept = (here.data_dir / "licences" / "fake-1.txt").read_text()
        assert LICENCE in kept


def test_objects_that_stay_for_good_are_frozen_out_of_garbage_collection() -> None:
    kept = [[number] for number in range(10_000)]
    serving._freeze_long_lived()
    try:
        assert gc.get_freeze_count() >= len(kept)
        assert len(gc.get_objects()) < len(kept)
    finally:
        gc.unfreeze()
