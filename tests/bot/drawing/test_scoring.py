"""From a finished picture to its scores: what is scored, and what happens if scoring fails."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from PIL import Image

from bot.domain import JobState, Rating
from models.contract import Rendered, Scores, ScoringError
from tests.stages.fake_engine import BILLBOARD, FakeScorer
from tests.stages.studio import studio

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.mark.parametrize("fault", [ScoringError("the classifier broke"), ValueError("a bug")])
async def test_a_picture_that_cannot_be_scored_is_not_released(
    tmp_path: Path, fault: Exception
) -> None:
    class Broken(FakeScorer):
        def score(self, rendered: Rendered) -> Scores:
            raise fault

    async with studio(tmp_path, scorer=Broken()) as s:
        (job,) = await s.ask()
        ended = await s.until(job, JobState.FAILED, JobState.WITHHELD)
        assert await s.gallery.get(job.id) is None
        if isinstance(fault, ScoringError):
            assert (ended.state, ended.attempts) == (JobState.WITHHELD, 1), "policy decides at once"
            assert ended.error is not None
            assert "could not check" in ended.error


async def test_among_adults_a_picture_that_cannot_be_scored_waits_for_a_moderator(
    tmp_path: Path,
) -> None:
    class Broken(FakeScorer):
        def score(self, rendered: Rendered) -> Scores:
            raise ScoringError("the classifier broke")

    async with studio(tmp_path, scorer=Broken()) as s:
        (job,) = await s.ask(rating=Rating.EXPLICIT)
        await s.until(job, JobState.HELD)
        assert await s.gallery.get(job.id) is None, "nobody else sees it meanwhile"


async def test_a_scorer_that_takes_too_long_counts_as_failed(tmp_path: Path) -> None:
    go_on = threading.Event()

    class Hanging(FakeScorer):
        def score(self, rendered: Rendered) -> Scores:
            if rendered.row_id == stuck:
                assert go_on.wait(20)
            return super().score(rendered)

    async with studio(tmp_path, scorer=Hanging(), score_timeout_s=0.5) as s:
        stuck = ""
        (before,) = await s.ask()
        await s.until(before, JobState.RENDERED)
        (job,) = await s.ask(steps=50)
        stuck = job.id
        ended = await s.until(job, JobState.WITHHELD)
        assert ended.error is not None
        assert "could not check" in ended.error
        go_on.set()
        (after,) = await s.ask()
        assert (await s.until(after, JobState.RENDERED)).attempts == 1


async def test_the_pixels_that_are_scored_are_those_that_are_kept(tmp_path: Path) -> None:
    scored: dict[str, bytes] = {}

    class Remembering(FakeScorer):
        def score(self, rendered: Rendered) -> Scores:
            scored[rendered.row_id] = rendered.rgb
            return super().score(rendered)

    async with studio(tmp_path, scorer=Remembering()) as s:
        for job in [*await s.ask(count=3), *await s.ask(width_px=96, prompt=BILLBOARD)]:
            await s.until(job, JobState.RENDERED)
            picture = await s.gallery.get(job.id)
            assert picture is not None
            posted = Image.open(io.BytesIO(await s.gallery.read(picture)))
            assert posted.tobytes() == scored[job.id]
            assert posted.size == (picture.width_px, picture.height_px)
