"""How the time to read members' words grows with their length, for words made to be slow to read.

The suite counts the lines of Python that run (`tests/bot/policy/test_hostile_prompts.py`). The work
of one regular expression over a text shows only in the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf

from bot.reporting.policy import latency
from models.report import Row
from tests.stages.hostile import (
    GROWTH_MAX,
    HARMLESS,
    HOSTILE,
    LONGEST,
    READERS,
    SHORT,
    TIMES,
    screen_prompt,
)

#: In multiples of the time for a harmless prompt of the same length.
WORST_MAX = 60
#: How often each text is timed: most take only microseconds.
_REPEATS = 5

#: The time of a reader for a text, in ms.
TimeMs = Callable[[Callable[[str], object], str], float]


def rows(time_ms: TimeMs | None = None) -> Iterator[Row]:
    """The greatest growth for each reader, and the time for the worst prompt."""
    time_ms = time_ms or _time_ms
    for name, read in READERS.items():
        greatest = max(
            time_ms(read, made(LONGEST)) / time_ms(read, made(SHORT)) for made in HOSTILE.values()
        )
        yield _row(f"growth of time for {TIMES} times the length: {name}", greatest, GROWTH_MAX)
    worst = max(time_ms(screen_prompt, made(LONGEST)) for made in HOSTILE.values())
    times = worst / time_ms(screen_prompt, HARMLESS(LONGEST))
    yield _row("the worst hostile prompt, beside a harmless one", times, WORST_MAX)


def _time_ms(read: Callable[[str], object], text: str) -> float:
    return min(latency.times_ms(lambda prompt, _: read(prompt), [(text, "")] * _REPEATS, inf))


def _row(name: str, value: float, most: float) -> Row:
    goal = f"< {most:g}"
    return Row(area="policy", name=name, value=value, unit="times", goal=goal, holds=value < most)
