"""Carries out a moderator's decision, in the transaction that records it.

`reviews.py` calls it only for a case's first decision. Who may decide, and what members are told,
is not known here.
"""

# ruff: noqa: S608 these statements are built from a constant of this file

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.domain import Admitted, JobId, JobState, Request, Ruling, UserId
from bot.store.audit_rows import AuditEntry, note_change
from bot.store.case_rows import Case, CaseKind
from bot.store.db import Params, Transaction
from bot.store.decisions import Decision, DecisionKind, Outcome, note_decisions
from bot.store.doomed import doom_sends_of_jobs
from bot.store.duel_rows import close_duels_of_jobs
from bot.store.members import Exclusion, insert_exclusion
from bot.store.precedents import lift_removals, set_precedents, with_enlarged
from bot.store.removal import take_away
from bot.store.request_rows import insert_requests, request_of
from bot.store.tellings import Telling, TellingId, insert_telling

#: The possible decisions for each kind of case.
CHOICES: Mapping[CaseKind, frozenset[Outcome]] = MappingProxyType(
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
_AMONG = "IN (SELECT value FROM json_each(:jobs))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A moderator's decision and its consequences, carried out in one transaction."""

    outcome: Outcome
    actor_id: UserId
    at_ms: int
    #: The text for the member of a removed picture that was not shown yet.
    text: str = ""
    #: What the member is told in the channel where they asked, and what follows it if the time-out
    #: cancels their waiting pictures; nothing is sent if it is empty.
    told: str = ""
    told_cancelled: str = ""
    #: The time-out of *remove and time out*.
    exclusion: Exclusion | None = None
    #: The policy's result for an ask whose appeal is upheld, and a Discord snowflake older than
    #: every message of its request.
    admitted: Admitted | None = None
    since_id: int = 0
    #: The model in use, which will draw it.
    card_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedOut:
    """What a decision changed in the queue."""

    #: The request to draw after a successful appeal.
    request: Request | None = None
    #: The jobs that a time-out cancelled.
    cancelled: tuple[JobId, ...] = ()


async def carry_out(tx: Transaction, case: Case, judgement: Judgement) -> CarriedOut:
    """Carry out a case's first decision."""
    assert judgement.outcome in CHOICES[case.kind], judgement.outcome
    done = CarriedOut()
    match judgement.outcome:
        case Outcome.APPROVE:
            await _let_out(tx, case)
        case Outcome.SPOILER:
            await _put_behind_spoiler(tx, case, judgement.at_ms)
            await _let_out(tx, case)
        case Outcome.REMOVE | Outcome.REMOVE_AND_TIME_OUT:
            done = CarriedOut(cancelled=await _remove(tx, case, judgement))
        case Outcome.UPHOLD:
            done = CarriedOut(request=await _queue(tx, case, judgement))
        case _:
            pass
    await _note(tx, case, judgement)
    if judgement.told:
        await _owe_word(tx, case, judgement, cancelled=bool(done.cancelled))
    return done


async def _owe_word(tx: Transaction, case: Case, judgement: Judgement, *, cancelled: bool) -> None:
    """Owe the member a message in the channel."""
    rest = f" {judgement.told_cancelled}" if cancelled else ""
    await insert_telling(
        tx,
        Telling(
            id=TellingId(case.id),
            guild_id=case.guild_id,
            channel_id=case.channel_id,
            user_id=case.user_id,
            text=judgement.told + rest,
            created_ms=judgement.at_ms,
        ),
    )


async def _let_out(tx: Transaction, case: Case) -> None:
    """Owe a held picture to its channel."""
    await tx.execute(
        "UPDATE jobs SET state = 'rendered', error = NULL WHERE id = :job AND state = 'held'",
        {"job": case.job_id},
    )


async def _put_behind_spoiler(tx: Transaction, case: Case, now_ms: int) -> None:
    """Put a shown picture behind a spoiler: amend its posts, and doom its other messages."""
    assert case.job_id is not None, "an appeal has no picture"
    job_ids = await with_enlarged(tx, [case.job_id])
    covered: Params = {"jobs": json.dumps(job_ids), "now": now_ms}
    await set_precedents(tx, job_ids, Ruling.SPOILER)
    await tx.execute(f"UPDATE pictures SET spoiler = 1 WHERE job_id {_AMONG}", covered)
    await tx.execute(
        "UPDATE posts SET amendment_owed = 1 WHERE deleted_ms IS NULL AND message_id IN"
        f" (SELECT message_id FROM post_pictures WHERE job_id {_AMONG})",
        covered,
    )
    await doom_sends_of_jobs(tx, f"id {_AMONG}", covered)
    await close_duels_of_jobs(tx, f"id {_AMONG}", covered)


async def _remove(tx: Transaction, case: Case, judgement: Judgement) -> tuple[JobId, ...]:
    """Remove the picture; return the jobs that a time-out cancelled."""
    await take_away(
        tx,
        "id = :job",
        {"job": case.job_id, "text": judgement.text, "now": judgement.at_ms},
        ends=JobState.WITHHELD,
        removed=True,
    )
    if judgement.outcome is not Outcome.REMOVE_AND_TIME_OUT:
        return ()
    assert judgement.exclusion is not None, "a time-out has an end"
    return tuple(job.id for job in await insert_exclusion(tx, judgement.exclusion))


async def _queue(tx: Transaction, case: Case, judgement: Judgement) -> Request:
    """Queue the refused ask, ignoring caps and removals: a moderator wants it drawn."""
    assert judgement.admitted is not None, "policy admits what is drawn"
    ask = judgement.admitted.ask
    assert ask.user_id == case.user_id, "the ask of another member"
    await lift_removals(tx, case.guild_id, ask.draws, judgement.card_id)
    request = request_of(judgement.admitted, judgement.at_ms, since_id=judgement.since_id)
    await insert_requests(tx, [request])
    await _take_strike_back(tx, case)
    return request


async def _take_strike_back(tx: Transaction, case: Case) -> None:
    """Take back the strike for an unjustified refusal; appeal and refusal share an id."""
    await tx.execute(
        "DELETE FROM strikes WHERE user_id = :user AND guild_id = :guild AND about = :about",
        {"user": case.user_id, "guild": case.guild_id, "about": case.id},
    )


async def _note(tx: Transaction, case: Case, judgement: Judgement) -> None:
    """Write a line for the server's log, and a decision for `/policy why`."""
    await note_change(
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
        rules=tuple(dict.fromkeys(finding.rule for finding in case.found)),
        guild_id=case.guild_id,
        channel_id=case.channel_id,
        user_id=case.user_id,
        at_ms=judgement.at_ms,
    )
    await note_decisions(tx, [decision])
