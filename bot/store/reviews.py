"""Cases for the moderators: held pictures, reports and appeals, each decided once.

The cogs open and decide cases and post their messages: a case's message is owed, like any other
post, until it shows the newest revision. A decision and all its consequences commit together. The
cogs check who may decide. Must not know what a rule says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.domain import (
    ChannelId,
    Finding,
    GuildId,
    JobId,
    JobState,
    RequestId,
    Ruling,
    UserId,
)
from bot.ids import new_id
from bot.store.ask_rows import ask_of
from bot.store.case_rows import (
    CASE,
    NEXT_REVISION,
    Case,
    CaseId,
    CaseKind,
    case_of,
    cases_of,
    doom_messages_of_cases,
    insert_case,
)
from bot.store.consequences import Consequences, Judgement, carry_out
from bot.store.db import Database, Params, Transaction
from bot.store.decisions import Outcome
from bot.store.gallery import Gallery
from bot.store.precedents import precedent_of
from bot.store.removal import delete_pictures
from models.contract import Draw

#: The condition of old decided cases. Their messages are deleted too, even out-of-date ones.
_LONG_DECIDED = "decision IS NOT NULL AND decided_ms < :before"


class Filing(StrEnum):
    """The result of filing a report or an appeal."""

    #: A case was opened.
    OPENED = "opened"
    #: The report joined the open case about its picture.
    JOINED = "joined"
    #: The same member reported the picture before.
    AGAIN = "again"
    #: The moderators have already decided.
    DECIDED = "decided"
    #: The picture or the refused ask does not exist (any more).
    GONE = "gone"
    #: The member already has too many open appeals.
    TOO_MANY = "too many"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionResult:
    """A decided case; if not `first`, it was decided before."""

    case: Case
    first: bool
    #: Its effects on the queue.
    consequences: Consequences


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewTime:
    """A case that moderators decided: its kind, the decision, and the time they took."""

    kind: CaseKind
    outcome: Outcome
    decided_ms: int
    waited_ms: int


class Reviews:
    """The tables `cases` and `reports`."""

    def __init__(self, db: Database, gallery: Gallery) -> None:
        self._db = db
        self._gallery = gallery

    async def file_report(
        self, job_id: JobId, reporter_id: UserId, reason: str, now_ms: int, *, since_id: int
    ) -> Filing:
        """File a member's report of a posted picture; several reports share a case.

        `since_id` is a Discord snowflake older than the case's message.
        """
        async with self._db.write() as tx:
            job = await tx.fetch_one(_POSTED, {"job": job_id})
            if job is None:
                return Filing.GONE
            new = await insert_case(
                tx,
                Case(
                    id=CaseId(new_id()),
                    kind=CaseKind.REPORT,
                    guild_id=GuildId(job["guild_id"]),
                    channel_id=ChannelId(job["channel_id"]),
                    user_id=UserId(job["user_id"]),
                    job_id=job_id,
                    why="",
                    scores=json.loads(job["scores"]),
                    opened_ms=now_ms,
                    since_id=since_id,
                ),
            )
            return await _add_report(tx, job_id, reporter_id, reason, now_ms, new=new)

    async def file_appeal(
        self,
        waiting_id: RequestId,
        user_id: UserId,
        *,
        findings: tuple[Finding, ...],
        why: str,
        now_ms: int,
        since_id: int,
        max_open: int,
    ) -> Filing:
        """Turn the refused ask that waits as `waiting_id` into a case, which ends its wait.

        A member may have `max_open` open appeals in a server.
        """
        async with self._db.write() as tx:
            row = await tx.fetch_one(
                "SELECT guild_id, ask FROM waiting_asks WHERE id = :id AND user_id = :user",
                {"id": waiting_id, "user": user_id},
            )
            ask = ask_of(row["ask"]) if row else None
            if ask is None:
                return Filing.GONE
            if await _count_open_appeals(tx, ask.place.guild_id, user_id) >= max_open:
                return Filing.TOO_MANY
            await tx.execute("DELETE FROM waiting_asks WHERE id = :id", {"id": waiting_id})
            await insert_case(
                tx,
                Case(
                    # The refusal's id, so that `/policy why` finds the case's decisions by it.
                    id=CaseId(waiting_id),
                    kind=CaseKind.APPEAL,
                    guild_id=ask.place.guild_id,
                    channel_id=ask.place.channel_id,
                    user_id=user_id,
                    ask=ask,
                    why=why,
                    findings=findings,
                    scores={},
                    opened_ms=now_ms,
                    since_id=since_id,
                ),
            )
        return Filing.OPENED

    async def get(self, case_id: CaseId) -> Case | None:
        """One case, open or decided."""
        return await _get(self._db, case_id)

    async def of_picture(self, job_id: JobId, kind: CaseKind) -> Case | None:
        """The case of that kind about a picture; None if there is none (any more)."""
        row = await self._db.fetch_one(
            f"SELECT {CASE} FROM cases WHERE job_id = :job AND kind = :kind",  # noqa: S608  a constant
            {"job": job_id, "kind": kind},
        )
        return case_of(row) if row else None

    async def open_cases(self, guild_id: GuildId, limit: int) -> list[Case]:
        """A server's undecided cases, oldest first."""
        rows = await self._db.fetch_all(
            f"SELECT {CASE} FROM cases WHERE guild_id = :guild AND decision IS NULL"  # noqa: S608  a constant
            " ORDER BY opened_ms LIMIT :limit",
            {"guild": guild_id, "limit": limit},
        )
        return cases_of(rows)

    async def precedent(
        self, guild_id: GuildId, draws: Iterable[Draw], card_id: str
    ) -> Ruling | None:
        """Moderators' strictest ruling on any picture that these draws would repeat.

        `card_id` is the model of draws that name none. None if there is no ruling.
        """
        return await precedent_of(self._db, guild_id, draws, card_id)

    async def decide(self, case_id: CaseId, judgement: Judgement) -> DecisionResult | None:
        """Decide a case, with all consequences; only the first decision has an effect.

        None if the case is gone, because its member was forgotten.
        """
        async with self._db.write() as tx:
            first = await _record_decision(tx, case_id, judgement)
            case = await _get(tx, case_id)
            if case is None:
                return None
            consequences = await carry_out(tx, case, judgement) if first else Consequences()
        await self._gallery.reap()
        return DecisionResult(case=case, first=first, consequences=consequences)

    async def expire(self, opened_before_ms: int, text: str, now_ms: int) -> int:
        """Lapse the cases that nobody decided in time; members of held pictures see `text`.

        Returns how many lapsed.
        """
        expired: Params = {"before": opened_before_ms, "text": text, "now": now_ms}
        if await self._db.fetch_one(_ANY_EXPIRED, expired) is None:
            return 0
        async with self._db.write("nobody decided in time") as tx:
            held = await delete_pictures(
                tx,
                "id IN (SELECT job_id FROM cases WHERE decision IS NULL"
                " AND opened_ms < :before AND kind = 'held')",
                expired,
                ends=JobState.WITHHELD,
            )
            others = await tx.execute(
                f"UPDATE cases SET decision = 'lapse', decided_ms = :now, {NEXT_REVISION}"  # noqa: S608  a constant
                " WHERE decision IS NULL AND opened_ms < :before",
                expired,
            )
        await self._gallery.reap()
        return len(held) + others

    async def prune(self, decided_before_ms: int) -> int:
        """Drop cases that were decided before that time; return how many.

        Dooms their messages in the review channel too: without the row, the messages about a member
        who asks to be forgotten could not be found.
        """
        before: Params = {"before": decided_before_ms}
        async with self._db.write("decided long ago") as tx:
            await doom_messages_of_cases(tx, _LONG_DECIDED, before)
            return await tx.execute(f"DELETE FROM cases WHERE {_LONG_DECIDED}", before)  # noqa: S608  a constant

    async def review_times(self, since_ms: int, until_ms: int) -> list[ReviewTime]:
        """The cases that moderators decided in this time, in all servers; no lapsed ones."""
        rows = await self._db.fetch_all(
            "SELECT kind, decision, decided_ms, decided_ms - opened_ms AS waited_ms FROM cases"
            " WHERE decision IS NOT NULL AND decided_ms >= :since AND decided_ms < :until"
            " AND decision <> 'lapse' ORDER BY decided_ms",
            {"since": since_ms, "until": until_ms},
        )
        return [
            ReviewTime(
                kind=CaseKind(row["kind"]),
                outcome=Outcome(row["decision"]),
                decided_ms=row["decided_ms"],
                waited_ms=max(row["waited_ms"], 0),
            )
            for row in rows
        ]


