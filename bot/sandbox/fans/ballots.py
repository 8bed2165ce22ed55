"""What there is to vote on, as the messages of the channels show it.

A picture with two reactions that the bot put there, or two pictures with buttons for left and
right. `voting.py` reads it. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.sandbox.wire.wire import Payload
from bot.sandbox.world import lounge
from bot.sandbox.world.forms import walk

_EPHEMERAL = 1 << 6
#: Whose pictures they are stands in front of the words.
_ASKER = re.compile(r"<@(\d+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Votable:
    """One message that asks for votes."""

    message_id: int
    channel_id: int
    #: The attachment objects: one picture, or the left and the right one.
    pictures: tuple[Payload, ...]
    #: Of a picture the emoji for up and down; of a duel the buttons for left, right and neither.
    marks: tuple[str, ...]
    #: Who asked for it and so has no say, if the message tells.
    asked_by: int | None
    #: Who has reacted already.
    voters: frozenset[int]

    @property
    def is_duel(self) -> bool:
        """Whether it is decided by buttons."""
        return len(self.pictures) == 2


def votable(message: Payload, reactions: list[Payload]) -> Votable | None:
    """What a message asks to vote on; None if nothing, or nothing yet.

    `reactions` are all of the message's, each with its emoji and user ids.
    """
    files = tuple(message["attachments"])
    by_bot = message["author"]["id"] == str(lounge.BOT_ID)
    if not by_bot or message["flags"] & _EPHEMERAL or len(files) not in (1, 2):
        return None
    marks = _buttons(message) if len(files) == 2 else _opened(reactions)
    if marks is None:
        return None
    asked_by = None if len(files) == 2 else _ASKER.search(message["content"])
    return Votable(
        message_id=int(message["id"]),
        channel_id=int(message["channel_id"]),
        pictures=files,
        marks=marks,
        asked_by=int(asked_by[1]) if asked_by else None,
        voters=frozenset(int(user) for one in reactions for user in one["user_ids"]),
    )


def button(message: Payload, action: str) -> str | None:
    """The custom id of a message's button for this action."""
    ids = [str(control.get("custom_id", "")) for control in walk(message["components"])]
    return next((found for found in ids if f":{action}:" in found), None)


def _buttons(message: Payload) -> tuple[str, ...] | None:
    found = [button(message, action) for action in ("left", "right", "skip")]
    marks = tuple(one for one in found if one is not None)
    return marks if len(marks) == len(found) else None


def _opened(reactions: list[Payload]) -> tuple[str, ...] | None:
    """The two reactions that the bot put there first: up, then down."""
    bots = [str(one["emoji"]) for one in reactions if str(lounge.BOT_ID) in one["user_ids"]]
    return tuple(bots[:2]) if len(bots) >= 2 else None
