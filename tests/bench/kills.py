"""A thousand SIGKILLs at random moments, and one at every boundary of two whole lives.

Is every accepted picture delivered exactly once, and does everything go that is to go? Does a model
that learns come through it whole, and does the old one serve until then?
"""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

from models.report import Row
from tests.stages.crashing import crash
from tests.stages.learning_life import CHAPTERS, walk_learning
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
        rows.append(await _learning(tmp_path, boundaries))
    return rows


async def _learning(tmp_path: Path, boundaries: int | None) -> Row:
    """One row of the walk through the life of a model that learns; a sample is of each chapter."""
    each = None if boundaries is None else max(1, boundaries // CHAPTERS)
    whole, *killed = await walk_learning(tmp_path / "learning", each)
    for life in killed:
        _say(f"{life.killed}: {'; '.join(life.faults) or 'every promise kept'}")
    number = sum(len(life.faults) for life in (whole, *killed))
    return Row(
        area="boundaries",
        name=f"broken by a kill at {len(killed)} of the {len(whole.boundaries)} boundaries between "
        "export and rollback",
        value=number,
        unit="faults",
        goal="0",
        holds=not number,
    )


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
