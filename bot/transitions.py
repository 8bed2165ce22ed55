"""A state change that has happened: what changed, from what, to what, and why.

Stores report their own; the worker and the composition root report those of models; the log and any
counters listen. Pure data, like `bot/domain.py`; must not know who listens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Subject(StrEnum):
    """What has states that are reported."""

    #: One of `JobState`.
    JOB = "job"
    #: Open while its status message may still be edited, then closed.
    REQUEST = "request"
    #: Posted, then deleted from Discord.
    POST = "post"
    #: Open until a moderator decides; then the decision.
    CASE = "case"
    #: Serving while an engine draws with it.
    CARD = "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A state change that has happened, reported once to every listener."""

    subject: Subject
    id: str
    #: None: it is new.
    before: str | None
    #: None: it is gone.
    after: str | None
    #: A few words for the log, with nothing that a member wrote.
    why: str = ""


#: A listener for state changes.
Tell: TypeAlias = Callable[[Transition], None]
