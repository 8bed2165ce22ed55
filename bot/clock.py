"""The only reader of the clocks; everything else receives the time as an argument."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Unix time in whole milliseconds. It may jump either way, so never measure pauses with it."""
    return time.time_ns() // 1_000_000


def elapsed_s() -> float:
    """Seconds on a monotonic clock with an arbitrary start."""
    return time.monotonic()
