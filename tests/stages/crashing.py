"""The crash harness: kills the real bot at random moments; nothing may be lost or doubled.

`tests/test_crash.py` runs it with few kills, `tests/bench/kills.py` with many. It reports the
faults of `tests/stages/promises.py`; `tests/stages/walking.py` kills at chosen moments instead.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.wire.wire import NotPossible
from tests.stages.promises import Faults, Told
from tests.stages.stage import Stage, button, stage
from tests.stages.staying import faults_that_stay

#: How many kills lie between two progress reports of `crash`.
_SAY_EVERY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was accepted and what became of it; there must be no faults.

    `accepted` counts pictures promised to members: requests acknowledged on Discord, and those that
    the bot had recorded when it died before it could acknowledge them.
    """

    kills: int
    accepted: int
    faults: Faults


async def crash(
    tmp_path: Path, kills: int, seed: int = 1, say: Callable[[str], None] = lambda _: None
) -> Outcome:
    """Ask, kill at a random moment of the flow, restart; at the end wait for all deliveries."""
    dice = random.Random(seed)
    async with stage(tmp_path) as here:
        await here.accept_terms()
        asking: list[asyncio.Task[dict[str, int]]] = []
        for done in range(1, kills + 1):
            asking += [asyncio.create_task(_ask(here, dice)) for _ in range(dice.randint(1, 3))]
            # From before the command reaches the bot until after its picture is posted.
            await asyncio.sleep(dice.random() ** 2 * 0.8)
            await here.bot.kill()
            await here.up()
            if done % _SAY_EVERY == 0:
                # Otherwise more would wait than anybody may have in progress.
                await here.until(lambda: _settled(here), 120)
                say(f"{done} of {kills} random kills")
        # Only after some seconds does Discord tell a member that no bot has answered.
        promised = {prompt: n for answer in asking for prompt, n in (await answer).items()}
        await here.until(lambda: _settled(here), 120)
        jobs = here.rows("SELECT id FROM jobs")
        # Status messages are closed after the last picture, eight at a time, and each request had
        # one.
        left = await faults_that_stay(here, Told(promised=promised), limit_s=300)
        return Outcome(kills=kills, accepted=len(jobs), faults=left)


async def _ask(here: Stage, dice: random.Random) -> dict[str, int]:
    """Make one request; return prompt and pictures promised.

    A bot that dies before answering promised none.

    The prompt is unique to this request, which identifies its jobs.
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
