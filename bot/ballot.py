"""The nouns of voting: what a vote is about, a raw reaction, a duel, and the tallies.

The ledger keeps them and the voting cogs exchange them. Pure data, like `bot/domain.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from bot.domain import ChannelId, GuildId, JobId, MessageId, UserId

#: The id of a duel: the nonce of its message, carried by its buttons.
DuelId = NewType("DuelId", str)
#: The id of a rating party.
PartyId = NewType("PartyId", str)


class Axis(StrEnum):
    """What a vote is about."""

    #: Do you like this picture?
    TASTE = "taste"
    #: Which of two pictures of one prompt is better?
    DUEL = "duel"
    #: Which of several pictures of one prompt is the best?
    PICK = "pick"


class VoteSource(StrEnum):
    """How the bot learned of a vote event."""

    #: From a gateway event, as it happened.
    GATEWAY = "gateway"
    #: Read back from Discord after an outage.
    RECONCILED = "reconciled"
    #: From a button; Discord keeps no state of buttons that could be read back.
    PRESS = "press"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """One raw reaction event on a posted picture; `emoji` is "👍" or "name:id"."""

    message_id: MessageId
    voter_id: UserId
    emoji: str
    added: bool
    at_ms: int
    source: VoteSource = VoteSource.GATEWAY
    #: A super reaction; one voter can have it beside a normal one with the same emoji.
    burst: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Votes on one picture on one axis; self-votes are counted apart and are in neither number."""

    up: int = 0
    down: int = 0
    self_votes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteEmoji:
    """The two reactions that mean up and down in one server."""

    up: str = "👍"
    down: str = "👎"


class DuelOrigin(StrEnum):
    """What made a duel."""

    #: A member rates alone; everybody asked about the same pair shares the duel.
    ALONE = "alone"
    #: A rating party in a channel.
    PARTY = "party"
    #: Two models drew one request: a blind test of a candidate.
    TRIAL = "trial"


class Choice(StrEnum):
    """A member's answer about two pictures."""

    LEFT = "left"
    RIGHT = "right"
    #: Neither is better.
    SKIP = "skip"

    @property
    def place(self) -> int:
        """The place of the chosen picture, counted from 1; 0 for none."""
        return _PLACES[self]

    @classmethod
    def at(cls, place: int) -> Choice:
        """The choice of the picture at that place."""
        return next(choice for choice, its in _PLACES.items() if its == place)


_PLACES = {Choice.SKIP: 0, Choice.LEFT: 1, Choice.RIGHT: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """Two pictures side by side; a draw by lot decided which is on the left."""

    id: DuelId
    guild_id: GuildId
    #: None if it is shown to one member at a time.
    channel_id: ChannelId | None
    left_job: JobId
    right_job: JobId
    origin: DuelOrigin
    #: None while no public message shows it.
    message_id: MessageId | None
    opened_ms: int
    #: None while members are choosing.
    closed_ms: int | None
    party_id: PartyId | None = None
    #: A Discord snowflake older than the duel's message.
    since_id: int = 0
    posted_ms: int | None = None

    @property
    def name(self) -> str:
        """The id that its message carries."""
        return self.id

    @property
    def job_ids(self) -> tuple[JobId, JobId]:
        """Left, right."""
        return self.left_job, self.right_job


@dataclass(frozen=True, slots=True, kw_only=True)
class DuelTally:
    """The current choices in a duel.

    Those of members who asked for one of the pictures count apart.
    """

    left: int = 0
    right: int = 0
    skip: int = 0
    self_votes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DuelVote:
    """One current choice between two pictures that counts."""

    duel_id: DuelId
    winner: JobId
    loser: JobId
    origin: DuelOrigin
    #: None if the member asked to be forgotten.
    voter_id: UserId | None
    #: None when the member's name is gone.
    at_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A series of duels in a channel, for a limited time."""

    id: PartyId
    guild_id: GuildId
    channel_id: ChannelId
    #: Who began it and may stop it.
    user_id: UserId
    #: A Discord snowflake older than every message of the party.
    since_id: int
    begun_ms: int
    ends_ms: int
