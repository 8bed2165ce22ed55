"""What users agreed to: the licence (by its hash), sharing prompts, and the asks that wait for it.

The cogs ask before a user's first picture; the export asks before a prompt leaves. Nothing here
knows what a licence says.
"""

from __future__ import annotations

from bot.domain import Ask, RequestId, UserId
from bot.ids import new_id
from bot.store.ask_rows import ask_json, ask_of
from bot.store.db import Database

#: The asks of one user that may wait for acceptance; the oldest makes room.
_WAITING_MAX = 5


class Consent:
    """Acceptances, choices, and asks on hold."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def accepted(self, user_id: UserId, licence_sha256: str) -> bool:
        """Whether the user accepted exactly this licence."""
        return await self.accepted_ms(user_id, licence_sha256) is not None

    async def accepted_ms(self, user_id: UserId, licence_sha256: str) -> int | None:
        """When the user accepted exactly this licence; None if they did not."""
        row = await self._db.fetch_one(
            "SELECT at_ms FROM acceptances WHERE user_id = :user AND licence_sha256 = :licence",
            {"user": user_id, "licence": licence_sha256},
        )
        return row["at_ms"] if row else None

    async def accept(self, user_id: UserId, licence_sha256: str, card_id: str, now_ms: int) -> None:
        """Record an acceptance; the first one of a licence stays."""
        await self._db.write_one(
            "INSERT INTO acceptances (user_id, licence_sha256, card_id, at_ms)"
            " VALUES (:user, :licence, :card, :now) ON CONFLICT DO NOTHING",
            {"user": user_id, "licence": licence_sha256, "card": card_id, "now": now_ms},
        )

    async def hold(self, ask: Ask, now_ms: int) -> RequestId:
        """Keep an ask until its user accepts; the id goes into the Accept button."""
        waiting_id = RequestId(new_id())
        async with self._db.write() as tx:
            await tx.execute(
                "INSERT INTO waiting_asks (id, user_id, guild_id, ask, created_ms)"
                " VALUES (:id, :user, :guild, :ask, :now)",
                {
                    "id": waiting_id,
                    "user": ask.user_id,
                    "guild": ask.place.guild_id,
                    "ask": ask_json(ask),
                    "now": now_ms,
                },
            )
            await tx.execute(
                "DELETE FROM waiting_asks WHERE user_id = :user AND rowid NOT IN (SELECT rowid"
                " FROM waiting_asks WHERE user_id = :user ORDER BY rowid DESC LIMIT :most)",
                {"user": ask.user_id, "most": _WAITING_MAX},
            )
        return waiting_id

    async def waiting(self, waiting_id: RequestId, user_id: UserId) -> Ask | None:
        """The user's own waiting ask, which goes on waiting; None if there is none (any more)."""
        row = await self._db.fetch_one(
            "SELECT ask FROM waiting_asks WHERE id = :id AND user_id = :user",
            {"id": waiting_id, "user": user_id},
        )
        return ask_of(row["ask"]) if row else None

    async def take(self, waiting_id: RequestId, user_id: UserId) -> Ask | None:
        """The user's own waiting ask, which waits no more; None if there is none (any more)."""
        rows = await self._db.write_one(
            "DELETE FROM waiting_asks WHERE id = :id AND user_id = :user RETURNING ask",
            {"id": waiting_id, "user": user_id},
        )
        return ask_of(rows[0]["ask"]) if rows else None

    async def shares_prompts(self, user_id: UserId) -> bool:
        """Whether the user's prompts may go into the export; no, unless they said yes."""
        row = await self._db.fetch_one(
            "SELECT share_prompts FROM sharing WHERE user_id = :user", {"user": user_id}
        )
        return row is not None and bool(row["share_prompts"])

    async def set_sharing(self, user_id: UserId, share: bool, now_ms: int) -> None:  # noqa: FBT001  the choice itself
        """Record the user's choice; the latest counts."""
        await self._db.write_one(
            "INSERT OR REPLACE INTO sharing (user_id, share_prompts, at_ms)"
            " VALUES (:user, :share, :now)",
            {"user": user_id, "share": int(share), "now": now_ms},
        )
