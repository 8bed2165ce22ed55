"""The last look at a real bot, once nobody asks anything of it."""

from __future__ import annotations

from tests.stages.promises import Faults, Told, faults
from tests.stages.stage import Stage


async def faults_that_stay(here: Stage, told: Told, limit_s: float = 120) -> Faults:
    """The faults that remain after this time; none as soon as every promise holds."""

    async def kept() -> bool:
        with here.looking():
            return not faults(here, told)

    try:
        await here.until(kept, limit_s)
    except TimeoutError:
        with here.looking():
            return faults(here, told)
    return Faults()
