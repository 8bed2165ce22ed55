"""A leashed command ends when asked to, even if the caller stops waiting."""

from __future__ import annotations

import asyncio
import sys

import pytest

from bot.learning.leashed import LeashedCommand

SLEEPS = (sys.executable, "-c", "import time; time.sleep(60)")


async def test_a_cancelled_caller_leaves_no_command_behind() -> None:
    child = await LeashedCommand.start(SLEEPS)
    ending = asyncio.create_task(child.end())
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert child.exit_code is not None
