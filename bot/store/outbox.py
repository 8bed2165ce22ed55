"""What is drawn and not yet posted: at least one try each, and one post remembered.

For the delivery. The caller posts first and calls `delivered` after; a
crash in between is found by `begin_posting`, which remembers that a first try was made. No Discord
here, and no clock that decides anything: a channel that rests is the caller's to leave out.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain import ChannelId, Job, JobId, MessageRef, Post, VoteEmoji
from bot.store.db import Database, Row, Transaction
from bot.store.doomed import Hunt, doom, hunt_down
from bot.store.job_rows import FOREIGN, job_of

log = logging.getLogger(__name__)

_DEFAULT = VoteEmoji()
#: In two steps, or it would walk over every job that there ever was, in their order.
_OWED = (
    "SELECT * FROM jobs WHERE seq IN (SELECT seq FROM jobs WHERE state = 'rendered'"
    "  AND channel_id NOT IN (SELECT value FROM json_each(:closed)))"
    " AND id NOT IN (SELECT value FROM json_each(:nor))"
    " ORDER BY seq LIMIT :limit"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A try to post that is about to be made."""

    #: A snowflake of Discord's own that is older than every post of the picture.
    since_id: int
    #: False: an earlier try may have left a post in the channel.
    is_first: bool


class Outbox:
    """The jobs in state `rendered`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def rendered(
        self,
        now_ms: int,
        closed: Iterable[ChannelId] = (),
        limit: int = 50,
        *,
        nor: Iterable[int | str] = (),
    ) -> list[Job]:
        """The first pictures that are owed, in the order of asking, without the jobs `nor`.

        Channels that are `closed` (posted to already, or resting) are left out, so that no number
        of pictures owed to a sick channel hides what is owed to a healthy one. A job of another
        version ends here as failed.
        """
        rows = await self._db.fetch_all(
            _OWED,
            {"closed": json.dumps(list(closed)), "nor": json.dumps(list(nor)), "limit": limit},
        )
        return await self._readable(rows, now_ms)

    async def _readable(self, rows: Iterable[Row], now_ms: int) -> list[Job]:
        """These rows as jobs, without those of another version, which end here."""
        jobs = [job_of(row) for row in rows]
        for job in jobs:
            if job.fault is not None:
                await self.fail_delivery(job.id, FOREIGN, now_ms)
                log.warning("job %s rendered -> failed (unknown %s)", job.id, job.fault)
        return [job for job in jobs if job.fault is None]

    async def begin_posting(self, job_id: JobId, now_ms: int) -> Posting | None:
        """Record the first try to post, before it is made. None if no post is owed any more."""
        async with self._db.write() as tx:
            first = await tx.execute(
                "UPDATE jobs SET posting_ms = :now"
                " WHERE id = :id AND posting_ms IS NULL AND state = 'rendered'",
                {"now": now_ms, "id": job_id},
            )
            row = await tx.fetch_one(
                "SELECT since_id FROM requests JOIN jobs ON jobs.request_id = requests.id"
                " WHERE jobs.id = :id AND state = 'rendered'",
                {"id": job_id},
            )
        return Posting(since_id=row["since_id"], is_first=bool(first)) if row else None

    async def answer_lost(self, job: Job, posting: Posting) -> None:
        """The post may be there. It is looked for at the next try, if there will be one.

        If its picture was deleted meanwhile there is none, and the hunt that began then may have
        ended before the post was there: then it begins again.
        """
        async with self._db.write() as tx:
            if not await tx.fetch_one(
                "SELECT 1 FROM jobs WHERE id = :id AND state = 'rendered'", {"id": job.id}
            ):
                await hunt_down(
                    tx,
                    Hunt(
                        name=job.id,
                        channel_id=job.channel_id,
                        guild_id=job.guild_id,
                        since_id=posting.since_id,
                    ),
                )

    async def delivered(self, job_id: JobId, post: Post, now_ms: int) -> bool:
        """Remember the post and end the job, in one transaction; a repetition changes nothing.

        False if this post is not the job's: its picture was deleted meanwhile, or another post
        was remembered first. Its message is then doomed.
        """
        async with self._db.write() as tx:
            if not await tx.fetch_one(
                "SELECT 1 FROM pictures WHERE job_id = :id AND deleted_ms IS NULL", {"id": job_id}
            ):
                await _doom_post(tx, post)
                return False
            await insert_post(tx, post, "delivery")
            await tx.execute(
                "UPDATE jobs SET state = 'delivered', ended_ms = :now"
                " WHERE id = :id AND state = 'rendered'",
                {"now": now_ms, "id": job_id},
            )
            row = await tx.fetch_one(
                "SELECT message_id FROM posts WHERE job_id = :id AND kind = 'delivery'",
                {"id": job_id},
            )
            ours = row is not None and row["message_id"] == post.message_id
            if not ours:
                await _doom_post(tx, post)
        return ours

    async def fail_delivery(self, job_id: JobId, error: str, now_ms: int) -> None:
        """Give up posting; the picture is kept, and `error` is shown to its user."""
        await self._db.write_one(
            "UPDATE jobs SET state = 'failed', error = :error, ended_ms = :now"
            " WHERE id = :id AND state = 'rendered'",
            {"error": error, "now": now_ms, "id": job_id},
        )


async def _doom_post(tx: Transaction, post: Post) -> None:
    await doom(
        tx,
        MessageRef(message_id=post.message_id, channel_id=post.channel_id, guild_id=post.guild_id),
    )


async def insert_post(tx: Transaction, post: Post, kind: str) -> None:
    """Add a post with the vote emoji that its server has now; one that is known stays as it is."""
    await tx.execute(
        "INSERT INTO posts (message_id, job_id, channel_id, guild_id, kind, posted_ms, up_emoji,"
        " down_emoji) VALUES (:message, :job, :channel, :guild, :kind, :posted,"
        " ifnull((SELECT up_emoji FROM guilds WHERE guild_id = :guild), :up),"
        " ifnull((SELECT down_emoji FROM guilds WHERE guild_id = :guild), :down))"
        " ON CONFLICT DO NOTHING",
        {
            "message": post.message_id,
            "job": post.job_id,
            "channel": post.channel_id,
            "guild": post.guild_id,
            "kind": kind,
            "posted": post.posted_ms,
            "up": _DEFAULT.up,
            "down": _DEFAULT.down,
        },
    )
