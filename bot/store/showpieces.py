"""Showpieces: pictures liked enough to be shown in a gallery channel, each once.

`cogs/voting/exhibiting.py` shows them. A picture gets a row at the first attempt and keeps it, so
it is shown only once. Must not know whether it may be shown there.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from bot.domain import ChannelId, GuildId, JobId, MessageId, MessageRef
from bot.store.db import Database, Row, Transaction
from bot.store.doomed import Hunt, doom_message, insert_hunt
from bot.store.picture_rows import IS_VISIBLE, NOT_BLIND

#: The maximum age of a picture that enters a gallery.
RECENT_MS = 7 * 24 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Showpiece:
    """A picture for a gallery channel."""

    job_id: JobId
    guild_id: GuildId
    channel_id: ChannelId
    #: A Discord snowflake older than its message: the id of its earliest post.
    since_id: int
    #: Whether an attempt to show it was already made.
    begun: bool


class Showpieces:
    """The table `showpieces`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def owed_showpieces(
        self, now_ms: int, limit: int, *, closed: Collection[ChannelId] = (), skip: int = 0
    ) -> list[Showpiece]:
        """Showpieces begun but not yet posted, then newly liked pictures, oldest first.

        Leaves out channels that are `closed` for now, and the first `skip` liked pictures.
        """
        values = {"besides": json.dumps(list(closed)), "limit": limit}
        begun = await self._db.fetch_all(_BEGUN, values)
        since_ms = now_ms - RECENT_MS
        liked = await self._db.fetch_all(_LIKED, {**values, "since": since_ms, "skip": skip})
        return [*(_showpiece_of(row, begun=True) for row in begun),
                *(_showpiece_of(row, begun=False) for row in liked)]  # fmt: skip

    async def gallery_channel_of(self, job_id: JobId) -> ChannelId | None:
        """The gallery channel that shows a picture now; None if none does."""
        row = await self._db.fetch_one(
            "SELECT channel_id FROM showpieces WHERE job_id = :job AND message_id IS NOT NULL",
            {"job": job_id},
        )
        return ChannelId(row["channel_id"]) if row else None

    async def begin(self, showpiece: Showpiece, now_ms: int, *, spoilered: bool) -> bool | None:
        """Record an attempt, before it is made; True if it is the first.

        None if it must not be shown (any more): it is or was there, or the picture is gone, or it
        now needs a spoiler and `spoilered` is False.
        """
        values = {
            "job": showpiece.job_id,
            "guild": showpiece.guild_id,
            "channel": showpiece.channel_id,
            "since": showpiece.since_id,
            "now": now_ms,
            "spoilered": int(spoilered),
        }
        async with self._db.write() as tx:
            if await tx.fetch_one(_SHOWABLE, values) is None:
                return None
            if await tx.execute(_INSERT, values):
                return True
            return False if await tx.fetch_one(_UNDER_WAY, values) else None

    async def record_message(self, showpiece: Showpiece, message_id: MessageId) -> bool:
        """Record its message.

        False if it must be deleted: the picture is gone, or another message was recorded first.
        """
        values = {"job": showpiece.job_id, "message": message_id}
        async with self._db.write() as tx:
            await tx.execute(
                "UPDATE showpieces SET message_id = :message WHERE job_id = :job"
                " AND message_id IS NULL AND ended_ms IS NULL",
                values,
            )
            recorded = await tx.fetch_one(
                "SELECT 1 FROM showpieces WHERE job_id = :job AND message_id = :message", values
            )
            if recorded is None:
                await doom_message(tx, _message_ref(showpiece, message_id))
        return recorded is not None

    async def record_lost_answer(self, showpiece: Showpiece) -> None:
        """Record that its message may exist.

        The next attempt looks for it; if there is none, a search does.
        """
        async with self._db.write() as tx:
            if await tx.fetch_one(_UNDER_WAY, {"job": showpiece.job_id}) is None:
                await insert_hunt(tx, _hunt(showpiece))

    async def give_up(self, showpiece: Showpiece, now_ms: int) -> None:
        """Give up showing it; doom what an earlier attempt may have left."""
        async with self._db.write() as tx:
            await _give_up(tx, showpiece, now_ms)


