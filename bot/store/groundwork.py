"""How much there is to learn from, and whether somebody was forgotten since: for a training.

`bot/learning/schooling.py` asks before it begins and while it runs. What the votes say is not known
here.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.store.db import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Current judgements of pictures: of others' and of one's own, which count for nothing."""

    others: int
    own: int


class Groundwork:
    """Numbers about votes and choices."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def judged(self) -> Judged:
        """How many there are."""
        row = await self._db.fetch_one(
            "SELECT count(*) FILTER (WHERE NOT self_vote) AS others,"
            " count(*) FILTER (WHERE self_vote) AS own FROM ("
            "  SELECT self_vote FROM votes WHERE axis = 'taste'"
            "  UNION ALL SELECT self_vote FROM choices WHERE place > 0)"
        )
        assert row is not None, "an aggregate has a row"
        return Judged(others=row["others"], own=row["own"])

    async def forgotten(self) -> int:
        """How many members were ever forgotten: another number than before makes exports stale."""
        row = await self._db.fetch_one("SELECT forgotten FROM installation")
        assert row is not None, "the migration made it"
        return row["forgotten"]

    async def is_busy(self) -> bool:
        """Whether somebody waits for a picture, or one is being drawn."""
        row = await self._db.fetch_one(
            "SELECT 1 FROM jobs WHERE state IN ('queued', 'running') LIMIT 1"
        )
        return row is not None
