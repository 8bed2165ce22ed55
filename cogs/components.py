"""The buttons under our messages, as plain data: which there are, their looks and their ids.

A custom id is `wd:<action>:<id>`; the cogs register what answers them. Views built here hold no
state and are never waited on, so they work after any restart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

import discord

from bot.domain import JobId, OwedPostId, RequestId
from bot.words import grids
from bot.words.speaking import Message

#: Every custom id of ours begins so.
PREFIX = "wd:"


class Action(StrEnum):
    """What a press asks for."""

    #: The same picture once more.
    AGAIN = "again"
    #: The same settings with a new seed; buttons on Discord call it as it was called first.
    REROLL = "vary"
    #: All of several pictures with new seeds.
    REROLL_ALL = "rerollall"
    #: Something near the picture.
    SUBTLE = "subtle"
    #: Something farther from it.
    STRONG = "strong"
    #: The picture itself, larger.
    UPSCALE = "upscale"
    #: One of several pictures in a post of its own.
    ALONE = "alone"
    #: A form with the settings of a picture, to be changed and asked for.
    EDIT = "edit"
    #: The same with what was typed and not taken.
    REVISE = "revise"
    #: The settings, copyable.
    SETTINGS = "settings"
    #: Remove the picture everywhere: ask first.
    DELETE = "delete"
    #: Show the pictures of a private request.
    FETCH = "fetch"
    #: Yes, remove it.
    DELETE_YES = "deleteyes"
    #: Bring it back, while that can be.
    UNDO = "undo"
    #: Ask for an example of the help's.
    HELP_EXAMPLE = "helpexample"
    #: Take a request back.
    CANCEL = "cancel"
    #: Draw what the model knows nothing of.
    ANYWAY = "anyway"
    #: Draw what is there already.
    DRAW_ANYWAY = "drawanyway"
    #: Show it here instead.
    SHOW_HERE = "showhere"
    #: Draw what was probably meant.
    MEANT = "meant"
    #: Draw the prompt that was rolled.
    DRAW_IT = "drawit"
    #: Roll another one.
    ANOTHER = "another"
    #: Open a group of tags (a menu).
    GROUP = "taggroup"
    #: Look at a tag (a menu).
    TAG = "tag"
    #: A page of a group's tags, from the front or before.
    TAGS = "tags"
    #: The next page of them.
    MORE_TAGS = "moretags"
    #: Draw a picture of a tag.
    EXAMPLE = "example"
    #: Another page of one's pictures.
    HISTORY = "history"
    #: The first page of them.
    NEWEST = "newest"
    #: Look at one of them (a menu).
    LOOK_AT = "lookat"
    #: Keep a picture among one's favourites.
    STAR = "star"
    #: Take it out again.
    UNSTAR = "unstar"
    #: Accept the model's licence.
    ACCEPT = "accept"
    #: Decline it.
    DECLINE = "decline"
    #: Read it once more after that.
    RECONSIDER = "reconsider"
    #: Yes, erase everything.
    FORGET = "forget"
    #: Of several pictures the one in this place is the best.
    PICK_1 = "pick1"
    PICK_2 = "pick2"
    PICK_3 = "pick3"
    PICK_4 = "pick4"
    #: Take back what was picked.
    UNPICK = "unpick"
    #: Do something with one of several pictures.
    WHICH = "which"
    #: Tell the moderators of a picture.
    REPORT = "report"
    #: Ask the moderators to look at a refusal.
    APPEAL = "appeal"
    #: Let a picture be shown, or stay.
    APPROVE = "approve"
    #: The same, behind a spoiler.
    SPOILER = "spoiler"
    #: Take a picture from every message.
    REMOVE = "remove"
    #: The same, and its member may not ask for a while.
    REMOVE_AND_TIME_OUT = "timeout"
    #: Let be drawn what was refused.
    UPHOLD = "uphold"
    #: Leave a refusal as it is.
    DISMISS = "dismiss"
    #: Show the moderators the picture, where that may be by now.
    LOOK = "look"
    #: Yes, remove every picture of a member.
    PURGE = "purge"
    #: Of two pictures, the left one is better.
    LEFT = "left"
    #: The right one is.
    RIGHT = "right"
    #: Neither is.
    SKIP = "skip"
    #: Take back what was chosen.
    TAKE_BACK = "takeback"
    #: Show another pair to this member alone.
    NEXT_PAIR = "nextpair"
    #: End a rating party.
    STOP_PARTY = "stopparty"


#: Buttons that carry what was sought, in its own words, and how long that may be.
_SOUGHT = frozenset({Action.HISTORY, Action.NEWEST})
SOUGHT_CHARS = 80


def template(action: str) -> re.Pattern[str]:
    """The pattern of an action's custom ids; group `id` is the job or request."""
    target = f".{{1,{SOUGHT_CHARS}}}" if action in _SOUGHT else "[0-9a-z]{1,32}"
    return re.compile(rf"{PREFIX}{action}:(?P<id>{target})", re.DOTALL)


