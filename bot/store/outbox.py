"""Owed posts: each gets at least one attempt, and exactly one message is recorded.

The delivery uses it: it posts first and then calls `record_delivery`; `begin_posting` records the
first attempt, which reveals a crash in between. Must not know Discord, nor how a post shows its
pictures; the caller decides which channels to leave out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bot.domain import (
    ChannelId,
    Job,
    JobId,
    JobState,
    MessageRef,
    OwedPost,
    OwedPostId,
    Post,
    PostLayout,
)
from bot.store.db import Database, Params, Row, Transaction
from bot.store.doomed import Hunt, doom_message, insert_hunt
from bot.store.job_rows import UNREADABLE_JOB, job_of
from bot.store.post_rows import insert_post

#: The jobs of the first due posts, each with its place. A post is due when one of its pictures is
#: drawn and none is still to be drawn; a picture that waits for a moderator gets its own post
#: later. Pictures of duels are posted by the duels. The query runs in two steps on the named index;
#: otherwise it would scan every job ever queued, in order.
_OWED_JOBS = (
    "SELECT jobs.*, requests.layout, (SELECT count(*) FROM jobs AS earlier"
    "  WHERE earlier.owed_post_id = jobs.owed_post_id AND earlier.seq <= jobs.seq) AS place"
    " FROM jobs JOIN requests ON requests.id = jobs.request_id"
    " WHERE jobs.owed_post_id IN ("
    "  SELECT drawn.owed_post_id FROM jobs AS drawn INDEXED BY jobs_rendered"
    "  WHERE drawn.state = 'rendered'"
    "   AND drawn.channel_id NOT IN (SELECT value FROM json_each(:closed))"
    "   AND drawn.owed_post_id NOT IN (SELECT value FROM json_each(:nor))"
    "   AND (SELECT layout FROM requests WHERE requests.id = drawn.request_id) <> 'duel'"
    "   AND NOT EXISTS (SELECT 1 FROM jobs AS late"
    "    WHERE late.owed_post_id = drawn.owed_post_id"
    "    AND late.state IN ('queued', 'running'))"
    "   GROUP BY drawn.owed_post_id ORDER BY min(drawn.seq) LIMIT :limit)"
    " ORDER BY jobs.seq"
)
#: Pictures that come too late for their post: a moderator had to approve them.
_LATE = (
    "owed_post_id = :owed AND state IN ('rendered', 'held')"
    " AND id NOT IN (SELECT value FROM json_each(:shown))"
)
_IS_OWED = "EXISTS (SELECT 1 FROM jobs WHERE owed_post_id = :id AND state = 'rendered')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """An attempt to post, recorded before it is made."""

    #: A Discord snowflake older than every post of the pictures.
    since_id: int
    #: False: an earlier attempt may have left a post in the channel.
    is_first: bool


class Outbox:
    """The posts with a job in state `rendered`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def owed_posts(
        self,
        now_ms: int,
        closed: Iterable[ChannelId] = (),
        limit: int = 50,
        *,
        skip_ids: Iterable[int | str] = (),
    ) -> list[OwedPost]:
        """The first owed posts, in the order of their requests.

        Leaves out the posts in `skip_ids` and channels that are `closed` (just posted to, or
        resting), so that posts owed to a failing channel never hide those owed to a healthy one. An
        unreadable job of another version fails here.
        """
        rows = await self._db.fetch_all(
            _OWED_JOBS,
            {"closed": json.dumps(list(closed)), "nor": json.dumps(list(skip_ids)), "limit": limit},
        )
        return _owed_posts_of(await self._fail_unreadable(rows, now_ms))

    async def _fail_unreadable(self, rows: Iterable[Row], now_ms: int) -> list[tuple[Row, Job]]:
        """These rows with their jobs; fails jobs of another version that are unreadable."""
        jobs: list[tuple[Row, Job]] = []
        for row in rows:
            job = job_of(row)
            if fault := job.fault or _fault_of_layout(row):
                await self.fail_delivery({job.id: UNREADABLE_JOB}, now_ms, f"unknown {fault}")
                job = replace(job, state=JobState.FAILED, error=UNREADABLE_JOB)
            jobs.append((row, job))
        return jobs

    async def begin_posting(self, owed_post_id: OwedPostId, now_ms: int) -> Posting | None:
        """Record an attempt to post, before it is made. None if the post is no longer owed."""
        async with self._db.write() as tx:
            first = await tx.execute(
                "UPDATE owed_posts SET posting_ms = :now"  # noqa: S608  a constant of this file
                f" WHERE id = :id AND posting_ms IS NULL AND {_IS_OWED}",
                {"now": now_ms, "id": owed_post_id},
            )
            row = await tx.fetch_one(
                "SELECT since_id FROM requests JOIN owed_posts"  # noqa: S608  a constant of this file
                " ON owed_posts.request_id = requests.id"
                f" WHERE owed_posts.id = :id AND {_IS_OWED}",
                {"id": owed_post_id},
            )
        return Posting(since_id=row["since_id"], is_first=bool(first)) if row else None

    async def record_lost_answer(self, owed: OwedPost, posting: Posting) -> None:
        """Record that the post may exist; the next attempt, if any, looks for it.

        If its pictures were deleted meanwhile, there is no further attempt. The search begun at the
        deletion may have ended before the post existed, so this begins it again.
        """
        async with self._db.write() as tx:
            if not await tx.fetch_one(f"SELECT 1 WHERE {_IS_OWED}", {"id": owed.id}):
                await insert_hunt(
                    tx,
                    Hunt(
                        name=owed.id,
                        channel_id=owed.channel_id,
                        guild_id=owed.guild_id,
                        since_id=posting.since_id,
                    ),
                )

    async def record_delivery(self, owed_post_id: OwedPostId, post: Post, now_ms: int) -> bool:
        """Record the post and end its jobs, in one transaction; repeating it changes nothing.

        Returns False and dooms the message if its pictures were deleted or another post was
        recorded first. If only some pictures were deleted, the post is owed an amendment.
        """
        async with self._db.write() as tx:
            kept = await _count_kept(tx, post)
            if not kept:
                await _doom_post(tx, post)
                return False
            await insert_post(tx, post, owed_post_id, amended=kept == len(post.pictures))
            row = await tx.fetch_one(
                "SELECT message_id FROM posts WHERE owed_post_id = :owed", {"owed": owed_post_id}
            )
            is_recorded = row is not None and row["message_id"] == post.message_id
            if is_recorded:
                await _end_jobs(tx, owed_post_id, post, now_ms)
            else:
                await _doom_post(tx, post)
        return is_recorded

    async def fail_delivery(self, errors: Mapping[JobId, str], now_ms: int, why: str) -> None:
        """Give up posting these jobs; the pictures are kept.

        Each member is shown their job's error; `why` is logged.
        """
        async with self._db.write(why) as tx:
            await tx.execute_many(
                "UPDATE jobs SET state = 'failed', error = :error, ended_ms = :now"
                " WHERE id = :id AND state = 'rendered'",
                [{"error": error, "now": now_ms, "id": id_} for id_, error in errors.items()],
            )


