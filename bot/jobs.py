"""The durable queue: enqueue, claim in fair order, renew, end, take back leases of the dead.

The cogs enqueue and cancel, the worker claims and ends; what both read is in `bot/job_views.py`,
what the delivery does in `bot/outbox.py`, and `Jobs` is all three. Fair order: the user whose
latest turn is longest ago, then that user's oldest job. It must not know the engine or Discord.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from bot.db import Params, Row
from bot.domain import (
    Admitted,
    Ask,
    GuildId,
    Job,
    JobId,
    JobState,
    RefusalReason,
    Refused,
    RequestId,
    UserId,
)
from bot.ids import new_id
from bot.job_views import JobViews, job_of
from bot.outbox import Outbox

_SEEDS = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most pictures that may wait or be on their way at once."""

    per_user: int
    per_guild: int


class Jobs(JobViews, Outbox):
    """The queue in the database; every method is one transaction."""

    async def enqueue(
        self, admitted: Admitted, caps: Caps, now_ms: int
    ) -> tuple[Job, ...] | Refused:
        """Queue every picture of the ask as one request, or none of them where a cap is reached.

        Picture `i` gets the seed `seed + i` modulo 2**32.
        """
        jobs = _jobs_of(admitted, now_ms)
        first = jobs[0]
        async with self._db.write() as tx:
            alive = await tx.fetch_one(
                "SELECT"
                " (SELECT count(*) FROM jobs WHERE user_id = :user"
                "  AND state IN ('queued', 'running', 'rendered')) AS of_user,"
                " (SELECT count(*) FROM jobs WHERE guild_id = :guild"
                "  AND state IN ('queued', 'running', 'rendered')) AS of_guild",
                {"user": first.user_id, "guild": first.guild_id},
            )
            assert alive is not None
            refused = _over(caps, len(jobs), of_user=alive["of_user"], of_guild=alive["of_guild"])
            if refused:
                return refused
            await tx.execute(
                "INSERT INTO requests (id, user_id, guild_id, channel_id, created_ms)"
                " VALUES (:request_id, :user_id, :guild_id, :channel_id, :created_ms)",
                _columns(first),
            )
            await tx.execute_many(
                "INSERT INTO jobs (id, request_id, user_id, guild_id, channel_id, prompt, negative,"
                " aspect, seed, steps, guidance, sampler, width_px, height_px, rating, origin,"
                " parent_job_id, state, created_ms)"
                " VALUES (:id, :request_id, :user_id, :guild_id, :channel_id, :prompt, :negative,"
                " :aspect, :seed, :steps, :guidance, :sampler, :width_px, :height_px, :rating,"
                " :origin, :parent_job_id, 'queued', :created_ms)",
                [_columns(job) for job in jobs],
            )
        return jobs

    async def claim(self, owner: str, lease_ms: int, now_ms: int) -> Job | None:
        """Lease the next job in fair order to `owner`; counts an attempt. None if none may run."""
        if await self._db.fetch_one(_NEXT, {"now": now_ms}) is None:
            return None
        async with self._db.write() as tx:
            row = await tx.fetch_one(
                "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_owner = :owner,"  # noqa: S608  two constants of this file
                f" lease_until_ms = :until WHERE seq = ({_NEXT}) RETURNING *",
                {"owner": owner, "until": now_ms + lease_ms, "now": now_ms},
            )
        return job_of(row) if row else None

    async def renew(
        self, owner: str, job_ids: Iterable[JobId], lease_ms: int, now_ms: int
    ) -> set[JobId]:
        """Prolong leases. Returns the jobs that are still ours; a cancelled one is not."""
        async with self._db.write() as tx:
            rows = await tx.fetch_all(
                "UPDATE jobs SET lease_until_ms = :until WHERE lease_owner = :owner"
                " AND id IN (SELECT value FROM json_each(:ids)) RETURNING id",
                {"owner": owner, "until": now_ms + lease_ms, "ids": _array(job_ids)},
            )
        return {JobId(row["id"]) for row in rows}

    async def put_back(
        self,
        owner: str,
        job_ids: Iterable[JobId],
        now_ms: int,
        *,
        pause_ms: int = 0,
        count_attempt: bool = True,
    ) -> None:
        """Queue our running jobs again, to be claimed after `pause_ms`.

        An attempt that is not counted (a drain) was not the job's fault, so its user does not lose
        the turn either and comes first next time.
        """
        values: Params = {
            "owner": owner,
            "ids": _array(job_ids),
            "not_before": now_ms + pause_ms if pause_ms else 0,
            "refund": 0 if count_attempt else 1,
        }
        async with self._db.write() as tx:
            if not count_attempt:
                await tx.execute(
                    "UPDATE turns SET last_turn = 0 WHERE user_id IN (SELECT user_id FROM jobs"
                    " WHERE lease_owner = :owner AND id IN (SELECT value FROM json_each(:ids)))",
                    {"owner": owner, "ids": values["ids"]},
                )
            await tx.execute(
                "UPDATE jobs SET state = 'queued', lease_owner = NULL, lease_until_ms = NULL,"
                " not_before_ms = :not_before, attempts = attempts - :refund"
                " WHERE lease_owner = :owner AND id IN (SELECT value FROM json_each(:ids))",
                values,
            )

    async def fail(self, owner: str, job_id: JobId, error: str, now_ms: int) -> None:
        """End our running job as failed; `error` is shown to its user."""
        await self._end_ours(owner, job_id, JobState.FAILED, error, now_ms)

    async def withhold(self, owner: str, job_id: JobId, text: str, now_ms: int) -> None:
        """End our running job because policy keeps its picture back; `text` is for its user."""
        await self._end_ours(owner, job_id, JobState.WITHHELD, text, now_ms)

    async def _end_ours(
        self, owner: str, job_id: JobId, state: JobState, error: str, now_ms: int
    ) -> None:
        async with self._db.write() as tx:
            await tx.execute(
                "UPDATE jobs SET state = :state, error = :error, ended_ms = :now,"
                " lease_owner = NULL, lease_until_ms = NULL"
                " WHERE id = :id AND lease_owner = :owner",
                {"state": state, "error": error, "now": now_ms, "id": job_id, "owner": owner},
            )

    async def release_expired(
        self, now_ms: int, max_attempts: int, pause_ms: int
    ) -> tuple[list[JobId], list[JobId]]:
        """Take back leases that ran out. Returns the jobs queued again and those given up.

        Their users' turns stay spent: a job that kills its worker goes to the end of the line.
        """
        expired: Params = {"now": now_ms}
        if await self._db.fetch_one(_ANY_EXPIRED, expired) is None:
            return [], []
        async with self._db.write() as tx:
            failed = await tx.fetch_all(
                "UPDATE jobs SET state = 'failed', ended_ms = :now, lease_owner = NULL,"  # noqa: S608  a constant of this file
                " lease_until_ms = NULL, error = :error"
                f" WHERE {_EXPIRED} AND attempts >= :most RETURNING id",
                {
                    **expired,
                    "most": max_attempts,
                    "error": f"Drawing it was interrupted {max_attempts} times, so I gave it up.",
                },
            )
            requeued = await tx.fetch_all(
                "UPDATE jobs SET state = 'queued', lease_owner = NULL, lease_until_ms = NULL,"  # noqa: S608  a constant of this file
                f" not_before_ms = :not_before WHERE {_EXPIRED} RETURNING id",
                {**expired, "not_before": now_ms + pause_ms if pause_ms else 0},
            )
        return _ids(requeued), _ids(failed)

    async def cancel_request(
        self, request_id: RequestId, user_id: UserId, now_ms: int
    ) -> list[JobId]:
        """Cancel what is queued or running of a user's own request. Returns the jobs it ended."""
        return await self._cancel(
            "request_id = :request AND user_id = :user",
            {"request": request_id, "user": user_id},
            now_ms,
        )

    async def cancel_user(
        self, user_id: UserId, guild_id: GuildId | None, now_ms: int
    ) -> list[JobId]:
        """Cancel what a user has queued or running, in one server or in all."""
        return await self._cancel(
            "user_id = :user AND (:guild IS NULL OR guild_id = :guild)",
            {"user": user_id, "guild": guild_id},
            now_ms,
        )

    async def cancel_job(self, job_id: JobId, now_ms: int) -> bool:
        """Cancel one job; who may is the caller's to check. False if it was not waiting."""
        return bool(await self._cancel("id = :id", {"id": job_id}, now_ms))

    async def _cancel(self, which: str, values: Params, now_ms: int) -> list[JobId]:
        # The state is said twice because a partial index is only used under its own words.
        async with self._db.write() as tx:
            rows = await tx.fetch_all(
                "UPDATE jobs SET state = 'cancelled', ended_ms = :now, lease_owner = NULL,"  # noqa: S608  the callers' constants
                " lease_until_ms = NULL WHERE state IN ('queued', 'running', 'rendered')"
                f" AND state <> 'rendered' AND {which} RETURNING id",
                {**values, "now": now_ms},
            )
        return _ids(rows)


