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
from tests.stages.promises import Expected, Faults
from tests.stages.stage import Stage, button, stage
from tests.stages.staying import remaining_faults

#: The number of kills between two progress reports of `crash`.
_REPORT_EVERY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The accepted pictures and the faults, of which there must be none.

    `accepted` counts pictures promised to members: requests acknowledged on Discord, and those that
    the bot had recorded when it died before it could acknowledge them.
    """

    kills: int
    accepted: int
    faults: Faults


async def crash(
    tmp_path: Path, kills: int, seed: int = 1, say: Callable[[str], None] = lambda _: None
) -> Outcome:
    """Make requests, kill the bot at random moments, restart it, and wait for all deliveries."""
    dice = random.Random(seed)
    async with stage(tmp_path) as here:
        await here.accept_terms()
        requests: list[asyncio.Task[dict[str, int]]] = []
        for kill_number in range(1, kills + 1):
            requests += [asyncio.create_task(_ask(here, dice)) for _ in range(dice.randint(1, 3))]
            # From before the command reaches the bot until after its picture is posted.
            await asyncio.sleep(dice.random() ** 2 * 0.8)
            await here.bot.kill()
            await here.start()
            if kill_number % _REPORT_EVERY == 0:
                # Otherwise the queue would exceed what a member may have in progress.
                await here.until(lambda: _is_settled(here), 120)
                say(f"{kill_number} of {kills} random kills")
        # Discord takes some seconds to tell a member that no bot has answered.
        promised = {prompt: n for answer in requests for prompt, n in (await answer).items()}
        await here.until(lambda: _is_settled(here), 120)
        jobs = here.rows("SELECT id FROM jobs")
        # The bot closes the status message of each request after the last picture, eight at a
        # time.
        remaining = await remaining_faults(here, Expected(promised=promised), limit_s=300)
        return Outcome(kills=kills, accepted=len(jobs), faults=remaining)


async def _ask(here: Stage, dice: random.Random) -> dict[str, int]:
    """Make one request; return its prompt with the number of promised pictures.

    A bot that dies before it answers has promised none. The prompt is unique, so it identifies the
    jobs of this request.
    """
    await asyncio.sleep(dice.random() * 0.1)
    prompt, count = f"1girl, number {dice.random()}", dice.randint(1, 3)
    try:
        acknowledgement = await here.draw(prompt, count=count)
    except NotPossible:
        return {}
    assert button(acknowledgement, "cancel"), "only a queued request can be cancelled"
    return {prompt: count}


async def _is_settled(here: Stage) -> bool:
    unfinished = here.rows(
        "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running', 'rendered')"
    )
    return unfinished[0][0] == 0
