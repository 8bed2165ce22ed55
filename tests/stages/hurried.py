"""`python -m tests.stages.hurried`: the real bot, for which idle time passes fast.

While the loop only waits for time, its clocks run `HURRY` times as fast as the wall clock. While a
statement, a file or a call is under way, they run at the usual speed, so that nothing times out
wrongly. The file `SIMULATED` holds the seconds that have passed for the bot, as a double. On
SIGUSR1 the bot writes a gauge of itself to `GAUGE`. `LEAK` plants a leak for the soak to find.
Started by `soaking.py`.
"""

from __future__ import annotations

import asyncio
import ctypes
import mmap
import os
import selectors
import signal
import struct
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import aiohttp
import aiosqlite

from bot.__main__ import main
from bot.domain import Job
from bot.drawing.progress import ProgressBoard
from tests.stages.gauging import gauge, write_gauge

_DOUBLE = struct.Struct("d")
#: The number of the parameter, mallopt(3), and the value that the image and the unit set.
_M_ARENA_MAX, ARENAS = -8, 2


class Clock:
    """The clocks of this process: `time.monotonic`, `time.time` and `time.time_ns`."""

    def __init__(self, hurry: float, simulated: mmap.mmap) -> None:
        self._hurry, self._simulated = hurry, simulated
        self._plain, self._began_s = time.monotonic, time.monotonic()
        self._skipped_s = 0.0
        #: The number of running calls that must not be hurried.
        self.busy = 0
        wall_ns = time.time_ns
        time.monotonic = lambda: self._plain() + self._skipped_s
        time.time = lambda: wall_ns() / 1e9 + self._skipped_s
        time.time_ns = lambda: wall_ns() + round(self._skipped_s * 1e9)

    def wait(self, select: Callable[[float | None], Any], timeout: float | None) -> Any:
        """Run `select` with a timeout on this clock; return its events."""
        is_hurried = timeout is not None and timeout > 0 and not self.busy
        began_s = self._plain()
        events = select(timeout / self._hurry if is_hurried and timeout else timeout)
        if is_hurried:
            self._skipped_s += (self._plain() - began_s) * (self._hurry - 1)
            passed_s = self._plain() - self._began_s + self._skipped_s
            _DOUBLE.pack_into(self._simulated, 0, passed_s)
        return events

    def unhurried(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The same call, at the speed of the wall clock."""

        async def call_unhurried(*rest: Any, **options: Any) -> Any:
            self.busy += 1
            try:
                return await call(*rest, **options)
            finally:
                self.busy -= 1

        return call_unhurried


class _Selector(selectors.DefaultSelector):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> Any:
        return self._clock.wait(super().select, timeout)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Clock) -> None:
        super().__init__(_Selector(clock))
        self._clock = clock

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run work in a thread, which hurries nothing until it ends."""

        def work_ended(_: object) -> None:
            self._clock.busy -= 1

        self._clock.busy += 1
        work = super().run_in_executor(executor, func, *args)
        work.add_done_callback(work_ended)
        return work


class _Policy(asyncio.DefaultEventLoopPolicy):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return _Loop(self._clock)


def hurry(factor: float, simulated: Path) -> None:
    """Make idle time pass this many times as fast from now on."""
    simulated.write_bytes(bytes(_DOUBLE.size))
    with simulated.open("r+b") as file:
        clock = Clock(factor, mmap.mmap(file.fileno(), _DOUBLE.size))
    asyncio.set_event_loop_policy(_Policy(clock))
    for owner, name in ((aiosqlite.Connection, "_execute"), (aiohttp.ClientSession, "_request")):
        setattr(owner, name, clock.unhurried(getattr(owner, name)))


def limit_arenas() -> None:
    """Set `MALLOC_ARENA_MAX` as the image and the unit do; a fork is too late for the variable."""
    assert ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS), "this is not glibc"


def plant_leak() -> None:
    """Let every drawn job leave something behind."""
    plain, attribute = ProgressBoard.record_start, "_left_behind"

    def record_start(self: ProgressBoard, job: Job, now_ms: int) -> None:
        vars(self).setdefault(attribute, []).append((job.id, bytearray(100_000)))
        plain(self, job, now_ms)

    ProgressBoard.record_start = record_start  # type: ignore[method-assign]


if __name__ == "__main__":
    hurry(float(os.environ["HURRY"]), Path(os.environ["SIMULATED"]))
    signal.signal(signal.SIGUSR1, lambda *_: write_gauge(gauge(), Path(os.environ["GAUGE"])))
    limit_arenas()
    if os.environ["LEAK"]:
        plant_leak()
    sys.exit(main([]))
