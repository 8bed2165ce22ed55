from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.stages.crashing import crash
from tests.stages.learning_life import CHAPTERS, walk_learning
from tests.stages.walking import spread, walk_boundaries


def test_a_sample_of_the_boundaries_is_spread_over_the_whole_life() -> None:
    assert spread(5, None) == spread(5, 9) == [1, 2, 3, 4, 5]
    sample = spread(202, 12)
    assert sample == spread(202, 12), "the same each time"
    assert {after - before for before, after in pairwise(sample)} == {16, 17}
    assert sample[0] - 1 < 17
    assert 202 - sample[-1] < 17


@pytest.mark.slow(120)
@pytest.mark.timeout(900)
async def test_every_accepted_job_is_delivered_exactly_once_through_sixty_kills(
    tmp_path: Path,
) -> None:
    outcome = await crash(tmp_path, kills=60)
    assert outcome.accepted >= 60
    assert not outcome.faults, str(outcome.faults)


@pytest.mark.slow(40)
@pytest.mark.timeout(600)
async def test_a_kill_at_any_boundary_of_a_whole_life_breaks_no_promise() -> None:
    lives = await walk_boundaries(12, say=print)
    reached = [life for life in lives if 0 < life.kill_at <= len(life.boundaries)]
    assert len(reached) >= 8, "otherwise this proves nothing"
    assert not {life.kill_site: str(life.faults) for life in lives if life.faults}


@pytest.mark.slow(6)
@pytest.mark.timeout(300)
async def test_a_kill_in_any_chapter_of_learning_leaves_one_model_whole(tmp_path: Path) -> None:
    whole, *killed = await walk_learning(tmp_path / "lives", sample=1)
    assert len(killed) == CHAPTERS
    chapters = {life.kill_site.partition(":")[0] for life in killed}
    assert chapters == {"learn", "export", "train", "judge", "try", "promote", "roll_back"}
    assert not {life.kill_site: life.faults for life in (whole, *killed) if life.faults}