#: CROSS JOIN fixes the order of the loops: users by turn, then one user's jobs; nothing is sorted.
_NEXT = (
    "SELECT jobs.seq FROM turns CROSS JOIN jobs ON jobs.user_id = turns.user_id"
    " WHERE turns.queued > 0 AND jobs.state = 'queued' AND jobs.not_before_ms <= :now"
    " ORDER BY turns.last_turn, turns.since_ms, turns.user_id, jobs.seq LIMIT 1"
)
_EXPIRED = "state = 'running' AND lease_until_ms <= :now"
_ANY_EXPIRED = f"SELECT 1 FROM jobs WHERE {_EXPIRED} LIMIT 1"  # noqa: S608  a constant above


def _jobs_of(admitted: Admitted, now_ms: int) -> tuple[Job, ...]:
    request_id = RequestId(new_id())
    return tuple(
        _job_of_ask(admitted.ask, admitted, request_id, index, now_ms)
        for index in range(admitted.ask.count)
    )


def _job_of_ask(
    ask: Ask, admitted: Admitted, request_id: RequestId, index: int, now_ms: int
) -> Job:
    return Job(
        id=JobId(new_id()),
        request_id=request_id,
        user_id=ask.user_id,
        guild_id=ask.place.guild_id,
        channel_id=ask.place.channel_id,
        prompt=ask.prompt,
        negative=ask.negative,
        aspect=ask.aspect,
        seed=(ask.seed + index) % _SEEDS,
        steps=ask.steps,
        guidance=ask.guidance,
        sampler=ask.sampler,
        width_px=ask.width_px,
        height_px=ask.height_px,
        rating=admitted.rating,
        origin=ask.origin,
        parent_job_id=ask.parent_job_id,
        state=JobState.QUEUED,
        attempts=0,
        created_ms=now_ms,
    )


