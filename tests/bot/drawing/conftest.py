"""Fixtures for all tests of the worker."""

from __future__ import annotations

import pytest

from tests.stages.studio import OtherEngines


@pytest.fixture(params=list(OtherEngines))
def in_company(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims about a single engine also hold for each of two in one process."""
    monkeypatch.setattr("tests.stages.studio.company", request.param)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the worker poll at once without a nudge, and pause only for a moment."""
    monkeypatch.setattr("bot.drawing.worker._POLL_S", 0.005)
    monkeypatch.setattr("bot.drawing.worker._ENGINE_PAUSE_S", 0.1)
