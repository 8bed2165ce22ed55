"""The bot's nouns and its error tree. Every room uses these; this file imports no other room.

Pure data: no I/O, no clock, no Discord. Time is integer unix milliseconds, snowflakes are `int`.
What a user can cause is a value (`Refused`); exceptions are for faults that the operator must fix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import NewType

from models.contract import Draw, RenderRequest

UserId = NewType("UserId", int)
GuildId = NewType("GuildId", int)
#: A channel, a thread, or the category that contains a channel.
ChannelId = NewType("ChannelId", int)
RoleId = NewType("RoleId", int)
MessageId = NewType("MessageId", int)
#: The name of a rule in the rulebook and in a server's settings, such as "real-person".
RuleId = NewType("RuleId", str)
#: Ten characters of Crockford base32; also the id of the job's picture.
JobId = NewType("JobId", str)
#: The jobs of one `/waifu` share a request; its status message reports their progress.
RequestId = NewType("RequestId", str)
#: The nonce that identifies a post's message: the id of the first picture in it.
OwedPostId = NewType("OwedPostId", str)

#: How far *Vary subtle* and *Vary strong* go from a picture, of 1: chosen by looking at variations
#: that the embedded model drew.
SUBTLE, STRONG = 0.4, 0.7


class BotError(Exception):
    """Root of the errors that the operator can fix; the message is one sentence that says how."""


class SettingsError(BotError):
    """A setting is missing or wrong; the message names the variable."""


class DatabaseError(BotError):
    """The database cannot be used: from a newer version, locked, read-only, damaged."""


class StorageError(BotError):
    """The disk of the gallery or the database fails to write or read a file."""


class DiskFullError(StorageError):
    """The disk is full."""


class RefusalReason(StrEnum):
    """Why a request was refused, for the log and the tests; users read `Refused.text`."""

    #: An option is empty, too long or out of the model's limits.
    INPUT = "input"
    #: Refused by the floor or the model's licence, which no server can lower.
    FLOOR = "floor"
    #: Refused by a rule of this server or by a term that it blocks.
    SERVER = "server"
    #: Allowed only in an age-restricted channel, and this is not one.
    AGE = "age"
    #: The bot is switched off in this channel, or cannot post there.
    CHANNEL = "channel"
    #: The member is timed out or banned.
    EXCLUDED = "excluded"
    #: The user or the server has too many pictures waiting.
    CAP = "cap"
    #: The ask no longer waits for the licence: its button was pressed twice.
    GONE = "gone"
    #: A moderator has not reviewed the picture yet.
    HELD = "held"
    #: A moderator removed the picture.
    REMOVED = "removed"
    #: An internal fault, so the answer is no.
    FAULT = "fault"


class Layer(StrEnum):
    """Who sets the consequence of a rule; after the first two, later layers are more specific."""

    #: The floor, which no server can lower.
    FLOOR = "floor"
    #: The licence of the model in use.
    LICENCE = "licence"
    #: The preset that the server chose.
    PRESET = "preset"
    SERVER = "server"
    CATEGORY = "category"
    #: The channel or thread.
    CHANNEL = "channel"
    #: An exemption for one of the member's roles.
    ROLE = "role"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that applies, with a few of the words or server terms that triggered it."""

    rule: RuleId
    #: Empty in an exemption for every use of the rule.
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A friendly refusal: `text` is shown to the user and says what to do."""

    reason: RefusalReason
    text: str
    #: The rule that refused it, the strictest if there are several.
    rule: RuleId | None = None
    #: The layer that made the rule so strict.
    layer: Layer | None = None
    #: The triggering words as the member wrote them; shown only in the text and to moderators.
    words: tuple[str, ...] = ()
    #: The member may appeal: moderators can allow everything that the server refuses it for.
    appealable: bool = False
    found: tuple[Finding, ...] = ()
    #: Counts as a strike against the member.
    strike: bool = False
    #: The moderators are alerted.
    alert: bool = False


class Rating(StrEnum):
    """How explicit a picture is, in rising order."""

    #: Fit for every channel.
    GENERAL = "general"
    #: Age-restricted channels only.
    EXPLICIT = "explicit"


class Ruling(IntEnum):
    """What happens to an ask or a picture, in rising strictness; the stricter one wins."""

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
    """Where a request was made; all three age flags decide whether it is age-restricted."""

    guild_id: GuildId
    channel_id: ChannelId
    #: The channel that contains the thread, else None.
    parent_id: ChannelId | None = None
    #: The category of the channel, or of the thread's channel.
    category_id: ChannelId | None = None
    #: False if the channel or its parent is unknown; a None above may then be any id.
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
    """What created a request."""

    #: The `/waifu` command.
    COMMAND = "command"
    #: The *Again* button: the same picture once more.
    AGAIN = "again"
    #: The buttons *Reroll* (the same settings, a new seed), *Vary subtle* and *Vary strong*, and
    #: *Draw what I meant* under a queued request.
    VARY = "vary"
    #: The *Upscale* button: the picture itself, larger.
    UPSCALE = "upscale"
    #: A blind test of a candidate: both models redraw a member's request.
    TRIAL = "trial"


class PostLayout(StrEnum):
    """How a request's pictures are put into posts."""

    #: Each picture is its own post.
    SINGLE = "single"
    #: An answer that only its member sees; delivery makes no post.
    PRIVATE = "private"
    #: One post shows all pictures side by side.
    GRID = "grid"
    #: A duel shows both pictures; delivery makes no post.
    DUEL = "duel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One well-formed request; every number is resolved and within the model's limits."""

    user_id: UserId
    place: Place
    draw: Draw
    count: int
    kind: RequestKind = RequestKind.COMMAND
    #: The picture whose button was pressed.
    parent_job_id: JobId | None = None
    #: Its pictures are shown only to the member who asked.
    private: bool = False
    #: A moderator's earlier ruling on one of these pictures or on the button's; None if there is
    #: none.
    precedent: Ruling | None = None
    #: The text completed for each picture; None: nothing, or nothing yet.
    completions: tuple[str, ...] | None = None

    @property
    def draws(self) -> tuple[Draw, ...]:
        """The `Draw` of each picture, in the order of their seeds."""
        filled = self.completions or (self.draw.completion,) * self.count
        return tuple(replace(self.draw.nth(i), completion=text) for i, text in enumerate(filled))


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """An ask that policy let through. Constructed only in `bot/policy/decide.py`."""

    ask: Ask
    #: The most explicit rating allowed where its pictures will be posted.
    rating: Rating
    #: The ruling on its words: its pictures are shown, spoilered or held.
    ruling: Ruling
    #: The moderators are alerted.
    alert: bool = False
    #: Findings excused by a role or an upheld appeal.
    excused: frozenset[Finding] = frozenset()
    #: The rules that have it spoilered or held, from the strictest layer, and that layer.
    rules: tuple[RuleId, ...] = ()
    layer: Layer | None = None


