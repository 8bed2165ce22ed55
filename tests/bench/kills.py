"""A thousand SIGKILLs at random moments, and one at every boundary of two whole lives.

Is every accepted picture delivered exactly once, and is all deleted that must be? Does a model that
learns survive whole, and does the old one serve until then?
"""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

from models.report import Row, unmeasured
from tests.stages.crashing import crash
from tests.stages.learning_life import CHAPTERS, walk_learning
from tests.stages.promises import Faults
from tests.stages.walking import walk_boundaries

KILLS = 1000


async def measure(tmp_path: Path, kills: int = KILLS, boundaries: int | None = None) -> list[Row]:
    """Rows of both harnesses, whose goal is always 0. `boundaries` None walks all of them."""
    rows: list[Row] = []
    if kills:
        outcome = await crash(tmp_path, kills, seed=2, say=_print_progress)
        what = f"of {outcome.accepted} accepted jobs, through {kills} kills"
        rows += fault_rows("crash", what, [outcome.faults], examined=outcome.accepted)
    if boundaries != 0:
        lives = await walk_boundaries(boundaries, _print_progress)
        kills_of_life = sum(0 < life.kill_at <= len(life.boundaries) for life in lives)
        what = (
            f"by a kill at {kills_of_life} of the {len(lives[0].boundaries)} boundaries of a life"
        )
        rows += fault_rows(
            "boundaries", what, [life.faults for life in lives], examined=kills_of_life
        )
        rows.append(await _learning(tmp_path, boundaries))
    return rows


async def _learning(tmp_path: Path, boundaries: int | None) -> Row:
    """One row of the walk through the life of a learning model; a sample covers each chapter."""
    each = None if boundaries is None else max(1, boundaries // CHAPTERS)
    whole, *killed = await walk_learning(tmp_path / "learning", each)
    for life in killed:
        _print_progress(f"{life.kill_site}: {'; '.join(life.faults) or 'every promise kept'}")
    number = sum(len(life.faults) for life in (whole, *killed))
    name = (
        f"broken by a kill at {len(killed)} of the {len(whole.boundaries)} boundaries between "
        "export and rollback"
    )
    return _zero_row("boundaries", name, number, examined=len(killed))


def fault_rows(area: str, what: str, faults_of_runs: list[Faults], *, examined: int) -> list[Row]:
    """One row for each kind of fault; `examined` is the number of jobs or kills."""
    return [
        _zero_row(
            area,
            f"{kind.name.replace('_', ' ')} {what}",
            sum(len(getattr(faults, kind.name)) for faults in faults_of_runs),
            examined=examined,
        )
        for kind in fields(Faults)
    ]


def _zero_row(area: str, name: str, number: int, *, examined: int) -> Row:
    """A row whose goal is 0; if nothing was examined, it does not hold."""
    if not examined and not number:
        return unmeasured(area, name, "nothing was seen", "0")
    return Row(area=area, name=name, value=number, unit="faults", goal="0", holds=not number)


def _print_progress(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
