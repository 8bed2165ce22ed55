"""The real bot on a disk that fails at random moments: it survives, and loses or doubles nothing.

`tests/test_faults.py` tries a few faults, and many in its exhaustive tests. The result lists the
faults of `tests/stages/promises.py`. Stories fail at each statement in turn
(`tests/stages/strolling.py`); here the loops, the cogs and the wire take part too.
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
from tests.stages.promises import Faults, Told
from tests.stages.stage import Stage, button, stage
from tests.stages.staying import faults_that_stay

#: The most moments that pass between the signal and the fault.
_LATEST = 40
#: After this time a fault without a fitting moment is taken back: nobody does such a deed.
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suffered:
    """The disk's faults and their moments, the count of promised pictures, and the broken promises.

    The bot survived if it is still the process that was started.
    """

    moments: list[str]
    promised: int
    lived: bool
    faults: Faults


async def sicken(tmp_path: Path, illnesses: Sequence[str], seed: int = 1) -> Suffered:
    """Ask and vote while the disk fails in each of these ways once; then let all come to rest."""
    dice = random.Random(seed)
    illness, suffered = tmp_path / "illness", tmp_path / "suffered"
    suffered.touch()
    settings = {"ILLNESS": str(illness), "SUFFERED": str(suffered), "LOG_LEVEL": "ERROR"}
    async with stage(tmp_path, settings, module="tests.stages.sick_bot") as here:
        await here.accept_terms()
        pid, promised = here.bot.pid, {"1girl": 1}
        for what in illnesses:
            illness.write_text(f"{what} {dice.randrange(_LATEST)}")
            before = len(suffered.read_text())
            os.kill(pid, signal.SIGUSR1)
            async with asyncio.timeout(_PATIENCE_S * 4):
                while len(suffered.read_text()) == before:
                    promised |= await _ask(here, dice)
                    _vote(here, dice)
                    await asyncio.sleep(dice.random() * 0.1)
        left = await faults_that_stay(here, Told(promised=promised))
        return Suffered(
            moments=suffered.read_text().splitlines(),
            promised=sum(promised.values()),
            lived=here.bot.running and here.bot.pid == pid,
            faults=left,
        )


async def _ask(here: Stage, dice: random.Random) -> dict[str, int]:
    """One request: the prompt and the pictures promised; none if the bot said that it could not."""
    prompt, count = f"1girl, number {dice.random()}", dice.randint(1, 2)
    try:
        answer = await here.draw(prompt, count=count)
    except NotPossible:
        return {}
    return {prompt: count} if button(answer, "cancel", missing="") else {}


def _vote(here: Stage, dice: random.Random) -> None:
    """Somebody reacts under one of the latest posts."""
    if posts := here.posted()[-3:]:
        here.sandbox.react("owner", dice.choice(posts)["id"], dice.choice("👍👎"))