def custom_id(action: str, target: str) -> str:
    """The custom id of a button."""
    return f"{PREFIX}{action}:{target}"


#: The buttons that pick, in the order of the places.
PICKS = (Action.PICK_1, Action.PICK_2, Action.PICK_3, Action.PICK_4)

_LOOKS: dict[Action, tuple[Message, str | None, discord.ButtonStyle]] = {
    **{
        action: (Message(place), None, discord.ButtonStyle.primary)
        for place, action in enumerate(PICKS, 1)
    },
    Action.UNPICK: (Message("Take back"), "↩️", discord.ButtonStyle.secondary),
    Action.AGAIN: (Message("Again"), "🔁", discord.ButtonStyle.secondary),
    Action.REROLL: (Message("Reroll"), "🎲", discord.ButtonStyle.primary),
    Action.REROLL_ALL: (Message("Reroll"), "🎲", discord.ButtonStyle.secondary),
    Action.SUBTLE: (Message("Vary subtle"), "🪄", discord.ButtonStyle.secondary),
    Action.STRONG: (Message("Vary strong"), "✨", discord.ButtonStyle.secondary),
    Action.UPSCALE: (Message("Upscale"), "🔍", discord.ButtonStyle.secondary),
    Action.ALONE: (Message("Post alone"), "🖼️", discord.ButtonStyle.secondary),
    Action.EDIT: (Message("Edit"), "✏️", discord.ButtonStyle.secondary),
    Action.REVISE: (Message("Edit"), "✏️", discord.ButtonStyle.primary),
    Action.FETCH: (Message("Show"), "🖼️", discord.ButtonStyle.primary),
    Action.SETTINGS: (Message("Settings"), "📋", discord.ButtonStyle.secondary),
    Action.DELETE: (Message("Delete"), "🗑️", discord.ButtonStyle.danger),
    Action.DELETE_YES: (Message("Yes, delete it"), "🗑️", discord.ButtonStyle.danger),
    Action.UNDO: (Message("Undo"), "↩️", discord.ButtonStyle.secondary),
    Action.HELP_EXAMPLE: (Message("Draw this"), "🖌️", discord.ButtonStyle.secondary),
    Action.CANCEL: (Message("Cancel"), "✖️", discord.ButtonStyle.secondary),
    Action.ANYWAY: (Message("Draw anyway"), "🖌️", discord.ButtonStyle.secondary),
    Action.DRAW_ANYWAY: (Message("Draw it anyway"), "🖌️", discord.ButtonStyle.secondary),
    Action.SHOW_HERE: (Message("Show it here"), "🖼️", discord.ButtonStyle.primary),
    Action.MEANT: (Message("Draw what I meant"), "✅", discord.ButtonStyle.success),
    Action.DRAW_IT: (Message("Draw it"), "🖌️", discord.ButtonStyle.success),
    Action.ANOTHER: (Message("Another"), "🎲", discord.ButtonStyle.primary),
    Action.TAGS: (Message("Back"), "⬅️", discord.ButtonStyle.secondary),
    Action.MORE_TAGS: (Message("More"), "➡️", discord.ButtonStyle.secondary),
    Action.EXAMPLE: (Message("Draw an example"), "🖌️", discord.ButtonStyle.success),
    Action.HISTORY: (Message("Older"), "➡️", discord.ButtonStyle.secondary),
    Action.NEWEST: (Message("Newest"), "⏮️", discord.ButtonStyle.secondary),
    Action.STAR: (Message("Favourite"), "⭐", discord.ButtonStyle.secondary),
    Action.UNSTAR: (Message("Take out"), "↩️", discord.ButtonStyle.secondary),
    Action.ACCEPT: (Message("Accept"), "✅", discord.ButtonStyle.success),
    Action.DECLINE: (Message("Decline"), "✖️", discord.ButtonStyle.secondary),
    Action.RECONSIDER: (Message("Read the licence again"), "📜", discord.ButtonStyle.secondary),
    Action.FORGET: (Message("Yes, erase everything"), "🗑️", discord.ButtonStyle.danger),
    Action.REPORT: (Message("Report"), "🚩", discord.ButtonStyle.secondary),
    Action.APPEAL: (Message("Appeal"), "⚖️", discord.ButtonStyle.secondary),
    Action.APPROVE: (Message("Approve picture"), "✅", discord.ButtonStyle.success),
    Action.SPOILER: (Message("Put behind spoiler"), "🙈", discord.ButtonStyle.secondary),
    Action.REMOVE: (Message("Remove picture"), "🗑️", discord.ButtonStyle.danger),
    Action.REMOVE_AND_TIME_OUT: (Message("Remove and time out"), "⏳", discord.ButtonStyle.danger),
    Action.UPHOLD: (Message("Draw it"), "✅", discord.ButtonStyle.success),
    Action.DISMISS: (Message("Refusal stands"), "✖️", discord.ButtonStyle.secondary),
    Action.LOOK: (Message("Show the picture"), "🖼️", discord.ButtonStyle.secondary),
    Action.PURGE: (Message("Yes, remove all of them"), "🗑️", discord.ButtonStyle.danger),
    Action.LEFT: (Message("Left"), "⬅️", discord.ButtonStyle.primary),
    Action.RIGHT: (Message("Right"), "➡️", discord.ButtonStyle.primary),
    Action.SKIP: (Message("No difference"), "🤷", discord.ButtonStyle.secondary),
    Action.TAKE_BACK: (Message("Take back"), "↩️", discord.ButtonStyle.secondary),
    Action.NEXT_PAIR: (Message("Next pair"), "⏭️", discord.ButtonStyle.success),
    Action.STOP_PARTY: (Message("Stop the party"), "⏹️", discord.ButtonStyle.secondary),
}


