"""The last check of a real bot, once nobody asks for anything."""

from __future__ import annotations

from tests.stages.promises import Expected, Faults, faults
from tests.stages.stage import Stage


async def remaining_faults(here: Stage, expected: Expected, limit_s: float = 120) -> Faults:
    """Wait until every promise holds; return the faults that remain after this time."""

    async def hold() -> bool:
        with here.sharing_connection():
            return not faults(here, expected)

    try:
        await here.until(hold, limit_s)
    except TimeoutError:
        with here.sharing_connection():
            return faults(here, expected)
    return Faults()
