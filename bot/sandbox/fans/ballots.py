"""What there is to vote on, as the messages of the channels show it.

A picture with two reactions that the bot put there, two pictures with buttons for left and right,
or several with a button for each. `voting.py` reads it. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.sandbox.wire.wire import Payload
from bot.sandbox.world import lounge
from bot.sandbox.world.forms import walk

_EPHEMERAL = 1 << 6
#: What stands where a picture of a grid is missing.
_TILE = "missing-"
#: Whose pictures they are stands in front of the words.
_ASKER = re.compile(r"<@(\d+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Votable:
    """One message that asks for votes."""

    message_id: int
    channel_id: int
    #: The attachment objects: one picture, the left and the right one, or those of a grid.
    pictures: tuple[Payload, ...]
    #: Of a picture the emoji for up and down; of a duel the buttons for left, right and neither; of
    #: a grid a button for each picture.
    marks: tuple[str, ...]
    #: Who asked for it and so has no say, if the message tells.
    asked_by: int | None
    #: Who has reacted already.
    voters: frozenset[int]

    #: The pictures stand blind beside each other for a while.
    is_duel: bool


def votable(message: Payload, reactions: list[Payload]) -> Votable | None:
    """What a message asks to vote on; None if nothing, or nothing yet.

    `reactions` are all of the message's, each with its emoji and user ids.
    """
    files = tuple(message["attachments"])
    by_bot = message["author"]["id"] == str(lounge.BOT_ID)
    if not by_bot or message["flags"] & _EPHEMERAL or not files:
        return None
    is_duel = button(message, "left") is not None
    if grid := _grid(message):
        files, marks = grid
    else:
        marks = _buttons(message) if is_duel else _opened(reactions)
    if marks is None:
        return None
    asked_by = None if is_duel else _ASKER.search(message["content"])
    return Votable(
        message_id=int(message["id"]),
        channel_id=int(message["channel_id"]),
        pictures=files,
        marks=marks,
        asked_by=int(asked_by[1]) if asked_by else None,
        voters=frozenset(int(user) for one in reactions for user in one["user_ids"]),
        is_duel=is_duel,
    )


def button(message: Payload, action: str) -> str | None:
    """The custom id of a message's button for this action."""
    ids = [str(control.get("custom_id", "")) for control in walk(message["components"])]
    return next((found for found in ids if f":{action}:" in found), None)


def _grid(message: Payload) -> tuple[tuple[Payload, ...], tuple[str, ...]] | None:
    """The pictures of a grid and their buttons, without those that are missing; None of others."""
    found = [
        (file, mark)
        for place, file in enumerate(message["attachments"], 1)
        if (mark := button(message, f"pick{place}")) and not file["filename"].startswith(_TILE)
    ]
    if len(found) < 2:
        return None
    return tuple(file for file, _ in found), tuple(mark for _, mark in found)


def _buttons(message: Payload) -> tuple[str, ...] | None:
    found = [button(message, action) for action in ("left", "right", "skip")]
    marks = tuple(one for one in found if one is not None)
    return marks if len(marks) == len(found) else None


def _opened(reactions: list[Payload]) -> tuple[str, ...] | None:
    """The two reactions that the bot put there first: up, then down."""
    bots = [str(one["emoji"]) for one in reactions if str(lounge.BOT_ID) in one["user_ids"]]
    return tuple(bots[:2]) if len(bots) >= 2 else None
