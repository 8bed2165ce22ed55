"""The raw material of a manifest: the judged pictures, and the judgements.

`bot/store/curation.py` reads it, `bot/store/manifest_files.py` scans the pictures' files, and
`selecting` chooses from it. Pure data; it names members, but no file written from it does.
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
    """A picture that somebody other than its member judged."""

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
    """Everything to select from, with the oldest picture first."""

    entries: Sequence[Entry]
    #: Never a member's opinion of their own picture.
    opinions: Sequence[Opinion]
    #: The installation's key, used in every hash of a voter or a prompt.
    key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A picture's file, ready to leave."""

    #: The hash of the file without its texts.
    sha256: str
    likeness: Likeness
