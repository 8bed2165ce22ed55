"""Logging set-up: one line per event, with `job=` and `guild=` where known.

The composition root calls `set_up` once; `log_transition` is the one format for state changes. A
prompt is never logged above DEBUG; log its `short_hash`.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from bot.domain import JobState
from bot.transitions import Subject, Transition

log = logging.getLogger(__name__)

_job: ContextVar[str] = ContextVar("job", default="-")
_guild: ContextVar[str] = ContextVar("guild", default="-")

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s job=%(job)s guild=%(guild)s %(message)s"


class _Whereabouts(logging.Filter):
    """Adds the current task's job and guild to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.job = _job.get()
        record.guild = _guild.get()
        return True


@contextmanager
def whereabouts(*, job: str | None = None, guild: int | None = None) -> Generator[None]:
    """Every line logged inside carries this job and guild."""
    job_token = _job.set(job) if job is not None else None
    guild_token = _guild.set(str(guild)) if guild is not None else None
    try:
        yield
    finally:
        if job_token is not None:
            _job.reset(job_token)
        if guild_token is not None:
            _guild.reset(guild_token)


def short_hash(text: str) -> str:
    """Eight hex digits that identify a prompt in the log."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def log_transition(transition: Transition) -> None:
    """Log a state change in one line: `job 7 queued -> running (attempt 1)`."""
    level = logging.WARNING if transition.after == JobState.FAILED else logging.INFO
    why = f" ({transition.why})" if transition.why else ""
    with whereabouts(job=transition.id if transition.subject is Subject.JOB else None):
        log.log(
            level,
            "%s %s %s -> %s%s",
            transition.subject,
            transition.id,
            transition.before or "new",
            transition.after or "gone",
            why,
        )


def _is_not_about_voice(record: logging.LogRecord) -> bool:
    return "voice will NOT" not in record.getMessage()


def set_up(level: str) -> None:
    """Send everything from `level` up to standard error; from libraries only WARNING and above."""
    handler = logging.StreamHandler()
    handler.addFilter(_Whereabouts())
    handler.setFormatter(logging.Formatter(_FORMAT))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for room in ("bot", "cogs", "models"):
        logging.getLogger(room).setLevel(level)
    logging.getLogger("discord").setLevel(logging.WARNING if level != "DEBUG" else logging.INFO)
    # Complains about voice libraries that we do not need, and about SimCord's client without
    # intents.
    logging.getLogger("discord.client").addFilter(_is_not_about_voice)
    logging.getLogger("discord.state").setLevel(logging.ERROR)
