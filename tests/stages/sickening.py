"""The real bot on a disk that fails at random moments: it survives, and loses or doubles nothing.

`tests/test_faults.py` tries a few faults, and many in its exhaustive tests. The result lists the
faults of `tests/stages/promises.py`. In `tests/stages/strolling.py` each statement of a story fails
in turn; here the loops, the cogs and the wire take part too.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.wire.wire import NotPossible
from tests.stages.promises import Expected, Faults
from tests.stages.stage import Stage, button, stage
from tests.stages.staying import remaining_faults

#: The most moments that pass between the signal and the fault.
_LATEST = 40
#: A quarter of the time after which a fault that found no fitting moment fails the run.
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskFaultRun:
    """The disk's errors with their moments, the number of promised pictures, and the faults.

    The bot has survived if the process that was started still runs.
    """

    moments: list[str]
    promised: int
    survived: bool
    faults: Faults


async def run_with_disk_faults(
    tmp_path: Path, errors: Sequence[str], seed: int = 1
) -> DiskFaultRun:
    """Ask and vote while the disk fails once with each error; then wait until all is at rest."""
    dice = random.Random(seed)
    order_file, fault_log = tmp_path / "illness", tmp_path / "suffered"
    fault_log.touch()
    settings = {"ILLNESS": str(order_file), "SUFFERED": str(fault_log), "LOG_LEVEL": "ERROR"}
    async with stage(tmp_path, settings, module="tests.stages.sick_bot") as here:
        await here.accept_terms()
        pid, promised = here.bot.pid, {"1girl": 1}
        for error in errors:
            order_file.write_text(f"{error} {dice.randrange(_LATEST)}")
            before = len(fault_log.read_text())
            os.kill(pid, signal.SIGUSR1)
            async with asyncio.timeout(_PATIENCE_S * 4):
                while len(fault_log.read_text()) == before:
                    promised |= await _ask(here, dice)
                    _vote(here, dice)
                    await asyncio.sleep(dice.random() * 0.1)
        remaining = await remaining_faults(here, Expected(promised=promised))
        return DiskFaultRun(
            moments=fault_log.read_text().splitlines(),
            promised=sum(promised.values()),
            survived=here.bot.running and here.bot.pid == pid,
            faults=remaining,
        )


async def _ask(here: Stage, dice: random.Random) -> dict[str, int]:
    """Make one request; return its prompt and the promised pictures, none if the bot refused."""
    prompt, count = f"1girl, number {dice.random()}", dice.randint(1, 2)
    try:
        answer = await here.draw(prompt, count=count)
    except NotPossible:
        return {}
    return {prompt: count} if button(answer, "cancel", missing="") else {}


def _vote(here: Stage, dice: random.Random) -> None:
    """React, as somebody, to one of the latest posts."""
    if posts := here.picture_posts()[-3:]:
        here.sandbox.react("owner", dice.choice(posts)["id"], dice.choice("👍👎"))
