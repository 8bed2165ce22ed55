"""Moderators for the tests of the review store: short ways to open and decide cases."""

from __future__ import annotations

from pathlib import Path

from bot.domain import (
    Finding,
    Job,
    RequestId,
    RuleId,
    UserId,
)
from bot.store.case_rows import Case
from bot.store.consent import Consent
from bot.store.consequences import Judgement
from bot.store.decisions import Outcome
from bot.store.members import Exclusion
from bot.store.reviews import DecisionResult, Filing
from models.manifest import Manifest
from tests.stages.exporting import export
from tests.stages.factories import (
    GUILD,
    OTHER,
    SINCE,
    USER,
    make_ask,
)
from tests.stages.stores import Stores

MODERATOR, SECOND = UserId(1), UserId(2)
TEXT = "The moderators removed it."


def make_judgement(outcome: Outcome, actor: UserId = MODERATOR, at_ms: int = 9_000) -> Judgement:
    exclusion = Exclusion(
        user_id=USER,
        guild_id=GUILD,
        until_ms=at_ms + 60_000,
        reason="Not here.",
        actor_id=actor,
        at_ms=at_ms,
    )
    return Judgement(
        outcome=outcome, actor_id=actor, at_ms=at_ms, removal_text=TEXT, exclusion=exclusion
    )


async def decide(stores: Stores, case: Case, outcome: Outcome) -> DecisionResult:
    decided = await stores.reviews.decide(case.id, make_judgement(outcome))
    assert decided is not None
    return decided


async def deliver_and_report(stores: Stores, *, message: int = 1) -> tuple[Job, Case]:
    job = await stores.deliver(message=message, seed=message)
    assert await report(stores, job) is Filing.OPENED
    cases = await stores.reviews.open_cases(GUILD, 99)
    return job, next(case for case in cases if case.job_id == job.id)


async def report(stores: Stores, job: Job, by: int = OTHER, reason: str = "It is mean.") -> Filing:
    return await stores.reviews.file_report(job.id, UserId(by), reason, 7_000, since_id=SINCE)


async def hold_and_appeal(stores: Stores, prompt: str = "1girl", most: int = 3) -> Filing:
    waiting_id = await Consent(stores.db).add_waiting_ask(make_ask(prompt), 5)
    return await appeal(stores, waiting_id, most=most)


async def appeal(stores: Stores, waiting_id: RequestId, by: UserId = USER, most: int = 3) -> Filing:
    return await stores.reviews.file_appeal(
        waiting_id,
        by,
        findings=(Finding(rule=RuleId("gore"), words=("guts",)),),
        why="gore: “blood”",
        now_ms=6_000,
        since_id=SINCE,
        max_open=most,
    )


async def export_again(stores: Stores, directory: Path) -> Manifest:
    """Export into a directory once more."""
    return await export(stores, directory)
