"""Favourites: pictures that a member wants to find again, their own or somebody else's.

Only the member sees them. Must not know which of them may be shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.domain import JobId, UserId
from bot.store.db import Database
from bot.store.picture_rows import IS_VISIBLE


class Favourites:
    """The table `favourites`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, user_id: UserId, job_id: JobId, now_ms: int) -> bool:
        """Mark a picture; False if it is gone. Repeating it changes nothing."""
        async with self._db.write() as tx:
            picture = await tx.fetch_one(
                f"SELECT 1 FROM pictures WHERE job_id = :job AND {IS_VISIBLE}",  # noqa: S608  a constant
                {"job": job_id},
            )
            if picture is None:
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

    async def favourites_among(self, user_id: UserId, job_ids: Sequence[JobId]) -> frozenset[JobId]:
        """Which of these pictures the member marked."""
        rows = await self._db.fetch_all(
            "SELECT job_id FROM favourites WHERE user_id = :user"
            " AND job_id IN (SELECT value FROM json_each(:jobs))",
            {"user": user_id, "jobs": json.dumps(list(job_ids))},
        )
        return frozenset(JobId(row["job_id"]) for row in rows)
