"""What a cog can reach through `Services`."""

from __future__ import annotations

from typing import get_type_hints

from bot.drawing.worker import Worker
from bot.services import Services
from bot.store.queue import Jobs

#: What only the worker may do with a job.
WORKERS = {
    "claim", "renew", "requeue", "fail", "withhold", "requeue_expired", "requeue_orphaned",
}  # fmt: skip


def test_no_cog_can_claim_renew_fail_or_put_back_a_job() -> None:
    hints = get_type_hints(Services)
    assert hints["queue"] is not Jobs
    for name, kind in hints.items():
        assert not WORKERS & set(dir(kind)), name


def test_the_worker_holds_the_whole_queue() -> None:
    assert get_type_hints(Worker.__init__)["jobs"] is Jobs
    assert set(dir(Jobs)) >= WORKERS
