from __future__ import annotations

from pathlib import Path

import pytest

from tests.crashing import crash


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_every_accepted_job_is_delivered_exactly_once_through_sixty_kills(
    tmp_path: Path,
) -> None:
    outcome = await crash(tmp_path, kills=60)
    assert outcome.accepted >= 60
    assert not outcome.lost
    assert not outcome.doubled
