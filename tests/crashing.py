"""The crash harness: the real bot is killed at random moments, and nothing may be lost or doubled.

`tests/test_crash.py` runs it with few kills, `tests/bench/kills.py` with many.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.wire import NotPossible
from tests.stage import Stage, button, stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was accepted and what came of it; both faults must be empty.

    `accepted` counts pictures that a member was promised: requests that were acknowledged on
    Discord, and those that the bot had noted when it died before it could say so.
    """

    kills: int
    accepted: int
    lost: list[str]
    doubled: list[str]


async def crash(tmp_path: Path, kills: int, seed: int = 1) -> Outcome:
    """Ask, kill at a random moment of the flow, start again; at the end let all be delivered."""
    dice = random.Random(seed)
    async with stage(tmp_path) as here:
        await here.accept_terms()
        promised: dict[str, int] = {}
        for _ in range(kills):
            asking = asyncio.gather(*(_ask(here, dice) for _ in range(dice.randint(1, 3))))
            # From before the command reaches the bot to after its picture is posted.
            await asyncio.sleep(dice.random() ** 2 * 0.8)
            await here.bot.kill()
            for answered in await asking:
                promised |= answered
            await here.up()
        await here.until(lambda: _settled(here), 120)
        return _compare(here, kills, promised)


async def _ask(here: Stage, dice: random.Random) -> dict[str, int]:
    """One request: prompt and pictures promised. A bot that dies before its answer promised none.

    The prompt is this request's alone, so that its jobs are found again by it.
    """
    await asyncio.sleep(dice.random() * 0.1)
    prompt, count = f"1girl, number {dice.random()}", dice.randint(1, 3)
    try:
        acknowledgement = await here.draw(prompt, count=count)
    except NotPossible:
        return {}
    assert button(acknowledgement, "cancel"), "only a queued request can be cancelled"
    return {prompt: count}


async def _settled(here: Stage) -> bool:
    left = here.rows("SELECT count(*) FROM jobs WHERE state IN ('queued', 'running', 'rendered')")
    return left[0][0] == 0


def _compare(here: Stage, kills: int, promised: dict[str, int]) -> Outcome:
    jobs = {row[0]: row[1] for row in here.rows("SELECT id, prompt FROM jobs")}
    noted = Counter(jobs.values())
    shown = Counter(
        attachment["filename"].partition(".")[0]
        for post in here.posted()
        for attachment in post["attachments"]
    )
    forgotten = [prompt for prompt, count in promised.items() for _ in range(count - noted[prompt])]
    return Outcome(
        kills=kills,
        accepted=len(jobs) + len(forgotten),
        lost=[*forgotten, *(job for job in jobs if not shown[job])],
        doubled=[job for job, times in shown.items() if times > 1],
    )
