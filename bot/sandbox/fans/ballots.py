"""Finds what members can vote on in a message.

That is a picture with two reactions from the bot, two pictures with buttons for left and right, or
several with a button each. `voting.py` uses it. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.sandbox.wire.wire import Payload
from bot.sandbox.world import lounge
from bot.sandbox.world.forms import iter_components

_EPHEMERAL = 1 << 6
#: Prefixes the file names of a grid's missing pictures.
_MISSING_PREFIX = "missing-"
#: The asker's mention, at the start of the text.
_ASKER_MENTION = re.compile(r"<@(\d+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class VotableMessage:
    """One message that asks for votes."""

    message_id: int
    channel_id: int
    #: The attachment objects: one picture, a left and a right one, or those of a grid.
    pictures: tuple[Payload, ...]
    #: For a picture, the emoji for up and down; for a duel, the buttons for left, right and
    #: neither; for a grid, one button per picture.
    choices: tuple[str, ...]
    #: The person who asked for it and so may not vote, if the message names one.
    asked_by: int | None
    #: Everybody who has reacted.
    voters: frozenset[int]
    #: Two unlabelled pictures side by side, for a limited time.
    is_duel: bool


def find_votable(message: Payload, reactions: list[Payload]) -> VotableMessage | None:
    """What members can vote on in a message; None if nothing, or nothing yet.

    `reactions` are all of the message's reactions, each with its emoji and user ids.
    """
    pictures = tuple(message["attachments"])
    is_by_bot = message["author"]["id"] == str(lounge.BOT_ID)
    if not is_by_bot or message["flags"] & _EPHEMERAL or not pictures:
        return None
    is_duel = button_id(message, "left") is not None
    if grid := _find_grid(message):
        pictures, choices = grid
    else:
        choices = _duel_buttons(message) if is_duel else _seed_reactions(reactions)
    if choices is None:
        return None
    asked_by = None if is_duel else _ASKER_MENTION.search(message["content"])
    return VotableMessage(
        message_id=int(message["id"]),
        channel_id=int(message["channel_id"]),
        pictures=pictures,
        choices=choices,
        asked_by=int(asked_by[1]) if asked_by else None,
        voters=frozenset(int(user) for reaction in reactions for user in reaction["user_ids"]),
        is_duel=is_duel,
    )


def button_id(message: Payload, action: str) -> str | None:
    """The custom id of a message's button for this action."""
    ids = [str(control.get("custom_id", "")) for control in iter_components(message["components"])]
    return next((id_ for id_ in ids if f":{action}:" in id_), None)


def _find_grid(message: Payload) -> tuple[tuple[Payload, ...], tuple[str, ...]] | None:
    """A grid's existing pictures and their buttons; None for any other message."""
    tiles = [
        (file, choice)
        for number, file in enumerate(message["attachments"], 1)
        if (choice := button_id(message, f"pick{number}"))
        and not file["filename"].startswith(_MISSING_PREFIX)
    ]
    if len(tiles) < 2:
        return None
    return tuple(file for file, _ in tiles), tuple(choice for _, choice in tiles)


def _duel_buttons(message: Payload) -> tuple[str, ...] | None:
    ids = [button_id(message, action) for action in ("left", "right", "skip")]
    choices = tuple(id_ for id_ in ids if id_ is not None)
    return choices if len(choices) == len(ids) else None


def _seed_reactions(reactions: list[Payload]) -> tuple[str, ...] | None:
    """The bot's two initial reactions: up, then down."""
    emojis = [
        str(reaction["emoji"])
        for reaction in reactions
        if str(lounge.BOT_ID) in reaction["user_ids"]
    ]
    return tuple(emojis[:2]) if len(emojis) >= 2 else None
