"""What becomes of a finished picture: it is let out, held for the moderators, or withheld.

Pure data, as `bot/domain.py` is. Policy decides, the worker keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import Job, Rating
from models.contract import Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finished:
    """A finished picture and what was measured of it."""

    job: Job
    width_px: int
    height_px: int
    rgb: bytes
    scores: Scores
    #: Measured or asked for: what the picture is treated as from now on.
    rating: Rating


@dataclass(frozen=True, slots=True, kw_only=True)
class Released(_Finished):
    """A finished picture that policy lets out. Constructed in `bot/policy/decide.py` alone."""

    #: It is shown behind Discord's spoiler.
    spoiler: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(_Finished):
    """A finished picture that is kept, and shown once a moderator has approved it."""

    #: What the moderators read.
    why: str
    #: What its user reads.
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A finished picture that is not let out; `text` tells its user why, in plain words."""

    text: str
