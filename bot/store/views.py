"""Reads of the queue: jobs, requests, their status messages, and a job's place in the queue.

For the cogs; every read is one query on the read-only connection. Must not know how a place in the
queue is shown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.domain import (
    ChannelId,
    GuildId,
    Job,
    JobId,
    JobState,
    MessageId,
    MessageRef,
    RequestId,
    Standing,
    UserId,
)
from bot.store.db import Database, Row
from bot.store.doomed import Hunt, doom_message
from bot.store.group_commit import GroupCommit
from bot.store.job_rows import job_of
from bot.store.picture_rows import NOT_BLIND
from models.contract import Draw, pieces_of

_UNFINISHED = (JobState.QUEUED, JobState.RUNNING, JobState.HELD, JobState.RENDERED)
#: Repeats the condition of the indexes that serve it.
_IS_UNFINISHED = "state IN ('queued', 'running', 'rendered', 'held')"
#: The same without held jobs, which affect nobody's turn.
_IS_BUSY = f"{_IS_UNFINISHED} AND state <> 'held'"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusMessage:
    """The message with a request's progress; `message_id` is None while it is unknown."""

    request_id: RequestId
    user_id: UserId
    guild_id: GuildId
    channel_id: ChannelId
    message_id: MessageId | None
    created_ms: int
    #: A Discord snowflake older than the message.
    since_id: int

    def message(self, message_id: MessageId) -> MessageRef:
        """A reference to the message with this id."""
        return MessageRef(message_id=message_id, channel_id=self.channel_id, guild_id=self.guild_id)

    def hunt(self) -> Hunt:
        """The search for the message, in case its id is unknown."""
        return Hunt(
            name=self.request_id,
            channel_id=self.channel_id,
            guild_id=self.guild_id,
            since_id=self.since_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The remaining work on one picture, for time estimates."""

    job_id: JobId
    user_id: UserId
    #: Steps.
    steps_left: int
    width_px: int
    height_px: int
    #: Whether it is enlarged piece by piece, without the UNet; a piece counts as a step.
    enlarged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The filter of a member's history; by default all their pictures."""

    #: Words that must all occur in the prompt, ignoring case.
    words: str = ""
    #: The card that drew the pictures.
    card_id: str | None = None
    #: True: the pictures that the member marked, from any member.
    favourites: bool = False


_ALL_PICTURES = Search()


class JobViews:
    """Reads of the queue, and the writes that maintain the status messages."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._group = GroupCommit(self._set_status_messages, max_items=500)

    async def close(self) -> None:
        """Wait until every status message recorded so far is committed."""
        await self._group.drain()

    async def get(self, job_id: JobId) -> Job | None:
        """One job, in any state."""
        row = await self._db.fetch_one("SELECT * FROM jobs WHERE id = :id", {"id": job_id})
        return job_of(row) if row else None

    async def of_request(self, request_id: RequestId) -> list[Job]:
        """Every job of a request, in the order of its seeds."""
        rows = await self._db.fetch_all(
            "SELECT * FROM jobs WHERE request_id = :id ORDER BY seq", {"id": request_id}
        )
        return [job_of(row) for row in rows]

    async def is_private(self, job_id: JobId) -> bool:
        """Whether only its member may see the job's picture."""
        return bool(
            await self._db.fetch_one(
                "SELECT 1 FROM jobs JOIN requests ON requests.id = request_id"
                " WHERE jobs.id = :id AND layout = 'private'",
                {"id": job_id},
            )
        )

    async def standing(self, job_id: JobId) -> Standing | None:
        """A queued job's place in fair order; None if it is not queued.

        Users take turns in rounds. A job whose user has `own` older ones is drawn in round `own`
        (from 0); until then every user in front has had `own + 1` turns and every user behind
        `own`, limited by their queued jobs. Ignores pauses after a failed attempt.
        """
        row = await self._db.fetch_one(
            "WITH me AS ("
            " SELECT turns.*, jobs.model,"
            "   (SELECT count(*) FROM jobs AS older WHERE older.state = 'queued' AND"
            "   older.user_id = jobs.user_id AND older.seq < jobs.seq) AS own"
            " FROM jobs JOIN turns USING (user_id) WHERE jobs.id = :id AND jobs.state = 'queued')"
            "SELECT"
            " own + (SELECT ifnull(sum(min(turns.queued, own +"
            "   ((turns.last_turn, turns.since_ms, turns.user_id)"
            "    < (me.last_turn, me.since_ms, me.user_id)))), 0)"
            "  FROM turns WHERE turns.queued > 0 AND turns.user_id <> me.user_id) AS ahead,"
            " (SELECT sum(queued) FROM turns WHERE queued > 0) AS queued,"
            " (SELECT count(*) FROM jobs WHERE state = 'running') AS running, me.model FROM me",
            {"id": job_id},
        )
        if row is None:
            return None
        return Standing(
            ahead=row["ahead"], queued=row["queued"], running=row["running"], model=row["model"]
        )

    async def waiting_work(self) -> list[Work]:
        """The work on all queued jobs, in the order of turns, without unreadable jobs."""
        return [_work_of(row) for row in await self._db.fetch_all(_LINE)]

    async def unfinished_jobs(self, user_id: UserId, guild_id: GuildId) -> list[Job]:
        """A user's unfinished jobs in a server, oldest first."""
        rows = await self._db.fetch_all(
            "SELECT * FROM jobs WHERE user_id = :user AND guild_id = :guild"  # noqa: S608  a constant
            f" AND {_IS_UNFINISHED} ORDER BY seq",
            {"user": user_id, "guild": guild_id},
        )
        return [job_of(row) for row in rows]

    async def guild_jobs(self, guild_id: GuildId) -> list[Job]:
        """A server's unfinished jobs: drawn, running, then queued ones by turn; no held ones."""
        rows = await self._db.fetch_all(
            "WITH waiting AS ("  # noqa: S608  a constant of this file
            " SELECT seq, row_number() OVER (PARTITION BY user_id ORDER BY seq) AS round"
            " FROM jobs WHERE state = 'queued' AND user_id IN (SELECT user_id FROM jobs"
            f"   WHERE guild_id = :guild AND {_IS_BUSY}))"
            " SELECT jobs.* FROM jobs LEFT JOIN waiting USING (seq) LEFT JOIN turns USING (user_id)"
            f" WHERE guild_id = :guild AND {_IS_BUSY}"
            " ORDER BY state = 'queued', state = 'running', round, last_turn, since_ms, user_id,"
            " seq",
            {"guild": guild_id},
        )
        return [job_of(row) for row in rows]

    async def count_states(self, guild_id: GuildId | None) -> dict[JobState, int]:
        """How many jobs are queued, running, held and rendered, in one server or in all."""
        rows = await self._db.fetch_all(
            f"SELECT state, count(*) AS jobs FROM jobs WHERE {_IS_UNFINISHED}"  # noqa: S608  a constant
            " AND (:guild IS NULL OR guild_id = :guild) GROUP BY state",
            {"guild": guild_id},
        )
        return dict.fromkeys(_UNFINISHED, 0) | {JobState(r["state"]): r["jobs"] for r in rows}

    async def history(
        self,
        user_id: UserId,
        guild_id: GuildId,
        limit: int,
        before: JobId | None = None,
        *,
        search: Search = _ALL_PICTURES,
    ) -> list[Job]:
        """A user's jobs in a server whose pictures may be shown alone, newest first.

        `before` is for paging: only jobs older than that one are returned. It compares positions,
        not times, because the jobs of one request share their time.
        """
        whose = _MARKED if search.favourites else _THEIRS
        rows = await self._db.fetch_all(
            f"SELECT jobs.* FROM jobs JOIN pictures ON pictures.job_id = jobs.id WHERE {whose}"  # noqa: S608  constants
            f" AND pictures.deleted_ms IS NULL AND jobs.state <> 'held' AND {NOT_BLIND}"
            " AND (:card IS NULL OR pictures.card_id = :card)"
            # With instr instead of LIKE, because members write % and _.
            " AND NOT EXISTS (SELECT 1 FROM json_each(:words) WHERE ifnull(instr(lower("
            "   CASE WHEN json_valid(draw) THEN draw ->> '$.prompt' END), value), 0) = 0)"
            " AND (:before IS NULL OR jobs.seq < (SELECT seq FROM jobs WHERE id = :before))"
            " ORDER BY jobs.seq DESC LIMIT :limit",
            {
                "user": user_id,
                "guild": guild_id,
                "before": before,
                "limit": limit,
                "card": search.card_id,
                "words": json.dumps([_lowered(word) for word in search.words.split()]),
            },
        )
        return [job_of(row) for row in rows]

    async def cards_of(self, user_id: UserId, guild_id: GuildId) -> list[str]:
        """The cards that drew a user's pictures in a server, or those that they marked."""
        rows = await self._db.fetch_all(
            "SELECT DISTINCT card_id FROM pictures WHERE guild_id = :guild AND deleted_ms IS NULL"
            " AND (user_id = :user OR job_id IN"
            "  (SELECT job_id FROM favourites WHERE favourites.user_id = :user)) ORDER BY card_id",
            {"user": user_id, "guild": guild_id},
        )
        return [row["card_id"] for row in rows]

    async def identical_jobs(self, guild_id: GuildId, draw: Draw) -> list[Job]:
        """A server's jobs with an existing picture drawn exactly like this, newest first.

        Ignores the style's name: its words are part of the prompt.
        """
        rows = await self._db.fetch_all(
            f"SELECT jobs.* FROM jobs JOIN pictures ON pictures.job_id = jobs.id WHERE {_HAS_SEED}"  # noqa: S608  constants
            " AND jobs.state = 'delivered' AND pictures.deleted_ms IS NULL"
            f" AND {NOT_BLIND} ORDER BY jobs.seq DESC LIMIT {_IDENTICAL_MAX}",
            {"guild": guild_id, "seed": draw.seed},
        )
        plain = replace(draw, style=None)
        jobs = [job_of(row) for row in rows]
        return [job for job in jobs if not job.fault and replace(job.draw, style=None) == plain]

    async def set_status_message(self, request_id: RequestId, message: MessageRef | None) -> bool:
        """Record a request's status message, or (None) that its id is unknown.

        If its member was forgotten meanwhile, the request is gone: this dooms the message and
        returns False. Concurrent callers share a transaction.
        """
        return await self._group.submit((request_id, message))

    async def _set_status_messages(
        self, messages: Sequence[tuple[RequestId, MessageRef | None]]
    ) -> list[bool]:
        ids = {request_id: message and message.message_id for request_id, message in messages}
        async with self._db.write() as tx:
            rows = await tx.fetch_all(
                "UPDATE requests SET status_message_id = told.value"
                " FROM json_each(:ids) AS told WHERE requests.id = told.key RETURNING requests.id",
                {"ids": json.dumps(ids)},
            )
            known = {row["id"] for row in rows}
            for request_id, message in messages:
                if message is not None and request_id not in known:
                    await doom_message(tx, message)
        return [request_id in known for request_id, _ in messages]

    async def close_status(self, request_id: RequestId) -> None:
        """Record that this request's status message is final."""
        await self._db.write_one(
            "UPDATE requests SET status_closed = 1 WHERE id = :id", {"id": request_id}
        )

    async def status(self, request_id: RequestId) -> StatusMessage | None:
        """The status message of a request, closed or not."""
        row = await self._db.fetch_one("SELECT * FROM requests WHERE id = :id", {"id": request_id})
        return _status_of(row) if row else None

    async def open_statuses(self) -> list[StatusMessage]:
        """The status messages still to be edited or removed, oldest first."""
        rows = await self._db.fetch_all(
            "SELECT * FROM requests WHERE status_closed = 0 ORDER BY created_ms"
        )
        return [_status_of(row) for row in rows]

    async def ended_requests(self) -> set[RequestId]:
        """The requests with an open status message and no unfinished job."""
        rows = await self._db.fetch_all(
            "SELECT id FROM requests WHERE status_closed = 0 AND NOT EXISTS"  # noqa: S608  a constant
            f" (SELECT 1 FROM jobs WHERE request_id = requests.id AND {_IS_UNFINISHED})"
        )
        return {RequestId(row["id"]) for row in rows}


#: Repeats the condition of the index that serves it.
_HAS_SEED = (
    "jobs.guild_id = :guild"
    " AND CASE WHEN json_valid(jobs.draw) THEN jobs.draw ->> '$.seed' END = :seed"
)
#: The most jobs with one seed that are compared.
_IDENTICAL_MAX = 50
_THEIRS = "jobs.user_id = :user AND jobs.guild_id = :guild"
#: Leaves out other members' private pictures.
_MARKED = (
    "jobs.guild_id = :guild"
    " AND jobs.id IN (SELECT job_id FROM favourites WHERE favourites.user_id = :user)"
    " AND (jobs.user_id = :user OR (SELECT layout FROM requests WHERE requests.id = request_id)"
    "  <> 'private')"
)
#: Each user's first jobs, then each one's second, in the order of claims.
_LINE = (
    "SELECT * FROM (SELECT jobs.id, jobs.seq, last_turn, since_ms, turns.user_id,"
    "  row_number() OVER (PARTITION BY jobs.user_id ORDER BY jobs.seq) AS round,"
    "  CASE WHEN json_valid(draw) THEN draw ->> '$.steps' END AS steps,"
    "  CASE WHEN json_valid(draw) THEN draw ->> '$.strength' END AS strength,"
    "  CASE WHEN json_valid(draw) THEN draw ->> '$.enlarged' END AS enlarged,"
    "  CASE WHEN json_valid(draw) THEN draw ->> '$.width_px' END AS width_px,"
    "  CASE WHEN json_valid(draw) THEN draw ->> '$.height_px' END AS height_px"
    "  FROM turns CROSS JOIN jobs ON jobs.user_id = turns.user_id"
    "  WHERE turns.queued > 0 AND jobs.state = 'queued')"
    " WHERE typeof(steps) = 'integer' AND typeof(width_px) = 'integer'"
    "  AND typeof(strength) <> 'text'"
    "  AND typeof(height_px) = 'integer'"
    " ORDER BY round, last_turn, since_ms, user_id"
)


def _lowered(word: str) -> str:
    """Lowercase a word as SQLite does: only ASCII letters."""
    return "".join(c.lower() if c.isascii() else c for c in word)


def _work_of(row: Row) -> Work:
    width_px, height_px = row["width_px"], row["height_px"]
    enlarged = bool(row["enlarged"])
    steps = math.prod(pieces_of(width_px, height_px)) if enlarged else row["steps"]
    return Work(
        job_id=JobId(row["id"]),
        user_id=UserId(row["user_id"]),
        steps_left=max(1, round(steps * (row["strength"] or 1))),
        width_px=width_px,
        height_px=height_px,
        enlarged=enlarged,
    )


def _status_of(row: Row) -> StatusMessage:
    message = row["status_message_id"]
    return StatusMessage(
        request_id=RequestId(row["id"]),
        user_id=UserId(row["user_id"]),
        guild_id=GuildId(row["guild_id"]),
        channel_id=ChannelId(row["channel_id"]),
        message_id=None if message is None else MessageId(message),
        created_ms=row["created_ms"],
        since_id=row["since_id"],
    )
