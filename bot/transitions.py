"""A change of state that has happened, as it is told: what changed, from what, to what, and why.

Stores notice it, the worker and the composition root tell what happens to models, the log and
whoever counts are told. Pure data, as `bot/domain.py` is; it must not know who listens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Subject(StrEnum):
    """What has states that are told."""

    #: One of `JobState`.
    JOB = "job"
    #: Open for as long as its status message may still be edited, then closed.
    REQUEST = "request"
    #: Posted, then deleted from Discord.
    POST = "post"
    #: Open until a moderator decides it; then what was decided.
    CASE = "case"
    #: Serving while an engine draws with it.
    CARD = "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A change of state that has happened, told once: for the log, and for whoever counts."""

    subject: Subject
    id: str
    #: None: it is new.
    before: str | None
    #: None: it is gone.
    after: str | None
    #: A few words for the log, without anything that a member wrote.
    why: str = ""


#: Whoever is told.
Tell: TypeAlias = Callable[[Transition], None]