class JobState(StrEnum):
    """The states of a job; the first five are alive, the others are final."""

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
    #: The member took it back, or may no longer ask.
    CANCELLED = "cancelled"
    #: Policy withholds its picture.
    WITHHELD = "withheld"


ENDED = frozenset({JobState.DELIVERED, JobState.FAILED, JobState.CANCELLED, JobState.WITHHELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One picture to draw, as the queue stores it."""

    id: JobId
    request_id: RequestId
    #: The one post that delivers its picture.
    owed_post_id: OwedPostId
    user_id: UserId
    guild_id: GuildId
    channel_id: ChannelId
    draw: Draw
    rating: Rating
    #: The ruling on its words when it was admitted.
    ruling: Ruling
    state: JobState
    attempts: int
    created_ms: int
    #: The findings excused when it was admitted.
    excused: frozenset[Finding] = frozenset()
    error: str | None = None
    #: A value that another version stored and this one cannot read; the job is never drawn.
    fault: str | None = None

    def request(self, preview_every: int = 0) -> RenderRequest:
        """The engine's request; its row is named after the job."""
        return RenderRequest(row_id=self.id, draw=self.draw, preview_every=preview_every)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One or more pictures asked for together.

    It has no state: it lives while one of its jobs does.
    """

    id: RequestId
    kind: RequestKind
    layout: PostLayout
    user_id: UserId
    guild_id: GuildId
    #: The channel of its posts.
    channel_id: ChannelId
    parent_job_id: JobId | None
    created_ms: int
    #: A Discord snowflake older than every message of the request.
    since_id: int
    #: In the order of their seeds.
    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A queued job's position: `ahead` pictures are drawn before it; `model` is its card's id."""

    ahead: int
    queued: int
    running: int
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A kept picture: `sha256` names its file; its provenance is in the file and here."""

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
    #: Shown behind Discord's spoiler.
    spoiler: bool
    #: A moderator removed it from every message; it is not shown again.
    removed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedPost:
    """A post that a request still owes, with all its jobs: one intent, one nonce, one message."""

    id: OwedPostId
    layout: PostLayout
    channel_id: ChannelId
    guild_id: GuildId
    #: By place, counted from 1.
    jobs: Mapping[int, Job]

    @property
    def drawn(self) -> Mapping[int, Job]:
        """The jobs whose pictures it can show; the other places stay empty."""
        return {p: job for p, job in self.jobs.items() if job.state is JobState.RENDERED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message that shows pictures of one request; one picture can have several (`/show`)."""

    message_id: MessageId
    channel_id: ChannelId
    guild_id: GuildId
    posted_ms: int
    #: By place, counted from 1.
    pictures: Mapping[int, JobId]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRef:
    """A message of ours on Discord: enough to edit or delete it."""

    message_id: MessageId
    channel_id: ChannelId
    guild_id: GuildId
