"""Judges previews while rows are drawn, so that a hopeless row frees its slot early.

The worker passes it every report. Must not know the engine's rows or the database.
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

#: The number of steps between judged previews when members see none.
JUDGE_EVERY = 4


class Previews:
    """Decides when one engine makes previews, who sees them, and which rows they stop."""

    def __init__(self, handle: EngineHandle, shown_every: int) -> None:
        """`shown_every` is the setting: the number of steps between shown previews, 0 for none."""
        self._handle = handle
        self._shown_every = shown_every

    def interval_for(self, job: Job) -> int:
        """The number of steps between this row's previews; 0 for none."""
        judged_every = JUDGE_EVERY if watching.must_watch(job, self._handle.info) else 0
        return (self._shown_every if self._may_show(job) else 0) or judged_every

    def should_judge(self, job: Job, report: StepReport) -> bool:
        """Whether to call `judge` on this report; never for the last one, a finished picture."""
        has_preview = report.preview_png is not None and report.step < report.steps
        return has_preview and watching.must_watch(job, self._handle.info)

    def report_for_members(self, job: Job, report: StepReport) -> StepReport:
        """The report for members, without a preview that exists only to be judged."""
        return report if self._may_show(job) else replace(report, preview_png=None)

    async def judge(self, job: Job, report: StepReport) -> Withheld | None:
        """Why the row must stop; None if it may go on, or if the preview could not be judged."""
        assert report.preview_png is not None, "there is no preview to judge"
        try:
            scores = await self._handle.score_preview(report.preview_png)
        except ScoringError as problem:
            # The finished picture is scored anyway; a failure counts then.
            log.warning("a preview could not be judged: %s", problem)
            return None
        if scores is None:
            return None
        return watching.reason_to_stop(job, scores, report.step / report.steps)

    def _may_show(self, job: Job) -> bool:
        return decide.may_preview(job, self._handle.info)
