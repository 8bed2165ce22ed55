"""Messages recorded before they are sent, where no other table records them.

A message with an unknown id (a crash while sending, or a lost answer from Discord) is found by a
name that it carries. `cogs/posting/sending.py` begins and ends a send, `cogs/posting/lost.py`
searches for lost ones. Must not know what a message says.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain import ChannelId, GuildId, JobId, MessageId, MessageRef, Post
from bot.store.db import Database, Params, Row, Transaction
from bot.store.doomed import Hunt, doom_message, insert_hunt
from bot.store.post_rows import insert_post


class SendKind(StrEnum):
    """The kinds of messages that no other table records before they are sent."""

    #: `/show`; once sent, it is a post like any other.
    SHOW = "show"
    #: The list of `/votes top` or `/duel top` with its pictures.
    TOP = "top"
    #: The message about a failed request.
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """A message that is about to be sent, or was sent."""

    #: The name to search for: the id of the interaction that it answers, or of its request.
    name: str
    kind: SendKind
    guild_id: GuildId
    channel_id: ChannelId
    #: A Discord snowflake older than the message.
    since_id: int
    #: The jobs whose pictures or prompts it shows.
    job_ids: Sequence[JobId]
    #: The jobs whose picture it shows behind a spoiler.
    spoilered: Collection[JobId] = ()


class SendAttempt(StrEnum):
    """The result of `Sends.begin`."""

    #: This is the first attempt.
    FIRST = "first"
    #: There was an earlier attempt, so the message may be in the channel.
    AGAIN = "again"
    #: Do not send: one of its pictures was deleted, held or put behind a spoiler, or its member was
    #: forgotten.
    GONE = "gone"


class Sends:
    """The tables `sends` and `send_jobs`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def begin(self, send: Send) -> SendAttempt:
        """Record a message before sending it, unless its content is gone."""
        async with self._db.write() as tx:
            if not await _is_complete(tx, send):
                return SendAttempt.GONE
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
        return SendAttempt.FIRST if first else SendAttempt.AGAIN

    async def record_message(self, send: Send, message_id: MessageId) -> bool:
        """Record the message. False if it must be deleted: its content is gone."""
        async with self._db.write() as tx:
            known = await tx.execute(
                "UPDATE sends SET message_id = :message, lost = 0"
                " WHERE name = :name AND kind = :kind",
                {**_key(send), "message": message_id},
            )
            if not known:
                await doom_message(tx, _message_ref(send, message_id))
        return bool(known)

    async def record_post(self, send: Send, post: Post) -> bool:
        """Record a `/show` message as a post. False if it must be deleted."""
        async with self._db.write() as tx:
            known = await tx.execute("DELETE FROM sends WHERE name = :name AND kind = :kind",
                                     _key(send))  # fmt: skip
            if known:
                await insert_post(tx, post)
            else:
                await doom_message(tx, _message_ref(send, post.message_id))
        return bool(known)

    async def abandon(self, send: Send) -> None:
        """Record that certainly nothing was sent."""
        await self._db.write_one(
            "DELETE FROM sends WHERE name = :name AND kind = :kind AND message_id IS NULL",
            _key(send),
        )

    async def record_lost_answer(self, send: Send) -> None:
        """Record that the message may exist, so that it is searched for.

        If its content is gone, the search deletes it.
        """
        async with self._db.write() as tx:
            known = await tx.execute(
                "UPDATE sends SET lost = 1 WHERE name = :name AND kind = :kind", _key(send)
            )
            if not known:
                # The search begun when the row was deleted may have ended before the message
                # existed.
                await insert_hunt(tx, _hunt(send))

    async def mark_all_lost(self) -> None:
        """At the start: search for every message that was being sent when the bot stopped."""
        await self._db.write_one("UPDATE sends SET lost = 1 WHERE message_id IS NULL AND lost = 0")

    async def lost_sends(self, limit: int, closed: Iterable[ChannelId] = ()) -> list[Send]:
        """Messages to search for; leaves out channels that are `closed` for now.

        Leaves out a notice while its request is open: the code that sends it searches for it
        itself, and otherwise the notice that it just sent could be deleted.
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


async def _is_complete(tx: Transaction, send: Send) -> bool:
    """Whether everything that the message would show exists and may be shown this way."""
    # A notice is about pictures that could not be drawn or posted; it needs only the jobs.
    condition = "1" if send.kind is SendKind.NOTICE else _SHOWABLE
    join = "LEFT JOIN" if send.kind is SendKind.NOTICE else "JOIN"
    row = await tx.fetch_one(
        f"SELECT count(*) AS n FROM jobs {join} pictures ON pictures.job_id = jobs.id"  # noqa: S608  the words above
        f" WHERE jobs.id IN (SELECT value FROM json_each(:ids)) AND {condition}",
        {"ids": json.dumps(list(send.job_ids)), "spoilered": json.dumps(list(send.spoilered))},
    )
    assert row is not None
    return row["n"] == len(set(send.job_ids))


def _key(send: Send) -> Params:
    return {"name": send.name, "kind": send.kind}


def _message_ref(send: Send, message_id: MessageId) -> MessageRef:
    return MessageRef(message_id=message_id, channel_id=send.channel_id, guild_id=send.guild_id)


def _hunt(send: Send) -> Hunt:
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
