"""Messages to delete from Discord, and searches for messages whose ids are unknown.

A store that dooms a message records it here, in the transaction of that decision;
`cogs/posting/takedown.py` deletes the messages. Must not know why a message is deleted.
"""

# ruff: noqa: S608 these statements are built from constants of this file

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain import ChannelId, GuildId, MessageId, MessageRef
from bot.store.db import Database, Params, Transaction
from bot.store.duel_rows import MAY_BE_POSTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """A search: delete every message in this channel with this name, sent after `since_id`."""

    name: str
    channel_id: ChannelId
    guild_id: GuildId
    since_id: int


class Doomed:
    """The tables `doomed_messages` and `hunts`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, message: MessageRef) -> None:
        """Doom a message that no other row mentions."""
        async with self._db.write() as tx:
            await doom_message(tx, message)

    async def begin_hunt(self, hunt: Hunt) -> None:
        """Record a search for a message that nobody can search for now."""
        async with self._db.write() as tx:
            await insert_hunt(tx, hunt)

    async def messages(
        self, limit: int, closed: Iterable[ChannelId] = (), *, skip_ids: Iterable[int | str] = ()
    ) -> list[MessageRef]:
        """Doomed messages, oldest first.

        Leaves out the messages in `skip_ids` and channels that are `closed` for now.
        """
        rows = await self._db.fetch_all(
            "SELECT * FROM doomed_messages"
            " WHERE channel_id NOT IN (SELECT value FROM json_each(:closed))"
            " AND message_id NOT IN (SELECT value FROM json_each(:nor))"
            " ORDER BY message_id LIMIT :limit",
            {"closed": json.dumps(list(closed)), "nor": json.dumps(list(skip_ids)), "limit": limit},
        )
        return [
            MessageRef(
                message_id=MessageId(row["message_id"]),
                channel_id=ChannelId(row["channel_id"]),
                guild_id=GuildId(row["guild_id"]),
            )
            for row in rows
        ]

    async def record_deleted(self, message_id: MessageId, now_ms: int) -> None:
        """Record that a doomed message no longer exists on Discord."""
        gone: Params = {"message": message_id, "now": now_ms}
        async with self._db.write() as tx:
            await tx.execute("DELETE FROM doomed_messages WHERE message_id = :message", gone)
            await tx.execute(
                "UPDATE posts SET deleted_ms = :now"
                " WHERE message_id = :message AND deleted_ms IS NULL",
                gone,
            )

    async def hunts(self, limit: int, closed: Iterable[ChannelId] = ()) -> list[Hunt]:
        """Searches to carry out; leaves out channels that are `closed` for now."""
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

    async def end_hunt(self, hunt: Hunt, message_ids: Iterable[MessageId]) -> None:
        """End a search: doom these messages, the only ones with the name."""
        async with self._db.write() as tx:
            for message_id in message_ids:
                await doom_message(
                    tx,
                    MessageRef(
                        message_id=message_id, channel_id=hunt.channel_id, guild_id=hunt.guild_id
                    ),
                )
            await tx.execute(
                "DELETE FROM hunts WHERE name = :name AND channel_id = :channel",
                {"name": hunt.name, "channel": hunt.channel_id},
            )


async def doom_message(tx: Transaction, message: MessageRef) -> None:
    """Doom a message."""
    await tx.execute(
        "INSERT OR IGNORE INTO doomed_messages VALUES (:message, :channel, :guild)",
        {
            "message": message.message_id,
            "channel": message.channel_id,
            "guild": message.guild_id,
        },
    )


async def insert_hunt(tx: Transaction, hunt: Hunt) -> None:
    """Record a search for every message with this name, to doom it."""
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

    A post that also shows other pictures is amended instead. Call it before deleting jobs and
    requests. A message with an unknown id is searched for, unless other pictures of its post are
    still to be posted.
    """
    for statement in _DOOM_OF_JOBS:
        await tx.execute(statement.format(which=which), values)


async def doom_sends_of_jobs(tx: Transaction, which: str, values: Params) -> None:
    """Doom the messages other than posts that show these jobs: lists, duels, galleries.

    Includes `/show` messages that are not recorded as posts yet.
    """
    for statement in _DOOM_SENDS_OF_JOBS:
        await tx.execute(statement.format(which=which), values)


async def doom_messages_of_requests(tx: Transaction, which: str, values: Params) -> None:
    """Doom the status messages and notices of requests, except status messages known to be gone."""
    for statement in _DOOM_OF_REQUESTS:
        await tx.execute(statement.format(which=which), values)


