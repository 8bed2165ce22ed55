"""A finished picture that policy holds back is kept for the moderators, and delivered later."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import JobState, UserId
from bot.store.consequences import Judgement
from bot.store.decisions import Outcome
from bot.store.reviews import Reviews
from models.contract import Rendered, Scores
from tests.stages.fake_engine import INFO, FakeEngine, FakeScorer
from tests.stages.studio import studio


class Daring(FakeEngine):
    info = replace(INFO, can_draw_nudity=True)


class Unsure(FakeScorer):
    """Returns a score between harmless and forbidden."""

    def score(self, rendered: Rendered) -> Scores:
        return Scores(values={**super().score(rendered).values, "nudity": 0.6})


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(Outcome.APPROVE, JobState.RENDERED), (Outcome.REMOVE, JobState.WITHHELD)],
)
async def test_a_held_picture_waits_for_a_moderators_decision(
    tmp_path: Path, outcome: Outcome, state: JobState
) -> None:
    async with studio(tmp_path, engine=Daring(4, step_s=0.001), scorer=Unsure()) as s:
        (job,) = await s.ask()
        held = await s.until(job, JobState.HELD, JobState.WITHHELD, JobState.FAILED)
        assert held.state is JobState.HELD
        assert held.error, "its member is told what it waits for"
        assert await s.gallery.get(job.id) is None
        assert await s.outbox.owed_posts(s.now_ms()) == []
        reviews = Reviews(s.db, s.gallery)
        (case,) = await reviews.open_cases(job.guild_id, 9)
        assert (case.job_id, case.scores["nudity"]) == (job.id, 0.6)
        assert await reviews.decide(
            case.id,
            Judgement(
                outcome=outcome, actor_id=UserId(1), at_ms=s.now_ms(), removal_text="Removed."
            ),
        )
        assert (await s.until(job, state)).state is state
        owed = await s.outbox.owed_posts(s.now_ms())
        assert [post.id for post in owed] == ([job.id] if outcome is Outcome.APPROVE else [])
