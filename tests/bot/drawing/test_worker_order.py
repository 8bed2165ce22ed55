"""The worker keeps the pictures of a request in the order of its seeds."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import JobState
from bot.drawing import finisher
from bot.finished import Released
from models.contract import TickResult
from models.provenance import Provenance
from tests.stages.fake_engine import FakeEngine
from tests.stages.studio import studio

pytestmark = pytest.mark.usefixtures("in_company", "impatient")


async def test_a_requests_pictures_are_kept_in_order_however_they_finish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine hands them over backwards, and the first is encoded last."""
    others = threading.Semaphore(0)
    encode = finisher._encode

    class Backwards(FakeEngine):
        def step(self) -> TickResult:
            result = super().step()
            return replace(result, finished=result.finished[::-1])

    def encode_first_last(released: Released, provenance: Provenance) -> bytes:
        if released.job.id == first.id:
            assert all(others.acquire(timeout=10) for _ in rest), "the others do not wait for it"
        data = encode(released, provenance)
        others.release()
        return data

    monkeypatch.setattr(finisher, "_encode", encode_first_last)
    async with studio(tmp_path, engine=Backwards(4, step_s=0.01)) as s:
        first, *rest = await s.ask(count=4)
        for job in (first, *rest):
            await s.until(job, JobState.RENDERED)
        kept = await s.db.fetch_all("SELECT job_id FROM pictures ORDER BY rowid", {})
    assert [row["job_id"] for row in kept] == [first.id, *(job.id for job in rest)]
