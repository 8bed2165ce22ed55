"""The nouns of voting: what a vote is about, a reaction as it happened, a picture's tally.

The ledger keeps them and the voting cogs speak in them. Pure data, as `bot/domain.py` is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain import MessageId, UserId


class Axis(StrEnum):
    """What a vote is about."""

    #: Do you like this picture?
    TASTE = "taste"


class VoteSource(StrEnum):
    """How the bot learned of a vote event."""

    #: A gateway event, as it happened.
    GATEWAY = "gateway"
    #: Read back from Discord after an outage.
    RECONCILED = "reconciled"


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
