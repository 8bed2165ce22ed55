"""What all tests of the worker share."""

from __future__ import annotations

import pytest

from tests.stages.studio import Company


@pytest.fixture(params=list(Company))
def in_company(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is true of an engine alone is true of each of two in one process."""
    monkeypatch.setattr("tests.stages.studio.company", request.param)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker looks again at once where nobody nudges it, and rests for a moment only."""
    monkeypatch.setattr("bot.drawing.worker._POLL_S", 0.005)
    monkeypatch.setattr("bot.drawing.worker._ENGINE_PAUSE_S", 0.1)
