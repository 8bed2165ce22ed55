from __future__ import annotations

from pathlib import Path

import pytest

from tests.crashing import crash
from tests.walking import count, spread, walk


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_every_accepted_job_is_delivered_exactly_once_through_sixty_kills(
    tmp_path: Path,
) -> None:
    outcome = await crash(tmp_path, kills=60)
    assert outcome.accepted >= 60
    assert not outcome.faults, str(outcome.faults)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_kill_at_any_boundary_of_a_whole_life_breaks_no_promise() -> None:
    lives = await walk(spread(await count(), 12), say=print)
    assert len({life.killed for life in lives} - {"never reached"}) >= 8, "or nothing was proved"
    assert not {life.killed: str(life.faults) for life in lives if life.faults}
