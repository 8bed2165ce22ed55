"""How the time to read members' words grows with their length, for words made to be slow to read.

The suite counts the lines of Python that run (`tests/bot/policy/test_hostile_prompts.py`); what one
regular expression does over a text shows only in the time.
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
#: So often a text is timed: most are read in microseconds.
_OFTEN = 5

#: How long a reader takes for a text.
Ms = Callable[[Callable[[str], object], str], float]


def rows(ms: Ms | None = None) -> Iterator[Row]:
    """The greatest growth for each reader, and the time for the worst prompt."""
    ms = ms or _ms
    for name, read in READERS.items():
        greatest = max(ms(read, made(LONGEST)) / ms(read, made(SHORT)) for made in HOSTILE.values())
        yield _row(f"growth of time for {TIMES} times the length: {name}", greatest, GROWTH_MAX)
    worst = max(ms(screen_prompt, made(LONGEST)) for made in HOSTILE.values())
    times = worst / ms(screen_prompt, HARMLESS(LONGEST))
    yield _row("the worst hostile prompt, beside a harmless one", times, WORST_MAX)


def _ms(read: Callable[[str], object], text: str) -> float:
    return min(latency.times_ms(lambda prompt, _: read(prompt), [(text, "")] * _OFTEN, inf))


def _row(name: str, value: float, most: float) -> Row:
    goal = f"< {most:g}"
    return Row(area="policy", name=name, value=value, unit="times", goal=goal, holds=value < most)
