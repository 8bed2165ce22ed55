"""The one reader of the wall clock; everybody else gets the time as an argument."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Unix time in whole milliseconds."""
    return time.time_ns() // 1_000_000
