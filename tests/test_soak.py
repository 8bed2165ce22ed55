"""A soak of some minutes finds the planted leak, and nothing else leaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stages.promises import Faults
from tests.stages.soaking import Span, soak


# The second gauge also counts objects in use, so a busy machine could make it fail by chance.
@pytest.mark.exhaustive
@pytest.mark.timeout(300)
async def test_a_soak_finds_the_planted_leak_and_no_other(tmp_path: Path) -> None:
    some = Span(deeds=10)
    soaked = await soak(tmp_path, warm_up=some, then=some, pause_s=5, quiet_s=90, leak=True)
    assert soaked.growth.keys() == {"bot.drawing.progress.ProgressBoard._left_behind"}
    assert soaked.after.tasks <= soaked.before.tasks
    assert soaked.after.files <= soaked.before.files
    assert soaked.faults == Faults()
