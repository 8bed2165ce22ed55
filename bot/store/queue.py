"""The durable queue: enqueue, claim in fair order, renew, end, and requeue after crashes.

The cogs enqueue and cancel (through `bot/store/doors.py`), the worker claims and ends;
`bot/store/views.py` reads, `bot/store/outbox.py` serves the delivery. Fair order: the user whose
latest turn was longest ago, then that user's oldest job. Must not know the engine or Discord.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain import (
    Admitted,
    GuildId,
    Job,
    JobId,
    JobState,
    Refused,
    Request,
    RequestId,
    Ruling,
    UserId,
)
from bot.store.cancelling import OF_REQUEST, cancel_jobs
from bot.store.caps import IS_BUSY, Caps, load_usage
from bot.store.db import Database, Params, Row, Transaction
from bot.store.decisions import Decision, DecisionKind, Outcome, insert_decisions
from bot.store.granting import PendingRequest, grant
from bot.store.group_commit import GroupCommit
from bot.store.job_rows import UNREADABLE_JOB, job_of
from bot.store.request_rows import insert_requests, request_of
from bot.words.speaking import Message, spoken

_INTERRUPTED = Message("Drawing it was interrupted too often, so I gave it up.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Which jobs an engine draws: those that name one of `models`, or all others.

    A job that names no model counts as naming `unnamed`, unless that is None.
    """

    models: tuple[str, ...] = ()
    #: True: every job except those that name one of `models`.
    excluded: bool = True
    unnamed: str | None = None


#: The share of a process's only engine.
EVERY_JOB = Share()