#: A picture that may have been posted.
_POSTED = (
    "SELECT jobs.*, pictures.scores FROM jobs JOIN pictures ON pictures.job_id = jobs.id"
    " WHERE jobs.id = :job AND pictures.deleted_ms IS NULL"
    " AND jobs.state NOT IN ('queued', 'running', 'rendered', 'held')"
)
_ANY_EXPIRED = "SELECT 1 FROM cases WHERE decision IS NULL AND opened_ms < :before LIMIT 1"


async def _get(db: Database | Transaction, case_id: CaseId) -> Case | None:
    row = await db.fetch_one(
        f"SELECT {CASE} FROM cases WHERE id = :id",  # noqa: S608  a constant
        {"id": case_id},
    )
    return case_of(row) if row else None


async def _add_report(
    tx: Transaction, job_id: JobId, reporter_id: UserId, reason: str, now_ms: int, *, new: bool
) -> Filing:
    """Add a report to its picture's case, which gets a new revision unless it is new."""
    row = await tx.fetch_one(
        "SELECT id, decision FROM cases WHERE job_id = :job AND kind = 'report'", {"job": job_id}
    )
    assert row is not None, "the case existed, or was just opened"
    if row["decision"] is not None:
        return Filing.DECIDED
    added = await tx.execute(
        "INSERT INTO reports (case_id, reporter_id, reason, at_ms)"
        " VALUES (:case, :reporter, :reason, :now) ON CONFLICT DO NOTHING",
        {"case": row["id"], "reporter": reporter_id, "reason": reason, "now": now_ms},
    )
    if new:
        return Filing.OPENED
    if not added:
        return Filing.AGAIN
    await tx.execute("UPDATE cases SET revision = revision + 1 WHERE id = :id", {"id": row["id"]})
    return Filing.JOINED


async def _count_open_appeals(tx: Transaction, guild_id: GuildId, user_id: UserId) -> int:
    row = await tx.fetch_one(
        "SELECT count(*) AS n FROM cases WHERE user_id = :user AND guild_id = :guild"
        " AND kind = 'appeal' AND decision IS NULL",
        {"user": user_id, "guild": guild_id},
    )
    assert row is not None
    return row["n"]


async def _record_decision(tx: Transaction, case_id: CaseId, judgement: Judgement) -> bool:
    """Record the decision; False if the case is already decided, or gone."""
    decided = await tx.execute(
        "UPDATE cases SET decision = :decision, actor_id = :actor, decided_ms = :now,"  # noqa: S608  a constant
        f" {NEXT_REVISION} WHERE id = :id AND decision IS NULL",
        {
            "id": case_id,
            "decision": judgement.outcome,
            "actor": judgement.actor_id,
            "now": judgement.at_ms,
        },
    )
    return bool(decided)
