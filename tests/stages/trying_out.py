"""Functions that make a lineage with a trial, for tests of stores and of their callers."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import Job, JobId, UserId
from bot.policy.decide import for_trial
from bot.store.db import Database
from bot.store.lineage import Lineage, LineageEntry
from bot.store.trials import Trial, TrialBook, TrialOutcome
from tests.stages.cards import make_card, with_verdict
from tests.stages.factories import GUILD, SINCE, USER, make_admitted, make_ask
from tests.stages.stores import WORKER, Stores

CANDIDATE, PARENT = "next-1", "fake-1"


def make_trial(trial_id: str = "t000000001", *, share: float = 1.0, most: int = 400) -> Trial:
    return Trial(
        id=trial_id, guild_id=GUILD, candidate=CANDIDATE, parent=PARENT, share=share,
        max_duels=most, by_id=USER, begun_ms=10,
    )  # fmt: skip


async def begin_lineage(db: Database) -> Lineage:
    """Begin the lineage with the parent as the model in use."""
    lineage = Lineage(db)
    await lineage.begin(PARENT, model_setting="embedded", licence_sha256="a" * 64, now_ms=1)
    return lineage


async def ask_for_trial(stores: Stores, trial: Trial, user: int = USER) -> tuple[Job, Job]:
    """Ask once in a trial; return the candidate's job and the parent's. No other may be queued."""
    admitted = for_trial(make_admitted(make_ask(user=UserId(user))), 99)
    request = await TrialBook(stores.db).queue_pair(trial, admitted, 1_000, since_id=SINCE)
    assert request is not None
    candidate, parent = request.jobs
    return candidate, parent


async def take_part_in_trials(stores: Stores) -> None:
    """USER promotes and rolls back, begins a trial that draws for them, and stops another trial."""
    lineage, trials = await begin_lineage(stores.db), TrialBook(stores.db)
    card = with_verdict(make_card())
    done = await lineage.promote(card, serving_id=PARENT, by_id=USER, why="w", now_ms=2)
    assert isinstance(done, LineageEntry)
    assert isinstance(
        await lineage.rollback(serving_id=card.id, by_id=USER, why="w", now_ms=3), LineageEntry
    )
    first = make_trial()
    assert isinstance(await trials.begin(first), Trial)
    assert await trials.end(first.id, TrialOutcome.STOPPED, by_id=USER, now_ms=20)
    running = make_trial("t000000002")
    assert isinstance(await trials.begin(running), Trial)
    await ask_for_trial(stores, running)


async def draw_trial_job(stores: Stores, job_id: JobId, card_id: str) -> None:
    """Let the worker draw this job of a trial."""
    from tests.stages.factories import make_png, make_released

    async with stores.db.write() as tx:
        await tx.execute("UPDATE jobs SET not_before_ms = 0")
    while (job := await stores.claim()) is not None and job.id != job_id:
        pass
    assert job is not None
    assert job.draw.model == card_id
    picture = await stores.gallery.keep(
        make_released(replace(job)), make_png(job), card_id=card_id, owner=WORKER, now_ms=4_000
    )
    assert picture is not None
