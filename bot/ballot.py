"""The nouns of voting: what a vote is about, a reaction as it happened, a duel, and the tallies.

The ledger keeps them and the voting cogs speak in them. Pure data, as `bot/domain.py` is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from bot.domain import ChannelId, GuildId, JobId, MessageId, UserId

#: Names a duel: its message's nonce, and what its buttons carry.
DuelId = NewType("DuelId", str)
#: Names a rating party.
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

    #: A gateway event, as it happened.
    GATEWAY = "gateway"
    #: Read back from Discord after an outage.
    RECONCILED = "reconciled"
    #: A button was pressed; Discord keeps no state of it that could be read back.
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
    #: A super reaction: it stands beside a normal one of the same voter and emoji.
    burst: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Votes of one picture on one axis; self-votes are counted apart and in neither number."""

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

    #: A member rates for themselves; whoever is asked about the pair shares it.
    ALONE = "alone"
    #: A rating party in a channel.
    PARTY = "party"
    #: Two models drew one request: a blind test of a candidate.
    TRIAL = "trial"


class Choice(StrEnum):
    """What a member says of two pictures."""

    LEFT = "left"
    RIGHT = "right"
    #: Neither is better.
    SKIP = "skip"

    @property
    def place(self) -> int:
        """Where the chosen picture stands, from 1; 0 for none."""
        return _PLACES[self]

    @classmethod
    def at(cls, place: int) -> Choice:
        """The choice of the picture that stands there."""
        return next(choice for choice, its in _PLACES.items() if its == place)


_PLACES = {Choice.SKIP: 0, Choice.LEFT: 1, Choice.RIGHT: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """Two pictures side by side; which of them stands left was drawn by lot."""

    id: DuelId
    guild_id: GuildId
    #: None if it is shown to one member at a time.
    channel_id: ChannelId | None
    left_job: JobId
    right_job: JobId
    origin: DuelOrigin
    #: None while it has no message that all can see.
    message_id: MessageId | None
    opened_ms: int
    #: None while members choose.
    closed_ms: int | None
    party_id: PartyId | None = None
    #: A snowflake of Discord's own that is older than its message.
    since_id: int = 0
    posted_ms: int | None = None

    @property
    def name(self) -> str:
        """What its message carries."""
        return self.id

    @property
    def job_ids(self) -> tuple[JobId, JobId]:
        """Left, right."""
        return self.left_job, self.right_job


@dataclass(frozen=True, slots=True, kw_only=True)
class DuelTally:
    """The current choices in a duel; those of people who asked for a picture are counted apart."""

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
    #: None with the name.
    at_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One duel after another in a channel, for a while."""

    id: PartyId
    guild_id: GuildId
    channel_id: ChannelId
    #: Who began it, and may stop it.
    user_id: UserId
    #: A snowflake of Discord's own that is older than every message of it.
    since_id: int
    begun_ms: int
    ends_ms: int
