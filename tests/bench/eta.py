"""How accurate the promised times are: 200 mixed requests of 8 members on the embedded model.

Members ask for one to four pictures of differing sizes and steps, wait for them, look for a moment
and ask again. The promise is the time in the acknowledgement, the truth is the time until the last
picture is posted.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from pathlib import Path
from statistics import median

from models.report import Row
from tests.bench.flow import REAL_ENGINE
from tests.stages.stage import Stage, button, stage

REQUESTS, MEMBERS = 200, 8
_ABOUT = re.compile(r"about (\d+) (s|min|h)")
_SECONDS = {"s": 1, "min": 60, "h": 3600}
#: Each member's first request is left out: nobody can know how long it takes.
_WITHOUT_HISTORY = MEMBERS
#: Smaller errors come from rounding the promised time.
_LEAST_S = 1.0


async def measure(tmp_path: Path, requests: int = REQUESTS) -> list[Row]:
    """The rows."""
    measured = await measure_promises(tmp_path, requests)
    promised = [(eta_s, took_s) for eta_s, took_s in measured if eta_s is not None]
    errors = [abs(eta_s - took_s) / max(took_s, _LEAST_S) for eta_s, took_s in promised]
    ratios = [eta_s / max(took_s, _LEAST_S) for eta_s, took_s in promised]
    without = len(measured) - len(promised)
    name = (
        f"promised time of {len(measured)} of {requests} mixed requests "
        f"(all but the first of each of {MEMBERS} members), "
    )
    rows = [_row(name + "without one", without, "requests", without == 0, "<= 0")]
    if not promised:
        return rows
    return [
        *rows,
        _row(name + "median error", 100 * median(errors), "%", median(errors) <= 0.25, "<= 25"),
        _row(
            name + "least share of the truth", 100 * min(ratios), "%", min(ratios) >= 0.5, ">= 50"
        ),
        _row(name + "least one's truth", promised[ratios.index(min(ratios))][1], "s", None),
        _row(name + "less than half of the truth", sum(r < 0.5 for r in ratios), "requests", None),
        _row(name + "median of the truth", median(took for _, took in promised), "s", None),
    ]


async def measure_promises(tmp_path: Path, requests: int) -> list[tuple[float | None, float]]:
    """For each request the promised seconds, or None, and the seconds that it took.

    The requests are in order, without the first of each member.
    """
    dice = random.Random(4)
    results: dict[int, tuple[float | None, float]] = {}
    numbers = iter(range(requests))
    async with stage(tmp_path, REAL_ENGINE) as here:
        people = [here.sandbox.add_person(f"fan {n}") for n in range(MEMBERS)]
        for person in people:
            await here.accept_only(person)

        async def keep_asking(person: int) -> None:
            for number in numbers:
                results[number] = await _ask_and_wait(here, person, dice)
                await asyncio.sleep(dice.expovariate(0.5))

        async with asyncio.TaskGroup() as tasks:
            for person in people:
                tasks.create_task(keep_asking(person))
    return [results[number] for number in range(_WITHOUT_HISTORY, requests)]


async def _ask_and_wait(
    here: Stage, person: int, dice: random.Random
) -> tuple[float | None, float]:
    # Words that Discord's markdown leaves unchanged, so that the post can be found by them.
    colour, number = dice.choice(["blue", "red", "green"]), dice.randrange(10**9)
    prompt = f"1girl, {colour} hair, number {number}"
    status = await here.draw(
        prompt,
        who=person,
        count=dice.choice([1, 1, 2, 4]),
        aspect=dice.choice(["square", "square", "portrait", "landscape"]),
        steps=dice.choice([8, 20, 20, 30]),
    )
    began_s = time.perf_counter()
    about = _ABOUT.search(status["content"])

    async def posted() -> bool:
        shown = here.sandbox.messages(here.channel_name)
        return any(prompt in m["content"] and not button(m, "cancel", missing="") for m in shown)

    await here.until(posted, 600)
    eta_s = None if about is None else float(about[1]) * _SECONDS[about[2]]
    return eta_s, time.perf_counter() - began_s


def _row(name: str, value: float, unit: str, holds: bool | None, goal: str = "") -> Row:  # noqa: FBT001  as a row has it
    return Row(area="eta", name=name, value=value, unit=unit, goal=goal, holds=holds)
