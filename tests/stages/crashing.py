"""The crash harness: the real bot is killed at random moments, and nothing may be lost or doubled.

`tests/test_crash.py` runs it with few kills, `tests/bench/kills.py` with many. What it finds are
the faults of `tests/stages/promises.py`; `tests/stages/walking.py` chooses its moments instead.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.wire.wire import NotPossible
from tests.stages.promises import Faults, Told, faults
from tests.stages.stage import Stage, button, stage

#: How often `crash` says how far it is.
_SAY_EVERY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was accepted and what came of it; there must be no faults.

    `accepted` counts pictures that a member was promised: requests that were acknowledged on
    Discord, and those that the bot had noted when it died before it could say so.
    """

    kills: int
    accepted: int
    faults: Faults


async def crash(
    tmp_path: Path, kills: int, seed: int = 1, say: Callable[[str], None] = lambda _: None
) -> Outcome:
    """Ask, kill at a random moment of the flow, start again; at the end let all be delivered."""
    dice = random.Random(seed)
    async with stage(tmp_path) as here:
        await here.accept_terms()
        asking: list[asyncio.Task[dict[str, int]]] = []
        for done in range(1, kills + 1):
            asking += [asyncio.create_task(_ask(here, dice)) for _ in range(dice.randint(1, 3))]
            # From before the command reaches the bot to after its picture is posted.
            await asyncio.sleep(dice.random() ** 2 * 0.8)
            await here.bot.kill()
            await here.up()
            if done % _SAY_EVERY == 0:
                # Or more would wait than anybody may have in progress.
                await here.until(lambda: _settled(here), 120)
                say(f"{done} of {kills} random kills")
        # Discord tells a member after some seconds only that no bot has answered.
        promised = {prompt: n for answer in asking for prompt, n in (await answer).items()}
        await here.until(lambda: _settled(here), 120)
        jobs = here.rows("SELECT id FROM jobs")
        return Outcome(kills=kills, accepted=len(jobs), faults=await _last_look(here, promised))


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


async def _last_look(here: Stage, promised: dict[str, int], limit_s: float = 300) -> Faults:
    """What is wrong after a while stays so.

    Status messages are closed behind the last picture, eight at a time, and each request had one.
    """
    told = Told(promised=promised)

    async def kept() -> bool:
        with here.looking():
            return not faults(here, told)

    try:
        await here.until(kept, limit_s)
    except TimeoutError:
        with here.looking():
            return faults(here, told)
    return Faults()