async def _give_up(tx: Transaction, showpiece: Showpiece, now_ms: int) -> None:
    known = await tx.execute(
        "UPDATE showpieces SET ended_ms = :now WHERE job_id = :job AND message_id IS NULL"
        " AND ended_ms IS NULL",
        {"now": now_ms, "job": showpiece.job_id},
    )
    if known:
        await insert_hunt(tx, _hunt(showpiece))


def _message_ref(showpiece: Showpiece, message_id: MessageId) -> MessageRef:
    return MessageRef(
        message_id=message_id, channel_id=showpiece.channel_id, guild_id=showpiece.guild_id
    )


def _hunt(showpiece: Showpiece) -> Hunt:
    return Hunt(
        name=showpiece.job_id,
        channel_id=showpiece.channel_id,
        guild_id=showpiece.guild_id,
        since_id=showpiece.since_id,
    )


def _showpiece_of(row: Row, *, begun: bool) -> Showpiece:
    return Showpiece(
        job_id=JobId(row["job_id"]),
        guild_id=GuildId(row["guild_id"]),
        channel_id=ChannelId(row["channel_id"]),
        since_id=row["since_id"],
        begun=begun,
    )


_BEGUN = (
    "SELECT * FROM showpieces WHERE message_id IS NULL AND ended_ms IS NULL"
    " AND channel_id NOT IN (SELECT value FROM json_each(:besides)) ORDER BY since_id LIMIT :limit"
)
#: The newest policy version of each server that has a gallery.
_GALLERIES = (
    "SELECT guild_id, gallery_channel_id, gallery_votes FROM policies AS newest"
    " WHERE gallery_channel_id IS NOT NULL"
    "  AND gallery_channel_id NOT IN (SELECT value FROM json_each(:besides))"
    "  AND version = (SELECT max(version) FROM policies WHERE guild_id = newest.guild_id)"
)
#: The votes of others, counted as in `/votes top`.
_SCORE = (
    "(SELECT ifnull(sum(value), 0) FROM votes WHERE votes.job_id = pictures.job_id"
    "  AND axis = 'taste' AND NOT self_vote)"
    " + ifnull((SELECT up - down FROM nameless_tallies"
    "  WHERE nameless_tallies.job_id = pictures.job_id AND axis = 'taste'), 0)"
)
#: The earliest post outside the gallery, where members saw it and voted.
_POSTED = (
    "(SELECT min(posts.message_id) FROM post_pictures JOIN posts USING (message_id)"
    "  WHERE post_pictures.job_id = pictures.job_id AND posts.deleted_ms IS NULL"
    "  AND posts.channel_id <> gallery_channel_id)"
)
_LIKED = (
    "SELECT * FROM (SELECT pictures.job_id, pictures.guild_id, gallery_channel_id AS channel_id,"  # noqa: S608  constants
    f"  {_POSTED} AS since_id FROM ({_GALLERIES}) AS galleries"
    "  CROSS JOIN pictures ON pictures.guild_id = galleries.guild_id"
    "  JOIN jobs ON jobs.id = pictures.job_id"
    "  WHERE pictures.created_ms >= :since AND pictures.deleted_ms IS NULL"
    f"  AND jobs.state <> 'held' AND {NOT_BLIND}"
    "  AND NOT EXISTS (SELECT 1 FROM showpieces WHERE showpieces.job_id = pictures.job_id)"
    "  AND (SELECT layout FROM requests WHERE requests.id = jobs.request_id) <> 'private'"
    f"  AND {_SCORE} >= gallery_votes)"
    " WHERE since_id IS NOT NULL ORDER BY since_id, job_id LIMIT :limit OFFSET :skip"
)
_SHOWABLE = (
    f"SELECT 1 FROM pictures WHERE job_id = :job AND {IS_VISIBLE} AND (NOT spoiler OR :spoilered)"  # noqa: S608  a constant
)
_INSERT = (
    "INSERT INTO showpieces (job_id, guild_id, channel_id, since_id, posting_ms)"
    " VALUES (:job, :guild, :channel, :since, :now) ON CONFLICT DO NOTHING"
)
_UNDER_WAY = (
    "SELECT 1 FROM showpieces WHERE job_id = :job AND message_id IS NULL AND ended_ms IS NULL"
)
