"""A sign of life: the event loop's lag, written to a file that `bot health` reads.

A blocked loop stops writing, which is the point: containers restart a bot whose file is old. A disk
that accepts no file does not end the bot: it logs the fault and only renews the old file's time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.settings import Settings

log = logging.getLogger(__name__)

_FILE = "alive.json"
_WRITE_EVERY_S = 5.0
#: Nine writes may fail (a slow disk) before the bot counts as dead.
_FRESH_S = 45.0
_SAMPLE_EVERY_S = 0.02
#: One minute of samples.
_SAMPLES = int(60 / _SAMPLE_EVERY_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """How late timers fired in the last minute: the least delay of every answer."""

    lag_p50_ms: float
    lag_p99_ms: float
    lag_max_ms: float
    samples: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no options."""
    del parser


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Print the state of the running bot; return 0 if it lives, else 1."""
    del args
    pulse = read_pulse(settings.data_dir)
    if pulse is None:
        sys.stdout.write("no sign of life in the last 45 s\n")
        return 1
    sys.stdout.write(
        f"alive; event-loop lag p99 {pulse.lag_p99_ms:.0f} ms, max {pulse.lag_max_ms:.0f} ms\n"
    )
    return 0


def pulse_of(lags_s: list[float]) -> Pulse:
    """Percentiles of timer delays given in seconds; all zero without samples."""
    ordered = sorted(lags_s) or [0.0]

    def at(share: float) -> float:
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)

    return Pulse(lag_p50_ms=at(0.5), lag_p99_ms=at(0.99), lag_max_ms=at(1), samples=len(lags_s))


async def beat(data_dir: Path) -> None:
    """Sample the loop's lag and write the pulse, until cancelled."""
    loop = asyncio.get_running_loop()
    lags_s: deque[float] = deque(maxlen=_SAMPLES)
    written_s = 0.0
    well = True
    while True:
        due_s = loop.time() + _SAMPLE_EVERY_S
        await asyncio.sleep(_SAMPLE_EVERY_S)
        lags_s.append(max(0.0, loop.time() - due_s))
        if loop.time() - written_s >= _WRITE_EVERY_S:
            written_s = loop.time()
            pulse = pulse_of(list(lags_s))
            problem = await asyncio.to_thread(_write, data_dir / _FILE, pulse)
            if problem is not None and well:
                log.error("the sign of life cannot be written, but the bot is alive: %s", problem)
            well = problem is None


def _write(path: Path, pulse: Pulse) -> OSError | None:
    """Write the pulse; return the error if the disk refuses it."""
    fresh = path.with_suffix(".new")
    try:
        fresh.write_text(json.dumps(asdict(pulse)))
        fresh.replace(path)
    except OSError as problem:
        # A full disk still accepts a new time for an old file, so no container restarts us
        # needlessly.
        with contextlib.suppress(OSError):
            os.utime(path)
        return problem
    return None


def read_pulse(data_dir: Path) -> Pulse | None:
    """The pulse of a bot that wrote less than 45 seconds ago, else None."""
    path = data_dir / _FILE
    try:
        if time.time() - path.stat().st_mtime > _FRESH_S:
            return None
        return Pulse(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None
