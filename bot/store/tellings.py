"""Messages owed to members in a channel, until they are sent or too old.

A decision about a member records the message in its own transaction; `cogs/governing/telling.py`
sends it. Must not know what it says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NewType

from bot.domain import ChannelId, GuildId, UserId
from bot.store.db import Database, Row, Transaction

#: Ten characters; the message's nonce begins with them.
TellingId = NewType("TellingId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A message owed to one member."""

    id: TellingId
    guild_id: GuildId
    channel_id: ChannelId
    user_id: UserId
    text: str
    created_ms: int

    @property
    def nonce(self) -> str:
        """The nonce by which Discord rejects a duplicate for some minutes."""
        return f"{self.id}-told"


class Tellings:
    """The table `tellings`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def owed_tellings(
        self, limit: int, closed: Iterable[ChannelId] = (), *, skip_ids: Iterable[int | str] = ()
    ) -> list[Telling]:
        """Messages to send, oldest first.

        Leaves out the messages in `skip_ids` and channels that are `closed` for now.
        """
        rows = await self._db.fetch_all(
            "SELECT * FROM tellings WHERE channel_id NOT IN (SELECT value FROM json_each(:closed))"
            " AND id NOT IN (SELECT value FROM json_each(:nor)) ORDER BY created_ms, id"
            " LIMIT :limit",
            {"closed": json.dumps(list(closed)), "nor": json.dumps(list(skip_ids)), "limit": limit},
        )
        return [_telling_of(row) for row in rows]

    async def record_sent(self, telling_id: TellingId) -> None:
        """Record that it was sent, or never will be."""
        await self._db.write_one("DELETE FROM tellings WHERE id = :id", {"id": telling_id})

    async def drop_old(self, before_ms: int) -> int:
        """Drop the messages created before that time; return how many."""
        before = {"before": before_ms}
        if await self._db.fetch_one("SELECT 1 FROM tellings WHERE created_ms < :before", before):
            dropped = await self._db.write_one(
                "DELETE FROM tellings WHERE created_ms < :before RETURNING id", before
            )
            return len(dropped)
        return 0


async def insert_telling(tx: Transaction, telling: Telling) -> None:
    """Owe a member a message; one that is already owed under the same id stays."""
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