def button(action: Action, target: str) -> discord.ui.Button[discord.ui.View]:
    """One of our buttons."""
    label, emoji, style = _LOOKS[action]
    return discord.ui.Button(
        label=label(), emoji=emoji, style=style, custom_id=custom_id(action, target)
    )


def row_of(*buttons: tuple[Action, str]) -> discord.ui.View:
    """Buttons side by side, each an action and its target.

    The view is stopped before it is sent: what answers a press is registered by its custom id, and
    a live view would be remembered for every message for ever.
    """
    view = discord.ui.View(timeout=None)
    for action, target in buttons:
        view.add_item(button(action, target))
    view.stop()
    return view


#: Under a picture, in two rows.
_OF_PICTURE = (
    Action.AGAIN, Action.REROLL, Action.EDIT, Action.SETTINGS, Action.DELETE,
    Action.SUBTLE, Action.STRONG, Action.UPSCALE, Action.STAR, Action.REPORT,
)  # fmt: skip


def post_view(job_id: JobId) -> discord.ui.View:
    """The buttons under a picture."""
    return row_of(*((action, job_id) for action in _OF_PICTURE))


def panel_view(job_id: JobId) -> discord.ui.View:
    """The same for one of several pictures, which can have a post of its own."""
    return row_of(*((action, job_id) for action in (*_OF_PICTURE, Action.ALONE)))


def which_menu(name: OwedPostId, places: Sequence[int]) -> discord.ui.Select[discord.ui.View]:
    """The menu that chooses one of a post's pictures; a value is its place."""
    return discord.ui.Select(
        custom_id=custom_id(Action.WHICH, name),
        placeholder=grids.CHOOSE(),
        options=[
            discord.SelectOption(label=grids.which(place), value=str(place)) for place in places
        ],
    )


def menu_view(name: OwedPostId, places: Sequence[int]) -> discord.ui.View:
    """The menu of these pictures alone."""
    view = discord.ui.View(timeout=None)
    view.add_item(which_menu(name, places))
    view.stop()
    return view


def grid_view(name: OwedPostId, places: Sequence[int], count: int) -> discord.ui.View:
    """The controls under `count` pictures, of which those at `places` are there.

    The best of them can be picked where there are several.
    """
    view = discord.ui.View(timeout=None)
    if len(places) > 1:
        for place, action in enumerate(PICKS[:count], 1):
            press = button(action, name)
            press.disabled = place not in places
            view.add_item(press)
    view.add_item(button(Action.REROLL_ALL, name))
    view.add_item(which_menu(name, places))
    view.stop()
    return view


def private_view(request_id: RequestId) -> discord.ui.View:
    """The buttons under the acknowledgement of a private request."""
    return row_of((Action.FETCH, request_id), (Action.CANCEL, request_id))


def fetch_view(request_id: RequestId) -> discord.ui.View:
    """The button under a private request that is done."""
    return row_of((Action.FETCH, request_id))


def cancel_view(request_id: RequestId) -> discord.ui.View:
    """The button under a status message."""
    return row_of((Action.CANCEL, request_id))
