"""What members are still to be told in a channel: owed until it is said, or until it is no news.

Whoever decides about a member writes it down in the transaction of the decision;
`cogs/governing/telling.py` says it. What is said is not known here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NewType

from bot.domain import ChannelId, GuildId, UserId
from bot.store.db import Database, Row, Transaction

#: Ten characters; the nonce of the message begins with it.
TellingId = NewType("TellingId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A word to one member."""

    id: TellingId
    guild_id: GuildId
    channel_id: ChannelId
    user_id: UserId
    text: str
    created_ms: int

    @property
    def nonce(self) -> str:
        """Discord takes no second message of the same for some minutes."""
        return f"{self.id}-told"


class Tellings:
    """The table `tellings`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def owed(
        self, limit: int, closed: Iterable[ChannelId] = (), *, nor: Iterable[int | str] = ()
    ) -> list[Telling]:
        """What is to be said, the oldest first; nothing in the channels `closed`, and not `nor`."""
        rows = await self._db.fetch_all(
            "SELECT * FROM tellings WHERE channel_id NOT IN (SELECT value FROM json_each(:closed))"
            " AND id NOT IN (SELECT value FROM json_each(:nor)) ORDER BY created_ms, id"
            " LIMIT :limit",
            {"closed": json.dumps(list(closed)), "nor": json.dumps(list(nor)), "limit": limit},
        )
        return [_telling_of(row) for row in rows]

    async def done(self, telling_id: TellingId) -> None:
        """It was said, or never will be."""
        await self._db.write_one("DELETE FROM tellings WHERE id = :id", {"id": telling_id})

    async def give_up(self, before_ms: int) -> int:
        """Let go of what was to be said before that time. Returns how much."""
        before = {"before": before_ms}
        if await self._db.fetch_one("SELECT 1 FROM tellings WHERE created_ms < :before", before):
            gone = await self._db.write_one(
                "DELETE FROM tellings WHERE created_ms < :before RETURNING id", before
            )
            return len(gone)
        return 0


async def insert_telling(tx: Transaction, telling: Telling) -> None:
    """Owe a member a word; what is owed under the same name already stays."""
    await tx.execute(
        "INSERT INTO tellings (id, guild_id, channel_id, user_id, text, created_ms)"
        " VALUES (:id, :guild, :channel, :user, :text, :now) ON CONFLICT DO NOTHING",
        {
            "id": telling.id,
            "guild": telling.guild_id,
            "channel": telling.channel_id,
            "user": telling.user_id,
            "text": telling.text,
            "now": telling.created_ms,
        },
    )


def _telling_of(row: Row) -> Telling:
    return Telling(
        id=TellingId(row["id"]),
        guild_id=GuildId(row["guild_id"]),
        channel_id=ChannelId(row["channel_id"]),
        user_id=UserId(row["user_id"]),
        text=row["text"],
        created_ms=row["created_ms"],
    )
