"""A thousand SIGKILLs at random moments, and one at every boundary of a whole life.

Is every accepted picture delivered exactly once, and does everything go that is to go?
"""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

from models.report import Row
from tests.stages.crashing import crash
from tests.stages.promises import Faults
from tests.stages.walking import walk

KILLS = 1000


async def measure(tmp_path: Path, kills: int = KILLS, boundaries: int | None = None) -> list[Row]:
    """Rows of both harnesses; all goals are none. `boundaries` None walks every one of them."""
    rows: list[Row] = []
    if kills:
        outcome = await crash(tmp_path, kills, seed=2, say=_say)
        what = f"of {outcome.accepted} accepted jobs, through {kills} kills"
        rows += _rows("crash", what, [outcome.faults])
    if boundaries != 0:
        lives = await walk(boundaries, _say)
        what = (
            f"by a kill at {len(lives) - 1} of the {len(lives[0].boundaries)} boundaries of a life"
        )
        rows += _rows("boundaries", what, [life.faults for life in lives])
    return rows


def _rows(area: str, what: str, found: list[Faults]) -> list[Row]:
    return [
        Row(
            area=area,
            name=f"{kind.name.replace('_', ' ')} {what}",
            value=(number := sum(len(getattr(faults, kind.name)) for faults in found)),
            unit="faults",
            goal="0",
            holds=not number,
        )
        for kind in fields(Faults)
    ]


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
