"""Carries out a moderator's decision, in the transaction that records it.

`reviews.py` calls it only for a case's first decision. Must not know who may decide, nor the words
of messages to members.
"""

# ruff: noqa: S608 these statements are built from a constant of this file

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.domain import Admitted, JobId, JobState, Request, Ruling, UserId
from bot.store.audit_rows import AuditEntry, insert_audit_entry
from bot.store.case_rows import Case, CaseKind
from bot.store.db import Params, Transaction
from bot.store.decisions import Decision, DecisionKind, Outcome, insert_decisions
from bot.store.doomed import doom_sends_of_jobs
from bot.store.duel_rows import close_duels_of_jobs
from bot.store.members import Exclusion, insert_exclusion
from bot.store.precedents import lift_removals, set_precedents, with_enlarged
from bot.store.removal import delete_pictures
from bot.store.request_rows import insert_requests, request_of
from bot.store.tellings import Telling, TellingId, insert_telling

#: The possible decisions for each kind of case.
POSSIBLE_OUTCOMES: Mapping[CaseKind, frozenset[Outcome]] = MappingProxyType(
    {
        CaseKind.HELD: frozenset(
            {Outcome.APPROVE, Outcome.SPOILER, Outcome.REMOVE, Outcome.REMOVE_AND_TIME_OUT}
        ),
        CaseKind.REPORT: frozenset(
            {Outcome.DISMISS, Outcome.SPOILER, Outcome.REMOVE, Outcome.REMOVE_AND_TIME_OUT}
        ),
        CaseKind.APPEAL: frozenset({Outcome.DISMISS, Outcome.UPHOLD}),
    }
)
_IN_JOBS = "IN (SELECT value FROM json_each(:jobs))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A moderator's decision and its consequences, carried out in one transaction."""

    outcome: Outcome
    actor_id: UserId
    at_ms: int
    #: The text for the member whose picture was removed before it was shown.
    removal_text: str = ""
    #: The message to the member in the channel where they asked; none is sent if it is empty.
    #: `cancelled_text` is added if the time-out cancels their waiting pictures.
    member_text: str = ""
    cancelled_text: str = ""
    #: The time-out of *remove and time out*.
    exclusion: Exclusion | None = None
    #: The policy's result for an ask whose appeal is upheld, and a Discord snowflake older than
    #: every message of its request.
    admitted: Admitted | None = None
    since_id: int = 0
    #: The model in use, which will draw the ask.
    card_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """What a decision changed in the queue."""

    #: The request queued by a successful appeal.
    request: Request | None = None
    #: The jobs that a time-out cancelled.
    cancelled: tuple[JobId, ...] = ()


async def carry_out(tx: Transaction, case: Case, judgement: Judgement) -> Consequences:
    """Carry out a case's first decision."""
    assert judgement.outcome in POSSIBLE_OUTCOMES[case.kind], judgement.outcome
    done = Consequences()
    match judgement.outcome:
        case Outcome.APPROVE:
            await _release(tx, case)
        case Outcome.SPOILER:
            await _put_behind_spoiler(tx, case, judgement.at_ms)
            await _release(tx, case)
        case Outcome.REMOVE | Outcome.REMOVE_AND_TIME_OUT:
            done = Consequences(cancelled=await _remove(tx, case, judgement))
        case Outcome.UPHOLD:
            done = Consequences(request=await _queue_refused_ask(tx, case, judgement))
        case _:
            pass
    await _record(tx, case, judgement)
    if judgement.member_text:
        await _owe_telling(tx, case, judgement, cancelled=bool(done.cancelled))
    return done


async def _owe_telling(
    tx: Transaction, case: Case, judgement: Judgement, *, cancelled: bool
) -> None:
    """Owe the member a message in the channel where they asked."""
    suffix = f" {judgement.cancelled_text}" if cancelled else ""
    await insert_telling(
        tx,
        Telling(
            id=TellingId(case.id),
            guild_id=case.guild_id,
            channel_id=case.channel_id,
            user_id=case.user_id,
            text=judgement.member_text + suffix,
            created_ms=judgement.at_ms,
        ),
    )


