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
from tests.stage import Stage, stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was accepted and what came of it; both faults must be empty."""

    kills: int
    accepted: int
    lost: list[str]
    doubled: list[str]


async def crash(tmp_path: Path, kills: int, seed: int = 1) -> Outcome:
    """Ask, kill at a random moment of the flow, start again; at the end let all be delivered."""
    dice = random.Random(seed)
    async with stage(tmp_path) as here:
        await here.accept_terms()
        for _ in range(kills):
            asking = asyncio.gather(*(_ask(here, dice) for _ in range(dice.randint(1, 3))))
            # From before the command reaches the bot to after its picture is posted.
            await asyncio.sleep(dice.random() ** 2 * 0.8)
            await here.bot.kill()
            await asking
            await here.up()
        await here.until(lambda: _settled(here), 120)
        return _compare(here, kills)


async def _ask(here: Stage, dice: random.Random) -> None:
    """One request. A bot that dies before its answer has promised nothing."""
    await asyncio.sleep(dice.random() * 0.1)
    try:
        await here.draw(f"1girl, number {dice.random()}", count=dice.randint(1, 3))
    except NotPossible:
        return


async def _settled(here: Stage) -> bool:
    left = here.rows("SELECT count(*) FROM jobs WHERE state IN ('queued', 'running', 'rendered')")
    return left[0][0] == 0


def _compare(here: Stage, kills: int) -> Outcome:
    accepted = [row[0] for row in here.rows("SELECT id FROM jobs")]
    shown = Counter(
        attachment["filename"].partition(".")[0]
        for post in here.posted()
        for attachment in post["attachments"]
    )
    return Outcome(
        kills=kills,
        accepted=len(accepted),
        lost=[job for job in accepted if not shown[job]],
        doubled=[job for job, times in shown.items() if times > 1],
    )
