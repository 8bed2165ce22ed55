"""Messages recorded before they are sent, where no other table records them.

A message with an unknown id (we crashed while sending, or Discord's answer was lost) is found by a
name that it carries. `cogs/posting/sending.py` begins and ends a send, `cogs/posting/lost.py` looks
for lost ones. What a message says is not known here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain import ChannelId, GuildId, JobId, MessageId, MessageRef, Post
from bot.store.db import Database, Params, Row, Transaction
from bot.store.doomed import Hunt, doom, hunt_down
from bot.store.post_rows import insert_post


class SendKind(StrEnum):
    """The kinds of messages that no other table records before they exist."""

    #: `/show`; once sent, it is a post like any other.
    SHOW = "show"
    #: The list of `/votes top` or `/duel top` with its pictures.
    TOP = "top"
    #: The message about a failed request.
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """A message about to be sent, or sent."""

    #: Its search key: the id of the interaction that it answers, or of its request.
    name: str
    kind: SendKind
    guild_id: GuildId
    channel_id: ChannelId
    #: A Discord snowflake older than the message.
    since_id: int
    #: The jobs whose pictures or words it shows.
    job_ids: Sequence[JobId]
    #: Those whose picture it shows behind a spoiler.
    spoilered: Collection[JobId] = ()


class Begun(StrEnum):
    """The result of `Sends.begin`."""

    #: This is the first attempt.
    FIRST = "first"
    #: There was an earlier attempt, so the message may be in the channel.
    AGAIN = "again"
    #: Do not send: one of its pictures was deleted, held or put behind a spoiler, or its member was
    #: forgotten.
    GONE = "gone"


class Sends:
    """The table `sends`, and the contents of its messages."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def begin(self, send: Send) -> Begun:
        """Record the intent before sending, unless its content is gone by now."""
        async with self._db.write() as tx:
            if not await _all_there(tx, send):
                return Begun.GONE
            first = await tx.execute(
                "INSERT INTO sends (name, kind, channel_id, guild_id, since_id)"
                " VALUES (:name, :kind, :channel, :guild, :since) ON CONFLICT DO NOTHING",
                {
                    **_key(send),
                    "channel": send.channel_id,
                    "guild": send.guild_id,
                    "since": send.since_id,
                },
            )
            await tx.execute_many(
                "INSERT OR IGNORE INTO send_jobs (name, kind, job_id) VALUES (:name, :kind, :job)",
                [{**_key(send), "job": job_id} for job_id in send.job_ids],
            )
        return Begun.FIRST if first else Begun.AGAIN

    async def sent(self, send: Send, message_id: MessageId) -> bool:
        """Record the message. False if it must be deleted: its content went meanwhile."""
        async with self._db.write() as tx:
            known = await tx.execute(
                "UPDATE sends SET message_id = :message, lost = 0"
                " WHERE name = :name AND kind = :kind",
                {**_key(send), "message": message_id},
            )
            if not known:
                await doom(tx, _doomed(send, message_id))
        return bool(known)

    async def shown(self, send: Send, post: Post) -> bool:
        """Record a `/show` message as a post. False if it must be deleted."""
        async with self._db.write() as tx:
            known = await tx.execute("DELETE FROM sends WHERE name = :name AND kind = :kind",
                                     _key(send))  # fmt: skip
            if known:
                await insert_post(tx, post)
            else:
                await doom(tx, _doomed(send, post.message_id))
        return bool(known)

    async def abandon(self, send: Send) -> None:
        """Record that nothing was sent, for certain."""
        await self._db.write_one(
            "DELETE FROM sends WHERE name = :name AND kind = :kind AND message_id IS NULL",
            _key(send),
        )

    async def answer_lost(self, send: Send) -> None:
        """Record that the message may exist: find it, and delete it if its content is gone."""
        async with self._db.write() as tx:
            known = await tx.execute(
                "UPDATE sends SET lost = 1 WHERE name = :name AND kind = :kind", _key(send)
            )
            if not known:
                # The search by whoever took the row may have ended before the message existed.
                await hunt_down(tx, _hunted(send))

    async def lose_all(self) -> None:
        """At a start: search for every message that was being sent before it."""
        await self._db.write_one("UPDATE sends SET lost = 1 WHERE message_id IS NULL AND lost = 0")

    async def lost(self, limit: int, closed: Iterable[ChannelId] = ()) -> list[Send]:
        """Messages to search for, without channels that are `closed` for now.

        Leaves out a notice while its request is open: the code that reports the end looks for it
        itself, and would otherwise be told to delete the notice it just sent.
        """
        rows = await self._db.fetch_all(
            "SELECT sends.*, (SELECT json_group_array(job_id) FROM send_jobs"
            "  WHERE send_jobs.name = sends.name AND send_jobs.kind = sends.kind) AS job_ids"
            " FROM sends WHERE lost = 1 AND message_id IS NULL AND NOT (kind = 'notice' AND EXISTS"
            "  (SELECT 1 FROM requests WHERE id = name AND status_closed = 0))"
            " AND channel_id NOT IN (SELECT value FROM json_each(:closed))"
            " ORDER BY since_id LIMIT :limit",
            {"closed": json.dumps(list(closed)), "limit": limit},
        )
        return [_send_of(row) for row in rows]


_SHOWABLE = (
    "pictures.deleted_ms IS NULL AND jobs.state <> 'held'"
    " AND (NOT pictures.spoiler OR jobs.id IN (SELECT value FROM json_each(:spoilered)))"
)


async def _all_there(tx: Transaction, send: Send) -> bool:
    """Whether everything that the message would show still exists and may be shown this way."""
    # A notice is about pictures that could not be drawn or posted; its words are the request's.
    there = "1" if send.kind is SendKind.NOTICE else _SHOWABLE
    join = "LEFT JOIN" if send.kind is SendKind.NOTICE else "JOIN"
    row = await tx.fetch_one(
        f"SELECT count(*) AS n FROM jobs {join} pictures ON pictures.job_id = jobs.id"  # noqa: S608  the words above
        f" WHERE jobs.id IN (SELECT value FROM json_each(:ids)) AND {there}",
        {"ids": json.dumps(list(send.job_ids)), "spoilered": json.dumps(list(send.spoilered))},
    )
    assert row is not None
    return row["n"] == len(set(send.job_ids))


def _key(send: Send) -> Params:
    return {"name": send.name, "kind": send.kind}


def _doomed(send: Send, message_id: MessageId) -> MessageRef:
    return MessageRef(message_id=message_id, channel_id=send.channel_id, guild_id=send.guild_id)


def _hunted(send: Send) -> Hunt:
    return Hunt(
        name=send.name, channel_id=send.channel_id, guild_id=send.guild_id, since_id=send.since_id
    )


def _send_of(row: Row) -> Send:
    return Send(
        name=row["name"],
        kind=SendKind(row["kind"]),
        guild_id=GuildId(row["guild_id"]),
        channel_id=ChannelId(row["channel_id"]),
        since_id=row["since_id"],
        job_ids=[JobId(job_id) for job_id in json.loads(row["job_ids"])],
    )
