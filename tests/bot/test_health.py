"""The sign of life on a failing disk: the fault is logged once, and ends nothing."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from bot import health
from bot.health import beat, read_pulse


@asynccontextmanager
async def beating(data_dir: Path) -> AsyncGenerator[asyncio.Task[None]]:
    task = asyncio.create_task(beat(data_dir))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Disk:
    """Counts writes, and refuses them while `sick`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sick: int | None = None
        self.writes = 0
        self._wrote = asyncio.Event()
        write_text, loop = Path.write_text, asyncio.get_running_loop()

        def write(path: Path, text: str) -> int:
            self.writes += 1
            loop.call_soon_threadsafe(self._wrote.set)
            if self.sick is not None:
                raise OSError(self.sick, os.strerror(self.sick))
            return write_text(path, text)

        monkeypatch.setattr(Path, "write_text", write)
        monkeypatch.setattr(health, "_WRITE_EVERY_S", 0.0)

    async def more(self, count: int) -> None:
        """Wait for `count` more writes."""
        until = self.writes + count
        async with asyncio.timeout(20):
            while self.writes < until:
                self._wrote.clear()
                await self._wrote.wait()


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EROFS, errno.EIO])
async def test_a_full_or_broken_disk_does_not_end_the_heartbeat(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: int,
) -> None:
    disk = Disk(monkeypatch)
    disk.sick = fault
    async with beating(tmp_path) as task:
        await disk.more(3)
        assert not task.done()
        assert caplog.text.count("the sign of life cannot be written") == 1, "logged once"
        assert read_pulse(tmp_path) is None
        disk.sick = None
        await disk.more(2)
        assert read_pulse(tmp_path) is not None
        disk.sick = fault
        await disk.more(2)
        assert caplog.text.count("the sign of life cannot be written") == 2, "a new fault is logged"


async def test_a_bot_on_a_full_disk_counts_as_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it would be restarted for a fault that a restart does not mend."""
    disk = Disk(monkeypatch)
    async with beating(tmp_path):
        await disk.more(2)
        disk.sick = errno.ENOSPC
        await disk.more(1)
        os.utime(tmp_path / "alive.json", (0, 0))
        assert read_pulse(tmp_path) is None
        await disk.more(2)
        assert read_pulse(tmp_path) is not None
