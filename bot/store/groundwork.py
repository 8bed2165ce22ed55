"""How many judgements a training can learn from, and whether somebody was forgotten since.

`bot/learning/schooling.py` asks before and during a training. Must not know what the votes say.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.store.db import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgementCounts:
    """How many current judgements there are: of others' pictures, and of own ones (uncounted)."""

    others: int
    own: int


class Groundwork:
    """Counts of votes and choices."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def count_judgements(self) -> JudgementCounts:
        """Count the current judgements."""
        row = await self._db.fetch_one(
            "SELECT count(*) FILTER (WHERE NOT self_vote) AS others,"
            " count(*) FILTER (WHERE self_vote) AS own FROM ("
            "  SELECT self_vote FROM votes WHERE axis = 'taste'"
            "  UNION ALL SELECT self_vote FROM choices WHERE place > 0)"
        )
        assert row is not None, "an aggregate has a row"
        return JudgementCounts(others=row["others"], own=row["own"])

    async def count_forgotten_members(self) -> int:
        """How many members were ever forgotten; when it changes, exports are stale."""
        row = await self._db.fetch_one("SELECT forgotten FROM installation")
        assert row is not None, "the migration made it"
        return row["forgotten"]

    async def is_busy(self) -> bool:
        """Whether somebody is waiting for a picture, or one is being drawn."""
        row = await self._db.fetch_one(
            "SELECT 1 FROM jobs WHERE state IN ('queued', 'running') LIMIT 1"
        )
        return row is not None