class Jobs:
    """The queue in the database; every method is one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._group = GroupCommit(self._enqueue_all, max_items=500)

    async def enqueue(
        self,
        admitted: Admitted,
        caps: Caps,
        now_ms: int,
        waiting_id: RequestId | None = None,
        *,
        since_id: int,
        instead_of: RequestId | None = None,
    ) -> Request | Refused:
        """Queue every picture of the ask as one request, or none of them if a cap is reached.

        Concurrent callers share a transaction. It also ends the wait of an ask that waited for the
        licence as `waiting_id`, so the ask is queued only once, despite crashes and repeated button
        presses. In the same way it cancels what is not drawn of the member's request `instead_of`;
        it is refused if none of that can be cancelled any more. `since_id` is a Discord snowflake
        older than every message of the request: that of its interaction.
        """
        request = request_of(admitted, now_ms, since_id=since_id)
        decision = _admission(admitted, request)
        pending = PendingRequest(
            request=request,
            decision=decision,
            caps=caps,
            waiting_id=waiting_id,
            instead_of=instead_of,
            language=spoken(),
        )
        return await self._group.submit(pending)

    async def _enqueue_all(self, pending: Sequence[PendingRequest]) -> list[Request | Refused]:
        """Check each request against its caps, in order, and insert the granted ones."""
        async with self._db.write() as tx:
            load = await load_usage(tx, [(each.request, each.caps) for each in pending])
            results = [await grant(tx, wish, load) for wish in pending]
            granted = [result for result in results if not isinstance(result, Refused)]
            await insert_requests(tx, granted)
            decisions = {each.request.id: each.decision for each in pending}
            await insert_decisions(tx, [decisions[request.id] for request in granted])
        return results

    async def claim(
        self, owner: str, lease_ms: int, now_ms: int, share: Share = EVERY_JOB
    ) -> Job | None:
        """Lease the share's next job in fair order to `owner`, and count an attempt.

        None if no job may run. A job of another version that cannot be read completely fails here.
        """
        while job := await self._claim_any(owner, lease_ms, now_ms, share):
            if job.fault is None:
                return job
            await self.fail(owner, job.id, UNREADABLE_JOB, now_ms, why=f"unknown {job.fault}")
        return None

    async def next_card(self, now_ms: int, share: Share) -> str | None:
        """The card of the share's next job in fair order.

        None if no job may run. The share's `unnamed` must be set.
        """
        row = await self._db.fetch_one(_UPCOMING, _next_params(now_ms, share))
        return row["model"] if row else None

    async def _claim_any(self, owner: str, lease_ms: int, now_ms: int, share: Share) -> Job | None:
        params = _next_params(now_ms, share)
        if await self._db.fetch_one(_NEXT, params) is None:
            return None
        rows = await self._db.write_one(
            _CLAIM, {**params, "owner": owner, "until": now_ms + lease_ms}
        )
        return job_of(rows[0]) if rows else None

    async def renew(
        self, owner: str, job_ids: Iterable[JobId], lease_ms: int, now_ms: int
    ) -> set[JobId]:
        """Extend leases; return the jobs that are still ours (a cancelled one is not)."""
        rows = await self._db.write_one(
            "UPDATE jobs SET lease_until_ms = :until WHERE lease_owner = :owner"
            " AND id IN (SELECT value FROM json_each(:ids)) RETURNING id",
            {"owner": owner, "until": now_ms + lease_ms, "ids": _json_array(job_ids)},
        )
        return {JobId(row["id"]) for row in rows}

    async def requeue(
        self,
        owner: str,
        job_ids: Iterable[JobId],
        now_ms: int,
        *,
        pause_ms: int = 0,
        count_attempt: bool = True,
        why: str = "",
    ) -> None:
        """Queue our running jobs again, to be claimed after `pause_ms`.

        Without `count_attempt` (a shutdown), the job is not to blame: its user gets the turn back
        and comes first next time.
        """
        values: Params = {
            "owner": owner,
            "ids": _json_array(job_ids),
            "not_before": now_ms + pause_ms if pause_ms else 0,
            "refund": 0 if count_attempt else 1,
        }
        async with self._db.write(why) as tx:
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

    async def fail(self, owner: str, job_id: JobId, error: str, now_ms: int, why: str = "") -> None:
        """End our running job as failed; its user sees `error`, the log `why` (or `error`)."""
        ended: Params = {"state": JobState.FAILED, "error": error, "now": now_ms}
        values = {**ended, "id": job_id, "owner": owner}
        await self._db.write_one(_END_OURS, values, why or error)

    async def withhold(self, owner: str, job_id: JobId, text: str, now_ms: int) -> None:
        """End our running job because policy withholds its picture; `text` is for its user."""
        ended: Params = {"state": JobState.WITHHELD, "error": text, "now": now_ms}
        async with self._db.write("by policy") as tx:
            rows = await tx.fetch_all(_END_OURS, {**ended, "id": job_id, "owner": owner})
            await insert_decisions(tx, [_withholding(job_of(row), now_ms) for row in rows])

    async def requeue_expired(
        self, owner: str, now_ms: int, max_attempts: int, pause_ms: int
    ) -> tuple[list[JobId], list[JobId]]:
        """Queue our jobs with expired leases again; return those requeued and those given up.

        Their users do not get the turn back: a job that kills its worker goes to the end of the
        queue.
        """
        expired: Params = {"now": now_ms, "owner": owner}
        if await self._db.fetch_one(_ANY_EXPIRED, expired) is None:
            return [], []
        async with self._db.write("its lease expired") as tx:
            return await _requeue_or_fail(tx, _EXPIRED, expired, max_attempts, pause_ms)

    async def requeue_orphaned(
        self, process: str, now_ms: int, max_attempts: int
    ) -> tuple[list[JobId], list[JobId]]:
        """At the start, queue the jobs of dead processes again.

        Owners in our process begin with its name and a slash. Needs the data directory to itself.
        Ignores the clock, because it may have been set back: even unexpired leases end, and so do
        all pauses. Returns the jobs requeued and those given up.
        """
        ours: Params = {"ours": f"{process}/*", "now": now_ms}
        if await self._db.fetch_one(_ANY_ORPHANED, ours) is None:
            return [], []
        async with self._db.write("its process died") as tx:
            jobs = await _requeue_or_fail(tx, _ORPHANED, ours, max_attempts, 0)
            await tx.execute(
                "UPDATE jobs SET not_before_ms = 0"
                " WHERE state IN ('queued', 'rendered') AND not_before_ms > 0"
            )
        return jobs

    async def cancel_request(
        self, request_id: RequestId, user_id: UserId, now_ms: int
    ) -> list[JobId]:
        """Cancel the queued and running jobs of a user's own request; return them."""
        return await self._cancel(
            OF_REQUEST,
            {"request": request_id, "user": user_id},
            now_ms,
        )

    async def cancel_user(
        self, user_id: UserId, guild_id: GuildId | None, now_ms: int
    ) -> list[JobId]:
        """Cancel a user's queued and running jobs, in one server or in all; return them."""
        return await self._cancel(
            "user_id = :user AND (:guild IS NULL OR guild_id = :guild)",
            {"user": user_id, "guild": guild_id},
            now_ms,
        )

    async def cancel_job(self, job_id: JobId, now_ms: int) -> bool:
        """Cancel one job; the caller checks permission. False if it was not queued or running."""
        return bool(await self._cancel("id = :id", {"id": job_id}, now_ms))

    async def _cancel(self, which: str, values: Params, now_ms: int) -> list[JobId]:
        async with self._db.write() as tx:
            return [job.id for job in await cancel_jobs(tx, which, values, now_ms)]


