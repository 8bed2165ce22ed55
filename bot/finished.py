"""What becomes of a finished picture: released, held for the moderators, or withheld.

Pure data, like `bot/domain.py`. Policy decides; the worker stores the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import Job, Rating
from models.contract import Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finished:
    """A finished picture and its measured scores."""

    job: Job
    width_px: int
    height_px: int
    rgb: bytes
    scores: Scores
    #: Measured or asked for: how the picture is treated from now on.
    rating: Rating


@dataclass(frozen=True, slots=True, kw_only=True)
class Released(_Finished):
    """A finished picture that policy releases. Constructed only in `bot/policy/decide.py`."""

    #: Shown behind Discord's spoiler.
    spoiler: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(_Finished):
    """A finished picture that is kept, and shown once a moderator approves it."""

    #: What the moderators read.
    why: str
    #: What its member reads.
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A finished picture that is not released; `text` tells its member why, in plain words."""

    text: str
