"""The raw material of a manifest: judged pictures, and the judgements.

`bot/store/curation.py` reads it, `bot/store/manifest_files.py` scans the pictures' files, and
`selecting` chooses from it. Pure data; members are named here, but in no file written from it.
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
    """A curator's verdict on a picture."""

    #: Good to learn from.
    APPROVED = "approved"
    #: Not to be learned from.
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A picture judged by somebody other than its member."""

    picture: Picture
    #: None if another version of the bot wrote it.
    draw: Draw | None
    #: Whether its member shares prompts.
    shared: bool
    stamp: Stamp | None = None
    #: A curator's caption, which replaces the prompt; None if there is none.
    caption: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One member's judgement of a picture, or of several side by side."""

    kind: Kind
    axis: str
    voter_id: UserId
    #: The server where the pictures were drawn, which knows how far the voter is trusted.
    guild_id: GuildId
    job_ids: tuple[JobId, ...]
    #: Like `models.manifest.JudgementLine`.
    value: int | tuple[int, ...]
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """Everything to select from, the oldest picture first."""

    entries: Sequence[Entry]
    #: Never a member's opinion of their own picture.
    opinions: Sequence[Opinion]
    #: The installation's key, which makes every hash for a voter or a prompt.
    key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A picture's file, ready to leave."""

    #: Of the file without its texts.
    sha256: str
    likeness: Likeness
