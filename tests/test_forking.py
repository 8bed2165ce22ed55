"""To the harnesses, a fork of the nursery behaves like `python -m bot`."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from bot.settings import environment_with
from tests.stages.forking import nursery
from tests.stages.stage import stage


async def test_a_fork_has_its_own_environment_and_exit_code(tmp_path: Path) -> None:
    settings = {"DATA_DIR": str(tmp_path), "DISCORD_TOKEN": "", "CAP_USER": "many"}
    fork = await nursery().spawn("bot", environment_with(settings))
    assert await fork.wait() == 2
    assert fork.returncode == 2
    assert "CAP_USER" not in os.environ


async def test_a_fork_can_be_killed_and_started_like_a_process(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        first = here.bot.pid
        os.kill(first, signal.SIGKILL)
        assert await here.bot.wait() == -signal.SIGKILL
        assert not here.bot.running
        await here.start()
        assert here.bot.pid != first
        await here.bot.stop()
        assert await here.bot.wait() == 0
        await here.bot.kill()