#: The condition of the share's jobs; coalesce handles jobs that name no model.
_IN_SHARE = (
    "coalesce(ifnull(jobs.model, :unnamed) IN (SELECT value FROM json_each(:models)), 0)"
    " = (NOT :excluded)"
)
#: CROSS JOIN fixes the loop order: users by turn, then one user's jobs; nothing is sorted.
_NEXT = (
    "SELECT jobs.seq FROM turns CROSS JOIN jobs ON jobs.user_id = turns.user_id"  # noqa: S608  a constant above
    " WHERE turns.queued > 0 AND jobs.state = 'queued' AND jobs.not_before_ms <= :now"
    f" AND {_IN_SHARE}"
    " ORDER BY turns.last_turn, turns.since_ms, turns.user_id, jobs.seq LIMIT 1"
)
_UPCOMING = f"SELECT ifnull(model, :unnamed) AS model FROM jobs WHERE seq = ({_NEXT})"  # noqa: S608  a constant above
_CLAIM = (
    "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_owner = :owner,"  # noqa: S608  a constant above
    f" lease_until_ms = :until WHERE seq = ({_NEXT}) RETURNING *"
)
_END_OURS = (
    "UPDATE jobs SET state = :state, error = :error, ended_ms = :now, lease_owner = NULL,"
    " lease_until_ms = NULL WHERE id = :id AND lease_owner = :owner RETURNING *"
)
_EXPIRED = "state = 'running' AND lease_until_ms <= :now AND lease_owner = :owner"
_ANY_EXPIRED = f"SELECT 1 FROM jobs WHERE {_EXPIRED} LIMIT 1"  # noqa: S608  a constant above
_ORPHANED = "state = 'running' AND lease_owner NOT GLOB :ours"
_ANY_ORPHANED = f"SELECT 1 FROM jobs WHERE {IS_BUSY} AND ({_ORPHANED} OR not_before_ms > 0) LIMIT 1"  # noqa: S608  constants


def _next_params(now_ms: int, share: Share) -> Params:
    return {
        "now": now_ms,
        "models": json.dumps(share.models),
        "excluded": share.excluded,
        "unnamed": share.unnamed,
    }


async def _requeue_or_fail(
    tx: Transaction, which: str, values: Params, max_attempts: int, pause_ms: int
) -> tuple[list[JobId], list[JobId]]:
    """Queue running jobs again, or fail them if their attempts are used up.

    `values` holds the time as `now` and the parameters of `which`.
    """
    failed = await tx.fetch_all(
        "UPDATE jobs SET state = 'failed', ended_ms = :now, lease_owner = NULL,"  # noqa: S608  a constant of this file
        " lease_until_ms = NULL, error = :error"
        f" WHERE {which} AND attempts >= :most RETURNING id",
        {
            **values,
            "most": max_attempts,
            "error": _INTERRUPTED,
        },
    )
    requeued = await tx.fetch_all(
        "UPDATE jobs SET state = 'queued', lease_owner = NULL, lease_until_ms = NULL,"  # noqa: S608  a constant of this file
        f" not_before_ms = iif(:pause, :now + :pause, 0) WHERE {which} RETURNING id",
        {**values, "pause": pause_ms},
    )
    return _ids(requeued), _ids(failed)


_ADMITTED = {
    Ruling.ALLOW: Outcome.ALLOW, Ruling.SPOILER: Outcome.SPOILER, Ruling.HOLD: Outcome.HOLD,
}  # fmt: skip


def _admission(admitted: Admitted, request: Request) -> Decision:
    """The policy's decision to admit the ask, with its rules."""
    return Decision(
        kind=DecisionKind.ADMIT,
        outcome=_ADMITTED[admitted.ruling],
        about=request.id,
        rules=admitted.rules,
        layer=admitted.layer or "",
        card_id=admitted.ask.draw.model or "",
        guild_id=request.guild_id,
        channel_id=request.channel_id,
        user_id=request.user_id,
        at_ms=request.created_ms,
    )


def _withholding(job: Job, now_ms: int) -> Decision:
    return Decision(
        kind=DecisionKind.RELEASE,
        outcome=Outcome.WITHHOLD,
        about=job.id,
        card_id=job.draw.model or "",
        guild_id=job.guild_id,
        channel_id=job.channel_id,
        user_id=job.user_id,
        at_ms=now_ms,
    )


def _json_array(ids: Iterable[JobId | UserId | GuildId]) -> str:
    return json.dumps(list(ids))


def _ids(rows: list[Row]) -> list[JobId]:
    return [JobId(row["id"]) for row in rows]
