"""What the votes brought in: pictures that somebody judged, and what was said of them.

`bot/store/curation.py` reads it, `bot/store/manifest_files.py` scans the pictures' files, and
`selecting` chooses from it. Pure data; members are known here, and in no file that is written of
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.curating.likeness import Likeness
from bot.domain import GuildId, JobId, Picture, UserId
from models.contract import Draw
from models.manifest import Kind


class Stamp(StrEnum):
    """What a curator made of a picture."""

    #: It is good to learn from.
    APPROVED = "approved"
    #: Nothing is to be learned from it.
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A picture that somebody but its member judged."""

    picture: Picture
    #: None if another version of the bot wrote how it was drawn.
    draw: Draw | None
    #: Its member shares prompts.
    shared: bool
    stamp: Stamp | None = None
    #: A curator's words, which stand for the prompt; None where nobody mended it.
    caption: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one member said of one picture, or of several beside each other."""

    kind: Kind
    axis: str
    voter_id: UserId
    #: The server that the pictures were drawn in: how far a voter is trusted is known there.
    guild_id: GuildId
    job_ids: tuple[JobId, ...]
    #: As in `models.manifest.JudgementLine`.
    value: int | tuple[int, ...]
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """All that there is to select from, the oldest picture first."""

    entries: Sequence[Entry]
    #: None of a member about a picture of their own.
    opinions: Sequence[Opinion]
    #: The installation's key: every hash that stands for a voter or a prompt is made with it.
    key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A picture's file as it may leave."""

    #: Of the file without its texts.
    sha256: str
    likeness: Likeness
