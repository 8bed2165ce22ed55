"""Cases and their rows: what moderators must decide, who reported it, what its message shows.

`reviews.py` opens and decides cases; the gallery, privacy and removal update them when a picture is
deleted or a member forgotten. Must not know what a moderator may decide.
"""

# ruff: noqa: S608 these statements are built from constants of this file

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from bot.domain import Ask, ChannelId, Finding, GuildId, JobId, MessageId, MessageRef, UserId
from bot.finished import Held
from bot.ids import new_id
from bot.store.ask_rows import ask_json, ask_of
from bot.store.db import Params, Row, Transaction
from bot.store.decisions import Outcome
from bot.store.finding_rows import findings_json, findings_of

#: Ten characters. The nonce of its message begins with them, and a search finds it by them.
CaseId = NewType("CaseId", str)


class CaseKind(StrEnum):
    """What a case is about."""

    #: A picture that is kept until a moderator has reviewed it.
    HELD = "held"
    #: A picture that members reported.
    REPORT = "report"
    #: An ask that was refused.
    APPEAL = "appeal"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberReport:
    """Who reported a picture and why; `reporter_id` is None once they asked to be forgotten."""

    reporter_id: UserId | None
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Something for a server's moderators to decide, once."""

    id: CaseId
    kind: CaseKind
    guild_id: GuildId
    #: The channel where the picture was asked for.
    channel_id: ChannelId
    #: The member whose picture or ask it is.
    user_id: UserId
    #: The picture; None for an appeal.
    job_id: JobId | None = None
    #: The refused ask; None for a picture, or if another version wrote it.
    ask: Ask | None = None
    #: The reason, in words for the moderators.
    why: str
    #: For an appeal: every finding for which the server refused the ask.
    findings: tuple[Finding, ...] = ()
    scores: Mapping[str, float]
    opened_ms: int
    #: A Discord snowflake older than the case's message.
    since_id: int
    #: Counts the changes of the case; `shown` is the revision that its message shows.
    revision: int = 1
    shown: int = 0
    #: The message in the review channel, if its id is known.
    message: MessageRef | None = None
    #: The channel of the message; None if the server has no review channel.
    review_channel_id: ChannelId | None = None
    decision: Outcome | None = None
    #: Who decided; None if nobody did, or if they asked to be forgotten.
    actor_id: UserId | None = None
    decided_ms: int | None = None
    #: Oldest first.
    reports: tuple[MemberReport, ...] = ()
    #: Whether its picture still exists and may be shown to moderators.
    has_picture: bool = False

    @property
    def nonce(self) -> str:
        """A new nonce for each revision; Discord would otherwise return the old message."""
        return f"{self.id}-{self.revision}"


#: Columns of `cases` for `case_of`, with each case's reports and whether its picture exists.
CASE = (
    "cases.*, (SELECT json_group_array(json_array(reporter_id, reason, at_ms)) FROM"
    " (SELECT * FROM reports WHERE reports.case_id = cases.id ORDER BY reports.id)) AS reports,"
    " EXISTS (SELECT 1 FROM pictures WHERE pictures.job_id = cases.job_id"
    " AND pictures.deleted_ms IS NULL) AS pictured,"
    " ifnull(cases.review_channel_id, (SELECT policies.review_channel_id FROM policies"
    " WHERE policies.guild_id = cases.guild_id ORDER BY version DESC LIMIT 1)) AS goes_to"
)


def case_of(row: Row) -> Case:
    """A row of `CASE` as a `Case`."""
    guild_id = GuildId(row["guild_id"])
    message = None
    if row["message_id"] is not None:
        message = MessageRef(
            message_id=MessageId(row["message_id"]),
            channel_id=ChannelId(row["review_channel_id"]),
            guild_id=guild_id,
        )
    return Case(
        id=CaseId(row["id"]),
        kind=CaseKind(row["kind"]),
        guild_id=guild_id,
        channel_id=ChannelId(row["channel_id"]),
        user_id=UserId(row["user_id"]),
        job_id=None if row["job_id"] is None else JobId(row["job_id"]),
        ask=None if row["ask"] is None else ask_of(row["ask"]),
        why=row["why"],
        findings=findings_of(row["rules"]),
        scores=json.loads(row["scores"]),
        opened_ms=row["opened_ms"],
        since_id=row["since_id"],
        revision=row["revision"],
        shown=row["shown"],
        message=message,
        review_channel_id=None if row["goes_to"] is None else ChannelId(row["goes_to"]),
        decision=None if row["decision"] is None else Outcome(row["decision"]),
        actor_id=_user(row["actor_id"]),
        decided_ms=row["decided_ms"],
        reports=tuple(
            MemberReport(reporter_id=_user(reporter), reason=reason, at_ms=at_ms)
            for reporter, reason, at_ms in json.loads(row["reports"])
        ),
        has_picture=bool(row["pictured"]),
    )


