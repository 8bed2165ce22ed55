"""Looks at previews while their rows are drawn: what is not worth finishing frees its place early.

Told by the worker of every report. It must not know the engine's rows, nor the database.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from bot.domain import Job
from bot.drawing.handle import EngineHandle
from bot.finished import Withheld
from bot.policy import decide, watching
from models.contract import ScoringError, StepReport

log = logging.getLogger(__name__)

#: Every which step is looked at where members see no previews.
EVERY = 4


class Lookout:
    """What one engine's previews are made for: for members to see, and to be judged."""

    def __init__(self, handle: EngineHandle, shown_every: int) -> None:
        """`shown_every` is the setting: every which step members see, 0 for none."""
        self._handle = handle
        self._shown_every = shown_every

    def previews(self, job: Job) -> int:
        """Every which step the engine is to make a preview of this row; 0 for none."""
        watched = EVERY if watching.must_watch(job, self._handle.info) else 0
        return (self._shown_every if self._may_show(job) else 0) or watched

    def watches(self, job: Job, report: StepReport) -> bool:
        """Whether this report is worth `verdict`; the last one is not, for the picture is done."""
        seen = report.preview_png is not None and report.step < report.steps
        return seen and watching.must_watch(job, self._handle.info)

    def shown(self, job: Job, report: StepReport) -> StepReport:
        """The report as members may see it: without a preview that was made to be judged alone."""
        return report if self._may_show(job) else replace(report, preview_png=None)

    async def verdict(self, job: Job, report: StepReport) -> Withheld | None:
        """Why the row is not to be drawn on; None if it is, or if nothing could be told."""
        assert report.preview_png is not None, "nothing to look at"
        try:
            scores = await self._handle.glance(report.preview_png)
        except ScoringError as problem:
            # The finished picture is scored again, and then a failure counts.
            log.warning("a preview was not looked at: %s", problem)
            return None
        if scores is None:
            return None
        return watching.may_go_on(job, scores, report.step / report.steps)

    def _may_show(self, job: Job) -> bool:
        return decide.may_preview(job, self._handle.info)
