"""The one reader of the clocks; everybody else gets the time as an argument."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Unix time in whole milliseconds. It may step back or ahead: pauses do not go by it."""
    return time.time_ns() // 1_000_000


def elapsed_s() -> float:
    """Seconds since some moment of this machine's; they only ever grow."""
    return time.monotonic()
