"""Finds what a message asks to vote on.

A picture with two reactions from the bot, two pictures with buttons for left and right, or several
with a button each. `voting.py` uses it. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.sandbox.wire.wire import Payload
from bot.sandbox.world import lounge
from bot.sandbox.world.forms import walk

_EPHEMERAL = 1 << 6
#: The file name prefix of a grid's missing pictures.
_TILE = "missing-"
#: The asker's mention, which precedes the words.
_ASKER = re.compile(r"<@(\d+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Votable:
    """One message that asks for votes."""

    message_id: int
    channel_id: int
    #: The attachment objects: one picture, a left and a right one, or those of a grid.
    pictures: tuple[Payload, ...]
    #: For a picture, the emoji for up and down; for a duel, the buttons for left, right and
    #: neither; for a grid, one button per picture.
    marks: tuple[str, ...]
    #: Who asked for it and so may not vote, if the message tells.
    asked_by: int | None
    #: Who has reacted already.
    voters: frozenset[int]

    #: Two blind pictures side by side, for a limited time.
    is_duel: bool


def votable(message: Payload, reactions: list[Payload]) -> Votable | None:
    """What a message asks to vote on; None if nothing, or nothing yet.

    `reactions` are all of the message's reactions, each with its emoji and user ids.
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
    """A grid's existing pictures and their buttons; None for any other message."""
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
    """The bot's two initial reactions: up, then down."""
    bots = [str(one["emoji"]) for one in reactions if str(lounge.BOT_ID) in one["user_ids"]]
    return tuple(bots[:2]) if len(bots) >= 2 else None