async def _release(tx: Transaction, case: Case) -> None:
    """Release a held picture: its channel is owed it."""
    await tx.execute(
        "UPDATE jobs SET state = 'rendered', error = NULL WHERE id = :job AND state = 'held'",
        {"job": case.job_id},
    )


async def _put_behind_spoiler(tx: Transaction, case: Case, now_ms: int) -> None:
    """Put a shown picture behind a spoiler: owe its posts an amendment, doom other messages."""
    assert case.job_id is not None, "an appeal has no picture"
    job_ids = await with_enlarged(tx, [case.job_id])
    values: Params = {"jobs": json.dumps(job_ids), "now": now_ms}
    await set_precedents(tx, job_ids, Ruling.SPOILER)
    await tx.execute(f"UPDATE pictures SET spoiler = 1 WHERE job_id {_IN_JOBS}", values)
    await tx.execute(
        "UPDATE posts SET amendment_owed = 1 WHERE deleted_ms IS NULL AND message_id IN"
        f" (SELECT message_id FROM post_pictures WHERE job_id {_IN_JOBS})",
        values,
    )
    await doom_sends_of_jobs(tx, f"id {_IN_JOBS}", values)
    await close_duels_of_jobs(tx, f"id {_IN_JOBS}", values)


async def _remove(tx: Transaction, case: Case, judgement: Judgement) -> tuple[JobId, ...]:
    """Remove the picture; return the jobs that a time-out cancelled."""
    await delete_pictures(
        tx,
        "id = :job",
        {"job": case.job_id, "text": judgement.removal_text, "now": judgement.at_ms},
        ends=JobState.WITHHELD,
        removed=True,
    )
    if judgement.outcome is not Outcome.REMOVE_AND_TIME_OUT:
        return ()
    assert judgement.exclusion is not None, "a time-out needs an exclusion"
    return tuple(job.id for job in await insert_exclusion(tx, judgement.exclusion))


async def _queue_refused_ask(tx: Transaction, case: Case, judgement: Judgement) -> Request:
    """Queue the refused ask, ignoring caps and removals: a moderator wants it drawn."""
    assert judgement.admitted is not None, "only an admitted ask is drawn"
    ask = judgement.admitted.ask
    assert ask.user_id == case.user_id, "the ask of another member"
    await lift_removals(tx, case.guild_id, ask.draws, judgement.card_id)
    request = request_of(judgement.admitted, judgement.at_ms, since_id=judgement.since_id)
    await insert_requests(tx, [request])
    await _revoke_strike(tx, case)
    return request


async def _revoke_strike(tx: Transaction, case: Case) -> None:
    """Delete the strike for an unjustified refusal; the appeal has the refusal's id."""
    await tx.execute(
        "DELETE FROM strikes WHERE user_id = :user AND guild_id = :guild AND about = :about",
        {"user": case.user_id, "guild": case.guild_id, "about": case.id},
    )


async def _record(tx: Transaction, case: Case, judgement: Judgement) -> None:
    """Record it in the server's log, and as a decision for `/policy why`."""
    await insert_audit_entry(
        tx,
        AuditEntry(
            guild_id=case.guild_id,
            actor_id=judgement.actor_id,
            action=judgement.outcome,
            detail=f"{case.kind} {case.job_id or case.id}",
            user_id=case.user_id,
            at_ms=judgement.at_ms,
        ),
    )
    decision = Decision(
        kind=DecisionKind.MODERATION,
        outcome=judgement.outcome,
        about=case.id,
        rules=tuple(dict.fromkeys(finding.rule for finding in case.findings)),
        guild_id=case.guild_id,
        channel_id=case.channel_id,
        user_id=case.user_id,
        at_ms=judgement.at_ms,
    )
    await insert_decisions(tx, [decision])
