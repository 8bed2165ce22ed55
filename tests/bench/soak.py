"""A day of the bot in minutes: with people and weather all day long, does anything grow?

The bot and the wire are real; only the bot's idle time is skipped (`tests/stages/hurried.py`).
"""

from __future__ import annotations

import sys
from pathlib import Path

from models.report import Row
from tests.stages.soaking import SoakResult, Span, soak

HOURS = 24.0
#: After this time the caches are full, and every thread has been started.
_WARM_UP_S = 9 * 3_600
#: The average pause between two actions of people.
_PAUSE_S = 90
#: The allowed difference in memory between two gauges.
_FLAT_PERCENT = 1.0


async def measure(tmp_path: Path, hours: float = HOURS) -> list[Row]:
    """Rows of a soak of `hours` simulated hours after the warm-up."""
    soaked = await soak(
        tmp_path,
        warm_up=Span(seconds=_WARM_UP_S),
        then=Span(seconds=hours * 3_600),
        pause_s=_PAUSE_S,
        say=lambda what: print(what, file=sys.stderr, flush=True),
    )
    for name, more in soaked.growth.items():
        print(f"{name}: {more} more", file=sys.stderr)
    return _rows(soaked)


def _rows(soaked: SoakResult) -> list[Row]:
    before, after = soaked.before, soaked.after
    during = f"in {soaked.simulated_s / 3_600:.1f} simulated hours"
    warm_mib = before.rss_bytes / 2**20
    grown = 100 * (after.rss_bytes / before.rss_bytes - 1)
    blocks = 100 * (after.blocks / before.blocks - 1)
    return [
        _row("memory of the bot, warm", round(warm_mib, 1), "MiB", None),
        _row(f"more memory {during}", round(grown, 2), "%", _FLAT_PERCENT),
        _row(f"more blocks of Python's {during}", round(blocks, 2), "%", None),
        _row(f"more tasks {during}", after.tasks - before.tasks, "", 0),
        _row(f"more open files {during}", after.files - before.files, "", 0),
        _row(f"more threads {during}", after.threads - before.threads, "", 0),
        _row(f"containers and classes that grew {during}", len(soaked.growth), "", 0),
        _row(f"promises broken {during}", len(soaked.faults.broken), "", 0),
        _row("deeds of people and weather", sum(soaked.deed_counts.values()), "", None),
    ]


def _row(name: str, value: float, unit: str, most: float | None) -> Row:
    goal = "" if most is None else f"<= {most:g}"
    holds = None if most is None else value <= most
    return Row(area="soak", name=name, value=value, unit=unit, goal=goal, holds=holds)