_CHOSEN_JOBS = "SELECT id FROM jobs WHERE {which}"
#: Whether a post also shows a picture outside the set, and so stays.
_SHOWS_ANOTHER = (
    "EXISTS (SELECT 1 FROM post_pictures AS other JOIN pictures USING (job_id)"
    "  WHERE other.message_id = posts.message_id AND pictures.deleted_ms IS NULL"
    f"  AND other.job_id NOT IN ({_CHOSEN_JOBS}))"
)
_DOOM_POSTS = (
    "INSERT OR IGNORE INTO doomed_messages"
    " SELECT posts.message_id, posts.channel_id, posts.guild_id"
    " FROM post_pictures JOIN posts USING (message_id)"
    f" WHERE job_id IN ({_CHOSEN_JOBS}) AND deleted_ms IS NULL AND NOT {_SHOWS_ANOTHER}"
)
_AMEND_POSTS = (
    "UPDATE posts SET amendment_owed = 1 WHERE deleted_ms IS NULL"
    f" AND message_id IN (SELECT message_id FROM post_pictures WHERE job_id IN ({_CHOSEN_JOBS}))"
    f" AND {_SHOWS_ANOTHER}"
)
#: For posts whose delivery was begun, with no resulting post known.
_HUNT_POSTS = (
    "INSERT OR IGNORE INTO hunts (name, channel_id, guild_id, since_id)"
    " SELECT owed_posts.id, requests.channel_id, requests.guild_id, requests.since_id"
    " FROM owed_posts JOIN requests ON requests.id = owed_posts.request_id"
    " WHERE owed_posts.id IN (SELECT owed_post_id FROM jobs WHERE {which})"
    "  AND posting_ms IS NOT NULL"
    "  AND NOT EXISTS (SELECT 1 FROM posts WHERE posts.owed_post_id = owed_posts.id)"
    # The delivery of the others finds the message and has it amended.
    "  AND NOT EXISTS (SELECT 1 FROM jobs WHERE owed_post_id = owed_posts.id"
    f"   AND state = 'rendered' AND id NOT IN ({_CHOSEN_JOBS}))"
)
_DOOM_STATUSES = (
    "INSERT OR IGNORE INTO doomed_messages SELECT status_message_id, channel_id, guild_id"
    " FROM requests WHERE {which} AND status_message_id IS NOT NULL AND (NOT status_closed"
    "  OR EXISTS (SELECT 1 FROM jobs WHERE request_id = requests.id AND state <> 'delivered'))"
)
_HUNT_STATUSES = (
    "INSERT OR IGNORE INTO hunts (name, channel_id, guild_id, since_id)"
    " SELECT id, channel_id, guild_id, since_id FROM requests"
    " WHERE {which} AND status_message_id IS NULL AND (NOT status_closed"
    "  OR EXISTS (SELECT 1 FROM jobs WHERE request_id = requests.id AND state <> 'delivered'))"
)


def _doom_sends(chosen: str) -> tuple[str, ...]:
    """Statements that doom the chosen sends, or search for them, and delete their rows."""
    doom_known = (
        "INSERT OR IGNORE INTO doomed_messages SELECT message_id, channel_id, guild_id FROM sends"
        f" WHERE {chosen} AND message_id IS NOT NULL"
    )
    hunt_unknown = (
        "INSERT OR IGNORE INTO hunts (name, channel_id, guild_id, since_id)"
        f" SELECT name, channel_id, guild_id, since_id FROM sends WHERE {chosen}"
        " AND message_id IS NULL"
    )
    return doom_known, hunt_unknown, f"DELETE FROM sends WHERE {chosen}"


#: Duels that show a picture of the set.
_IN_DUELS = f"(left_job IN ({_CHOSEN_JOBS}) OR right_job IN ({_CHOSEN_JOBS}))"
_DOOM_DUELS = (
    "INSERT OR IGNORE INTO doomed_messages SELECT message_id, channel_id, guild_id FROM duels"
    f" WHERE {_IN_DUELS} AND message_id IS NOT NULL"
)
_HUNT_DUELS = (
    "INSERT OR IGNORE INTO hunts (name, channel_id, guild_id, since_id)"
    f" SELECT id, channel_id, guild_id, since_id FROM duels WHERE {_IN_DUELS} AND {MAY_BE_POSTED}"
)
#: Showpieces that are in a gallery, or may be; none returns there.
_DOOM_SHOWPIECES = (
    "INSERT OR IGNORE INTO doomed_messages SELECT message_id, channel_id, guild_id FROM showpieces"
    f" WHERE job_id IN ({_CHOSEN_JOBS}) AND message_id IS NOT NULL"
)
_HUNT_SHOWPIECES = (
    "INSERT OR IGNORE INTO hunts (name, channel_id, guild_id, since_id)"
    " SELECT job_id, channel_id, guild_id, since_id FROM showpieces"
    f" WHERE job_id IN ({_CHOSEN_JOBS}) AND posting_ms IS NOT NULL AND message_id IS NULL"
    " AND ended_ms IS NULL"
)
_END_SHOWPIECES = (
    "UPDATE showpieces SET message_id = NULL, ended_ms = ifnull(ended_ms, posting_ms)"
    f" WHERE job_id IN ({_CHOSEN_JOBS})"
)
_DOOM_SENDS_OF_JOBS = (
    *_doom_sends(
        "(name, kind) IN (SELECT name, kind FROM send_jobs"
        f" WHERE job_id IN ({_CHOSEN_JOBS}) AND kind IN ('show', 'top'))"
    ),
    _DOOM_DUELS,
    _HUNT_DUELS,
    _DOOM_SHOWPIECES,
    _HUNT_SHOWPIECES,
    _END_SHOWPIECES,
)
_DOOM_OF_JOBS = (_DOOM_POSTS, _AMEND_POSTS, _HUNT_POSTS, *_DOOM_SENDS_OF_JOBS)
#: A closed status message whose pictures are all posted was removed already.
_DOOM_OF_REQUESTS = (
    _DOOM_STATUSES,
    _HUNT_STATUSES,
    *_doom_sends("kind = 'notice' AND name IN (SELECT id FROM requests WHERE {which})"),
)
