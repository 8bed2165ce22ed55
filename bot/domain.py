"""The nouns of the bot and its error tree. Every room speaks in these; this room imports none.

Pure data: no I/O, no clock, no Discord. Time is integer unix milliseconds, snowflakes are `int`.
What a user can cause is a value (`Refused`); exceptions are for what the operator must mend.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import NewType

from models.contract import Draw, RenderRequest

UserId = NewType("UserId", int)
GuildId = NewType("GuildId", int)
#: A channel, a thread, or the category that a channel stands in.
ChannelId = NewType("ChannelId", int)
RoleId = NewType("RoleId", int)
MessageId = NewType("MessageId", int)
#: The name of a rule, in the rulebook and in what a server wrote: "real-person".
RuleId = NewType("RuleId", str)
#: Ten characters of Crockford base32; also the id of the job's picture.
JobId = NewType("JobId", str)
#: The jobs of one `/waifu` share a request; its status message tells how they are doing.
RequestId = NewType("RequestId", str)
#: The nonce of a post, and what its message is found by; the id of the first picture in it.
OwedPostId = NewType("OwedPostId", str)


class BotError(Exception):
    """Root of what the operator can mend; the message is one sentence that says how."""


class SettingsError(BotError):
    """A setting is missing or wrong; the message names the variable."""


class DatabaseError(BotError):
    """The database cannot be used: from a newer version, locked, read-only, damaged."""


class StorageError(BotError):
    """The disk does not take or give a file, of the gallery or of the database."""


class DiskFullError(StorageError):
    """There is no room left on the disk."""


class RefusalReason(StrEnum):
    """Why a request was not taken, for the log and the tests; users read `Refused.text`."""

    #: An option is empty, too long or out of the model's limits.
    INPUT = "input"
    #: The floor or the model's licence, which no server can lower.
    FLOOR = "floor"
    #: A rule of this server's, or a term that it blocks.
    SERVER = "server"
    #: Fine in an age-restricted channel, but this is none.
    AGE = "age"
    #: The bot is switched off in this channel, or cannot post there.
    CHANNEL = "channel"
    #: The member is timed out or banned.
    EXCLUDED = "excluded"
    #: The user or the server has too many pictures waiting.
    CAP = "cap"
    #: It waited for the licence and waits no more: its button was pressed twice.
    GONE = "gone"
    #: A moderator has yet to look at the picture.
    HELD = "held"
    #: A moderator took the picture away.
    REMOVED = "removed"
    #: Something of ours failed, so the answer is no.
    FAULT = "fault"


class Layer(StrEnum):
    """Who says what follows from a rule; below the first two, the later one is the nearer."""

    #: What no server can lower.
    FLOOR = "floor"
    #: The licence of the model in use.
    LICENCE = "licence"
    #: The preset that the server chose.
    PRESET = "preset"
    SERVER = "server"
    CATEGORY = "category"
    #: The channel, or the thread in it.
    CHANNEL = "channel"
    #: An exemption of one of the member's roles.
    ROLE = "role"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that holds, and what it was found in, a few at most: words, or a server's terms."""

    rule: RuleId
    #: None, where it is let pass: wherever the rule holds.
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A friendly no: `text` is shown to the user and says what to do."""

    reason: RefusalReason
    text: str
    #: The rule that it is refused by, the strictest if there are several.
    rule: RuleId | None = None
    #: Who made the rule that strict.
    layer: Layer | None = None
    #: What the rule was found in, as the member wrote it; for the text and for moderators alone.
    words: tuple[str, ...] = ()
    #: The member may ask the moderators to look at it, and all that the server refuses it for.
    appealable: bool = False
    found: tuple[Finding, ...] = ()
    #: It counts against the member.
    strike: bool = False
    #: The moderators are told.
    alert: bool = False


class Rating(StrEnum):
    """How much a picture may show, in rising order."""

    #: Fit for every channel.
    GENERAL = "general"
    #: Age-restricted channels only.
    EXPLICIT = "explicit"


class Ruling(IntEnum):
    """What is done with an ask or a picture, in rising strictness; the greater one wins."""

    #: It is drawn and shown.
    ALLOW = 0
    #: It is shown behind Discord's spoiler.
    SPOILER = 1
    #: It is drawn, and shown once a moderator has approved it.
    HOLD = 2
    #: It is neither drawn nor shown.
    REFUSE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a request was made; the three age flags are looked at together."""

    guild_id: GuildId
    channel_id: ChannelId
    #: The channel a thread lives in, else None.
    parent_id: ChannelId | None = None
    #: The category that the channel, or the thread's channel, stands in.
    category_id: ChannelId | None = None
    #: False: the channel, or its parent, is not known, so what is None above may be any of them.
    whole: bool = True
    channel_age_restricted: bool = False
    parent_age_restricted: bool = False
    guild_age_restricted: bool = False

    @property
    def age_restricted(self) -> bool:
        """True if the channel, its parent or the whole guild is age-restricted."""
        parents = self.parent_age_restricted or self.guild_age_restricted
        return self.channel_age_restricted or parents


class RequestKind(StrEnum):
    """What made a request."""

    #: The `/waifu` command.
    COMMAND = "command"
    #: The *Again* button: the same picture once more.
    AGAIN = "again"
    #: The buttons *Reroll* (the same settings, a new seed), *Vary subtle* and *Vary strong*.
    VARY = "vary"
    #: The *Upscale* button: the picture itself, larger.
    UPSCALE = "upscale"
    #: A blind test of a candidate: both models draw what a member asked for once more.
    TRIAL = "trial"


