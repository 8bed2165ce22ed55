"""Messages to delete from Discord, and searches for messages whose ids are unknown.

A store that dooms a message records it here in the transaction that decides so;
`cogs/posting/takedown.py` works the list off. Why a message goes is not known here.
"""

# ruff: noqa: S608 these statements are built from constants of this file

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain import ChannelId, GuildId, MessageId, MessageRef
from bot.store.db import Database, Params, Transaction
from bot.store.duel_rows import UNDER_WAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """Every message in this channel that carries `name` and is younger than `since_id` must go."""

    name: str
    channel_id: ChannelId
    guild_id: GuildId
    since_id: int


class Doomed:
    """The tables `doomed_messages` and `hunts`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, message: MessageRef) -> None:
        """Doom a message that no other row names."""
        async with self._db.write() as tx:
            await doom(tx, message)

    async def hunt(self, hunt: Hunt) -> None:
        """Search for a message and doom it, when nobody can look for it now."""
        async with self._db.write() as tx:
            await hunt_down(tx, hunt)

    async def messages(
        self, limit: int, closed: Iterable[ChannelId] = (), *, nor: Iterable[int | str] = ()
    ) -> list[MessageRef]:
        """Doomed messages, the oldest first, without those in `nor`.

        Leaves out channels that are `closed` for now.
        """
        rows = await self._db.fetch_all(
            "SELECT * FROM doomed_messages"
            " WHERE channel_id NOT IN (SELECT value FROM json_each(:closed))"
            " AND message_id NOT IN (SELECT value FROM json_each(:nor))"
            " ORDER BY message_id LIMIT :limit",
            {"closed": json.dumps(list(closed)), "nor": json.dumps(list(nor)), "limit": limit},
        )
        return [
            MessageRef(
                message_id=MessageId(row["message_id"]),
                channel_id=ChannelId(row["channel_id"]),
                guild_id=GuildId(row["guild_id"]),
            )
            for row in rows
        ]

    async def gone(self, message_id: MessageId, now_ms: int) -> None:
        """Record that a doomed message is gone from Discord."""
        gone: Params = {"message": message_id, "now": now_ms}
        async with self._db.write() as tx:
            await tx.execute("DELETE FROM doomed_messages WHERE message_id = :message", gone)
            await tx.execute(
                "UPDATE posts SET deleted_ms = :now"
                " WHERE message_id = :message AND deleted_ms IS NULL",
                gone,
            )

    async def hunts(self, limit: int, closed: Iterable[ChannelId] = ()) -> list[Hunt]:
        """Searches to carry out, without channels that are `closed` for now."""
        rows = await self._db.fetch_all(
            "SELECT * FROM hunts WHERE channel_id NOT IN (SELECT value FROM json_each(:closed))"
            " ORDER BY since_id LIMIT :limit",
            {"closed": json.dumps(list(closed)), "limit": limit},
        )
        return [
            Hunt(
                name=row["name"],
                channel_id=ChannelId(row["channel_id"]),
                guild_id=GuildId(row["guild_id"]),
                since_id=row["since_id"],
            )
            for row in rows
        ]

    async def caught(self, hunt: Hunt, message_ids: Iterable[MessageId]) -> None:
        """End a search: doom these messages, the only ones that carry the name."""
        async with self._db.write() as tx:
            for message_id in message_ids:
                await doom(
                    tx,
                    MessageRef(
                        message_id=message_id, channel_id=hunt.channel_id, guild_id=hunt.guild_id
                    ),
                )
            await tx.execute(
                "DELETE FROM hunts WHERE name = :name AND channel_id = :channel",
                {"name": hunt.name, "channel": hunt.channel_id},
            )


async def doom(tx: Transaction, message: MessageRef) -> None:
    """Doom a message."""
    await tx.execute(
        "INSERT OR IGNORE INTO doomed_messages VALUES (:message, :channel, :guild)",
        {
            "message": message.message_id,
            "channel": message.channel_id,
            "guild": message.guild_id,
        },
    )


async def hunt_down(tx: Transaction, hunt: Hunt) -> None:
    """Search for every message that carries this name, and doom it."""
    await tx.execute(
        "INSERT OR IGNORE INTO hunts (name, channel_id, guild_id, since_id)"
        " VALUES (:name, :channel, :guild, :since)",
        {
            "name": hunt.name,
            "channel": hunt.channel_id,
            "guild": hunt.guild_id,
            "since": hunt.since_id,
        },
    )


async def doom_messages_of_jobs(tx: Transaction, which: str, values: Params) -> None:
    """Doom every message that shows a picture of the matching jobs.

    A post that also shows other pictures is amended instead. Call it before jobs and requests go. A
    message with an unknown id is searched for, if nothing else of it is still to be posted.
    """
    for statement in _DOOM_OF_JOBS:
        await tx.execute(statement.format(which=which), values)


async def doom_sends_of_jobs(tx: Transaction, which: str, values: Params) -> None:
    """Doom other messages that show these jobs: lists, duels, galleries.

    Includes shows that are no posts yet.
    """
    for statement in _SENDS_OF_JOBS:
        await tx.execute(statement.format(which=which), values)


async def doom_messages_of_requests(tx: Transaction, which: str, values: Params) -> None:
    """Doom the status messages and notices of requests, except those already gone."""
    for statement in _DOOM_OF_REQUESTS:
        await tx.execute(statement.format(which=which), values)


_CHOSEN = "SELECT id FROM jobs WHERE {which}"
#: Posts that also show a picture outside the set, and so stay.
_SHOWS_ANOTHER = (
    "EXISTS (SELECT 1 FROM post_pictures AS other JOIN pictures USING (job_id)"
    "  WHERE other.message_id = posts.message_id AND pictures.deleted_ms IS NULL"
    f"  AND other.job_id NOT IN ({_CHOSEN}))"
)
_POSTS = (
    "INSERT OR IGNORE INTO doomed_messages"
    " SELECT posts.message_id, posts.channel_id, posts.guild_id"
    " FROM post_pictures JOIN posts USING (message_id)"
    f" WHERE job_id IN ({_CHOSEN}) AND deleted_ms IS NULL AND NOT {_SHOWS_ANOTHER}"
)
_AMENDED = (
    "UPDATE posts SET amendment_owed = 1 WHERE deleted_ms IS NULL"
    f" AND message_id IN (SELECT message_id FROM post_pictures WHERE job_id IN ({_CHOSEN}))"
    f" AND {_SHOWS_ANOTHER}"
)
#: An attempt to deliver was begun, and no resulting post is known.
_POSTS_UNDER_WAY = (
    "INSERT OR IGNORE INTO hunts (name, channel_id, guild_id, since_id)"
    " SELECT owed_posts.id, requests.channel_id, requests.guild_id, requests.since_id"
    " FROM owed_posts JOIN requests ON requests.id = owed_posts.request_id"
    " WHERE owed_posts.id IN (SELECT owed_post_id FROM jobs WHERE {which})"
    "  AND posting_ms IS NOT NULL"
    "  AND NOT EXISTS (SELECT 1 FROM posts WHERE posts.owed_post_id = owed_posts.id)"
    # Whoever posts the others finds the message and has it amended.
    "  AND NOT EXISTS (SELECT 1 FROM jobs WHERE owed_post_id = owed_posts.id"
    f"   AND state = 'rendered' AND id NOT IN ({_CHOSEN}))"
)
_STATUSES = (
    "INSERT OR IGNORE INTO doomed_messages SELECT status_message_id, channel_id, guild_id"
    " FROM requests WHERE {which} AND status_message_id IS NOT NULL AND (NOT status_closed"
    "  OR EXISTS (SELECT 1 FROM jobs WHERE request_id = requests.id AND state <> 'delivered'))"
)
_STATUSES_UNDER_WAY = (
    "INSERT OR IGNORE INTO hunts (name, channel_id, guild_id, since_id)"
    " SELECT id, channel_id, guild_id, since_id FROM requests"
    " WHERE {which} AND status_message_id IS NULL AND (NOT status_closed"
    "  OR EXISTS (SELECT 1 FROM jobs WHERE request_id = requests.id AND state <> 'delivered'))"
)


def _of_sends(chosen: str) -> tuple[str, ...]:
    """Doom the sends for which `chosen` holds, or search for them, and delete their rows."""
    there = (
        "INSERT OR IGNORE INTO doomed_messages SELECT message_id, channel_id, guild_id FROM sends"
        f" WHERE {chosen} AND message_id IS NOT NULL"
    )
    under_way = (
        "INSERT OR IGNORE INTO hunts (name, channel_id, guild_id, since_id)"
        f" SELECT name, channel_id, guild_id, since_id FROM sends WHERE {chosen}"
        " AND message_id IS NULL"
    )
    return there, under_way, f"DELETE FROM sends WHERE {chosen}"


#: Duel messages that are known, and those that may exist.
_IN_DUELS = f"(left_job IN ({_CHOSEN}) OR right_job IN ({_CHOSEN}))"
_ASKING = (
    "INSERT OR IGNORE INTO doomed_messages SELECT message_id, channel_id, guild_id FROM duels"
    f" WHERE {_IN_DUELS} AND message_id IS NOT NULL"
)
_ASKING_UNDER_WAY = (
    "INSERT OR IGNORE INTO hunts (name, channel_id, guild_id, since_id)"
    f" SELECT id, channel_id, guild_id, since_id FROM duels WHERE {_IN_DUELS} AND {UNDER_WAY}"
)
#: Showpieces that hang in a gallery, or may hang there; none returns.
_HANGING = (
    "INSERT OR IGNORE INTO doomed_messages SELECT message_id, channel_id, guild_id FROM showpieces"
    f" WHERE job_id IN ({_CHOSEN}) AND message_id IS NOT NULL"
)
_HANGING_UNDER_WAY = (
    "INSERT OR IGNORE INTO hunts (name, channel_id, guild_id, since_id)"
    " SELECT job_id, channel_id, guild_id, since_id FROM showpieces"
    f" WHERE job_id IN ({_CHOSEN}) AND posting_ms IS NOT NULL AND message_id IS NULL"
    " AND ended_ms IS NULL"
)
_TAKEN_DOWN = (
    "UPDATE showpieces SET message_id = NULL, ended_ms = ifnull(ended_ms, posting_ms)"
    f" WHERE job_id IN ({_CHOSEN})"
)
_SENDS_OF_JOBS = (
    *_of_sends(
        "(name, kind) IN (SELECT name, kind FROM send_jobs"
        f" WHERE job_id IN ({_CHOSEN}) AND kind IN ('show', 'top'))"
    ),
    _ASKING,
    _ASKING_UNDER_WAY,
    _HANGING,
    _HANGING_UNDER_WAY,
    _TAKEN_DOWN,
)
_DOOM_OF_JOBS = (_POSTS, _AMENDED, _POSTS_UNDER_WAY, *_SENDS_OF_JOBS)
#: A status message removed after everything was posted is known to be gone.
_DOOM_OF_REQUESTS = (
    _STATUSES,
    _STATUSES_UNDER_WAY,
    *_of_sends("kind = 'notice' AND name IN (SELECT id FROM requests WHERE {which})"),
)