def _user(value: int | None) -> UserId | None:
    return None if value is None else UserId(value)


def new_held_case(held: Held, now_ms: int, *, since_id: int) -> Case:
    """A new case for a held picture."""
    job = held.job
    return Case(
        id=CaseId(new_id()),
        kind=CaseKind.HELD,
        guild_id=job.guild_id,
        channel_id=job.channel_id,
        user_id=job.user_id,
        job_id=job.id,
        why=held.why,
        scores=held.scores.values,
        opened_ms=now_ms,
        since_id=since_id,
    )


async def insert_case(tx: Transaction, case: Case) -> bool:
    """Open a case. False, changing nothing, if this picture already has one of that kind."""
    new = await tx.execute(
        "INSERT INTO cases (id, kind, guild_id, channel_id, user_id, job_id, ask, why, rules,"
        " scores, opened_ms, since_id) VALUES (:id, :kind, :guild_id, :channel_id, :user_id,"
        " :job_id, :ask, :why, :rules, :scores, :opened_ms, :since_id) ON CONFLICT DO NOTHING",
        {
            "id": case.id,
            "kind": case.kind,
            "guild_id": case.guild_id,
            "channel_id": case.channel_id,
            "user_id": case.user_id,
            "job_id": case.job_id,
            "ask": None if case.ask is None else ask_json(case.ask),
            "why": case.why,
            "rules": findings_json(case.findings),
            "scores": json.dumps(dict(case.scores)),
            "opened_ms": case.opened_ms,
            "since_id": case.since_id,
        },
    )
    return bool(new)


#: Assignments for a new revision; it owes no message if nobody has begun to send one.
NEXT_REVISION = (
    "revision = revision + 1,"
    " shown = iif(message_id IS NULL AND posting_ms IS NULL, revision + 1, shown)"
)
#: Assignment after a name in the case was forgotten: a message that shows it, or may soon, is owed
#: an edit. `posting_ms` stays set as long as there is a message.
REVISION_WITHOUT_NAME = "revision = revision + (decision IS NULL OR posting_ms IS NOT NULL)"


async def lapse_cases(tx: Transaction, job_ids_sql: str, values: Params) -> None:
    """Close the open cases of these jobs: their pictures are gone, so nothing is left to decide.

    `job_ids_sql` lists the jobs; `values` holds its parameters and the time as `now`. Messages of
    decided cases show the pictures too, so every message is owed an edit.
    """
    await tx.execute(
        "UPDATE cases SET decision = ifnull(decision, 'lapse'),"
        f" decided_ms = ifnull(decided_ms, :now), {NEXT_REVISION} WHERE job_id IN ({job_ids_sql})",
        values,
    )


async def reopen_cases(tx: Transaction, job_id: JobId, deleted_ms: int) -> None:
    """Reopen the cases that lapsed at a deletion that is now undone.

    Otherwise a reported member could end a case by deleting the picture and undoing the deletion.
    """
    await tx.execute(
        "UPDATE cases SET decision = NULL, decided_ms = NULL, revision = revision + 1"
        " WHERE job_id = :job AND decision = 'lapse' AND decided_ms = :deleted",
        {"job": job_id, "deleted": deleted_ms},
    )


async def record_lost_case_messages(tx: Transaction, which: str, values: Params) -> None:
    """Record that the messages of the matching cases are gone; open cases need a new message.

    The revision goes up, so that the new message gets a new nonce.
    """
    await tx.execute(
        "UPDATE cases SET message_id = NULL, posting_ms = NULL, review_channel_id = NULL,"
        " revision = revision + 1, shown = iif(decision IS NULL, 0, revision + 1)"
        f" WHERE {which}",
        values,
    )


async def doom_messages_of_cases(tx: Transaction, which: str, values: Params) -> None:
    """Doom the messages of the matching cases; call it before deleting their rows."""
    for statement in (_DOOM_KNOWN, _HUNT_UNKNOWN):
        await tx.execute(statement.format(which=which), values)


_DOOM_KNOWN = (
    "INSERT OR IGNORE INTO doomed_messages SELECT message_id, review_channel_id, guild_id"
    " FROM cases WHERE {which} AND message_id IS NOT NULL"
)
_HUNT_UNKNOWN = (
    "INSERT OR IGNORE INTO hunts (name, channel_id, guild_id, since_id)"
    " SELECT id, review_channel_id, guild_id, since_id FROM cases"
    " WHERE {which} AND message_id IS NULL AND posting_ms IS NOT NULL"
)


def cases_of(rows: Sequence[Row]) -> list[Case]:
    """The cases in rows of `CASE`, in order."""
    return [case_of(row) for row in rows]
