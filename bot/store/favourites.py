"""Favourites: pictures that a member wants to find again, their own or somebody else's.

Only the member learns of them. Which of them may be shown is not known here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.domain import JobId, UserId
from bot.store.db import Database
from bot.store.picture_rows import SEEN


class Favourites:
    """The table `favourites`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, user_id: UserId, job_id: JobId, now_ms: int) -> bool:
        """Mark a picture; False if it is gone. Marking it again changes nothing."""
        async with self._db.write() as tx:
            there = await tx.fetch_one(
                f"SELECT 1 FROM pictures WHERE job_id = :job AND {SEEN}",  # noqa: S608  a constant
                {"job": job_id},
            )
            if there is None:
                return False
            await tx.execute(
                "INSERT INTO favourites VALUES (:user, :job, :now) ON CONFLICT DO NOTHING",
                {"user": user_id, "job": job_id, "now": now_ms},
            )
        return True

    async def remove(self, user_id: UserId, job_id: JobId) -> None:
        """Unmark a picture."""
        await self._db.write_one(
            "DELETE FROM favourites WHERE user_id = :user AND job_id = :job",
            {"user": user_id, "job": job_id},
        )

    async def among(self, user_id: UserId, job_ids: Sequence[JobId]) -> frozenset[JobId]:
        """Those of the pictures that the member marked."""
        rows = await self._db.fetch_all(
            "SELECT job_id FROM favourites WHERE user_id = :user"
            " AND job_id IN (SELECT value FROM json_each(:jobs))",
            {"user": user_id, "jobs": json.dumps(list(job_ids))},
        )
        return frozenset(JobId(row["job_id"]) for row in rows)