def _columns(job: Job) -> Params:
    return {
        "id": job.id,
        "request_id": job.request_id,
        "user_id": job.user_id,
        "guild_id": job.guild_id,
        "channel_id": job.channel_id,
        "prompt": job.prompt,
        "negative": job.negative,
        "aspect": job.aspect,
        "seed": job.seed,
        "steps": job.steps,
        "guidance": job.guidance,
        "sampler": job.sampler,
        "width_px": job.width_px,
        "height_px": job.height_px,
        "rating": job.rating,
        "origin": job.origin,
        "parent_job_id": job.parent_job_id,
        "created_ms": job.created_ms,
    }


def _over(caps: Caps, more: int, *, of_user: int, of_guild: int) -> Refused | None:
    """The refusal if `more` pictures would be too many."""
    if of_user + more > caps.per_user:
        whose, now, cap = "You have", of_user, caps.per_user
    elif of_guild + more > caps.per_guild:
        whose, now, cap = "This server has", of_guild, caps.per_guild
    else:
        return None
    waiting = f"{now} picture{'' if now == 1 else 's'} waiting"
    return Refused(
        reason=RefusalReason.CAP,
        text=f"{whose} {waiting}, and the most at once is {cap}: {more} more would be too many. "
        "Try again when some are done.",
    )


def _array(job_ids: Iterable[JobId]) -> str:
    return json.dumps(list(job_ids))


def _ids(rows: list[Row]) -> list[JobId]:
    return [JobId(row["id"]) for row in rows]