def _fault_of_layout(row: Row) -> str | None:
    """The fault of a row whose layout this version does not know."""
    return None if row["layout"] in list(PostLayout) else f"layout {row['layout']!r}"


def _owed_posts_of(rows: Iterable[tuple[Row, Job]]) -> list[OwedPost]:
    """The posts of these jobs, in the order of their first jobs; leaves out undrawn ones."""
    jobs: dict[OwedPostId, dict[int, Job]] = {}
    layouts: dict[OwedPostId, str] = {}
    for row, job in rows:
        jobs.setdefault(job.owed_post_id, {})[row["place"]] = job
        layouts[job.owed_post_id] = row["layout"]
    posts = (_owed_post(id_, layouts[id_], by_place) for id_, by_place in jobs.items())
    return [post for post in posts if post is not None]


def _owed_post(id_: OwedPostId, layout: str, jobs: dict[int, Job]) -> OwedPost | None:
    if all(job.state is not JobState.RENDERED for job in jobs.values()):
        return None
    first = next(iter(jobs.values()))
    return OwedPost(
        id=id_,
        layout=PostLayout(layout),
        channel_id=first.channel_id,
        guild_id=first.guild_id,
        jobs=jobs,
    )


async def _count_kept(tx: Transaction, post: Post) -> int:
    """How many of the post's pictures still exist."""
    row = await tx.fetch_one(
        "SELECT count(*) AS n FROM pictures WHERE deleted_ms IS NULL"
        " AND job_id IN (SELECT value FROM json_each(:shown))",
        {"shown": json.dumps(list(post.pictures.values()))},
    )
    assert row is not None
    return row["n"]


async def _end_jobs(tx: Transaction, owed_post_id: OwedPostId, post: Post, now_ms: int) -> None:
    """End the jobs that the post shows; pictures that came too late get their own posts."""
    late: Params = {"owed": owed_post_id, "shown": json.dumps(list(post.pictures.values()))}
    await tx.execute(
        "UPDATE jobs SET state = 'delivered', ended_ms = :now"
        " WHERE id IN (SELECT value FROM json_each(:shown)) AND state = 'rendered'",
        {"now": now_ms, "shown": late["shown"]},
    )
    await tx.execute(
        f"INSERT INTO owed_posts (id, request_id) SELECT id, request_id FROM jobs WHERE {_LATE}",  # noqa: S608  a constant of this file
        late,
    )
    await tx.execute(f"UPDATE jobs SET owed_post_id = id WHERE {_LATE}", late)  # noqa: S608  a constant of this file


async def _doom_post(tx: Transaction, post: Post) -> None:
    await doom_message(
        tx,
        MessageRef(message_id=post.message_id, channel_id=post.channel_id, guild_id=post.guild_id),
    )