class PostLayout(StrEnum):
    """How the pictures of a request are put into posts."""

    #: Each picture is a post of its own.
    SINGLE = "single"
    #: An answer that its member alone sees, and no post of the delivery.
    PRIVATE = "private"
    #: All pictures are one post, side by side.
    GRID = "grid"
    #: Both pictures are shown by a duel, and by no post of the delivery.
    DUEL = "duel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One well-formed request; every number is resolved and inside the model's limits."""

    user_id: UserId
    place: Place
    draw: Draw
    count: int
    kind: RequestKind = RequestKind.COMMAND
    #: The picture under which a button was pressed.
    parent_job_id: JobId | None = None
    #: Its pictures are for its member's eyes.
    private: bool = False
    #: What moderators decided about one of these pictures, or about the button's; None: nothing.
    precedent: Ruling | None = None
    #: What is filled in of each picture; None: nothing, or nothing yet.
    completions: tuple[str, ...] | None = None

    @property
    def draws(self) -> tuple[Draw, ...]:
        """What each of its pictures is drawn by, in the order of their seeds."""
        filled = self.completions or (self.draw.completion,) * self.count
        return tuple(replace(self.draw.nth(i), completion=text) for i, text in enumerate(filled))


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """An ask that policy let through. Constructed in `bot/policy/decide.py` alone."""

    ask: Ask
    #: The most that its pictures may show where they will be posted.
    rating: Rating
    #: What its words ask for: its pictures are shown, spoilered or held.
    ruling: Ruling
    #: The moderators are told.
    alert: bool = False
    #: What was found and let pass, by a role or an upheld appeal.
    excused: frozenset[Finding] = frozenset()
    #: The rules that have it spoilered or held, the strictest layer's first, and that layer.
    rules: tuple[RuleId, ...] = ()
    layer: Layer | None = None


class JobState(StrEnum):
    """The life of a job; the first five are alive, the others are ends."""

    #: Waiting for a place on the GPU.
    QUEUED = "queued"
    #: A worker holds its lease.
    RUNNING = "running"
    #: Its picture is kept until a moderator has looked at it.
    HELD = "held"
    #: Its picture is kept; not posted yet.
    RENDERED = "rendered"
    #: Its picture is posted.
    DELIVERED = "delivered"
    #: It could not be drawn or posted; `error` says why.
    FAILED = "failed"
    #: Its user took it back, or may not ask any more.
    CANCELLED = "cancelled"
    #: Policy holds its picture back.
    WITHHELD = "withheld"


ENDED = frozenset({JobState.DELIVERED, JobState.FAILED, JobState.CANCELLED, JobState.WITHHELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One picture to draw, as the queue remembers it."""

    id: JobId
    request_id: RequestId
    #: The one post that its picture is delivered in.
    owed_post_id: OwedPostId
    user_id: UserId
    guild_id: GuildId
    channel_id: ChannelId
    draw: Draw
    rating: Rating
    #: What its words asked for when it was admitted.
    ruling: Ruling
    state: JobState
    attempts: int
    created_ms: int
    #: What was let pass when it was admitted.
    excused: frozenset[Finding] = frozenset()
    error: str | None = None
    #: What another version wrote into its row that this one cannot read; it is never drawn.
    fault: str | None = None

    def request(self, preview_every: int = 0) -> RenderRequest:
        """What the engine is asked to draw; the row is named after the job."""
        return RenderRequest(row_id=self.id, draw=self.draw, preview_every=preview_every)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for at once. It has no state: it is alive while one of its jobs is."""

    id: RequestId
    kind: RequestKind
    layout: PostLayout
    user_id: UserId
    guild_id: GuildId
    #: Where its posts go.
    channel_id: ChannelId
    parent_job_id: JobId | None
    created_ms: int
    #: A snowflake of Discord's own that is older than every message of the request.
    since_id: int
    #: In the order of their seeds.
    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a queued job stands: `ahead` pictures are drawn before it; `model` is its card's id."""

    ahead: int
    queued: int
    running: int
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A kept picture: its file is found by `sha256`, its provenance is in the file and here."""

    job_id: JobId
    user_id: UserId
    guild_id: GuildId
    sha256: str
    size_bytes: int
    width_px: int
    height_px: int
    card_id: str
    rating: Rating
    created_ms: int
    #: It is shown behind Discord's spoiler.
    spoiler: bool
    #: A moderator took it from every message; it is not shown again.
    removed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedPost:
    """A post that a request owes, and all its jobs: one intent, one nonce, one message."""

    id: OwedPostId
    layout: PostLayout
    channel_id: ChannelId
    guild_id: GuildId
    #: By place, counted from 1.
    jobs: Mapping[int, Job]

    @property
    def drawn(self) -> Mapping[int, Job]:
        """What it can show; the other places stay empty."""
        return {p: job for p, job in self.jobs.items() if job.state is JobState.RENDERED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message that shows pictures of one request; a picture can have several (`/show`)."""

    message_id: MessageId
    channel_id: ChannelId
    guild_id: GuildId
    posted_ms: int
    #: By place, counted from 1.
    pictures: Mapping[int, JobId]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRef:
    """A message of ours on Discord: enough to edit it or to let it go."""

    message_id: MessageId
    channel_id: ChannelId
    guild_id: GuildId
