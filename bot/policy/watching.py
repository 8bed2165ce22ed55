"""*Watching*: whether to go on drawing a picture, judged by its previews.

Called by the worker. Pure. It only ever saves work: a picture drawn to its end is judged by
`decide.release`, whatever was or was not seen on the way.
"""

from __future__ import annotations

from bot.domain import Job, Rating
from bot.finished import Withheld
from bot.policy.thresholds import THRESHOLDS
from bot.words import refusals
from models.contract import ModelInfo, Scores


def must_watch(job: Job, info: ModelInfo) -> bool:
    """Whether this row's previews are worth scoring.

    Not if the model cannot draw nudity, nor if the job's pictures may show it.
    """
    return info.can_draw_nudity and job.rating is not Rating.EXPLICIT


def reason_to_stop(job: Job, scores: Scores, progress: float) -> Withheld | None:
    """Why to stop drawing this row; None to go on. `progress` is the share of its steps, 0..1.

    `scores` are of its preview. A missing or broken score stops nothing: the finished picture is
    scored again, and that decides.
    """
    nude = scores.values.get("nudity", 0.0) >= THRESHOLDS.stop
    if nude and progress >= THRESHOLDS.watched_from and job.rating is not Rating.EXPLICIT:
        return Withheld(text=refusals.STOPPED())
    return None
