"""A thousand SIGKILLs at random moments: is every accepted job delivered exactly once?"""

from __future__ import annotations

from pathlib import Path

from models.report import Row
from tests.crashing import crash

KILLS = 1000


async def measure(tmp_path: Path, kills: int = KILLS) -> list[Row]:
    """Jobs lost and jobs doubled; both goals are none."""
    outcome = await crash(tmp_path, kills, seed=2)
    what = f"of {outcome.accepted} accepted jobs, through {kills} kills"
    return [
        Row(
            area="crash",
            name=f"{name} {what}",
            value=len(jobs),
            unit="jobs",
            goal="0",
            holds=not jobs,
        )
        for name, jobs in (("lost", outcome.lost), ("doubled", outcome.doubled))
    ]
