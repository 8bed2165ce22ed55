"""The buttons under our messages, as plain data: actions, looks and custom ids.

A custom id is `wd:<action>:<id>`; the cogs register the handlers. Views built here hold no state
and are never waited on, so they work after any restart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

import discord

from bot.domain import JobId, OwedPostId, RequestId
from bot.words import grids
from bot.words.speaking import Message

#: The prefix of all our custom ids.
PREFIX = "wd:"


class Action(StrEnum):
    """The action of a press."""

    #: The same picture once more.
    AGAIN = "again"
    #: The same settings with a new seed; existing messages carry its former name.
    REROLL = "vary"
    #: All of several pictures with new seeds.
    REROLL_ALL = "rerollall"
    #: A close variation of the picture.
    SUBTLE = "subtle"
    #: A looser variation of it.
    STRONG = "strong"
    #: The picture, enlarged.
    UPSCALE = "upscale"
    #: Post one of several pictures alone.
    ALONE = "alone"
    #: A form with the settings of a picture, to change and submit.
    EDIT = "edit"
    #: The same with an input that was not taken.
    REVISE = "revise"
    #: The settings, copyable.
    SETTINGS = "settings"
    #: Remove the picture everywhere, after asking.
    DELETE = "delete"
    #: Show the pictures of a private request.
    FETCH = "fetch"
    #: Yes, remove it.
    DELETE_YES = "deleteyes"
    #: Restore it, while that is possible.
    UNDO = "undo"
    #: Ask for one of the help's examples.
    HELP_EXAMPLE = "helpexample"
    #: Take a request back.
    CANCEL = "cancel"
    #: Draw a prompt that the model does not know.
    ANYWAY = "anyway"
    #: Draw a picture that already exists.
    DRAW_ANYWAY = "drawanyway"
    #: Show it here instead.
    SHOW_HERE = "showhere"
    #: Draw the likely correction of an ask that waits.
    MEANT = "meant"
    #: Draw the likely correction of a request instead of the request.
    MEANT_INSTEAD = "meantinstead"
    #: Draw the prompt that was rolled.
    DRAW_IT = "drawit"
    #: Roll another one.
    ANOTHER = "another"
    #: Open a group of tags (a menu).
    GROUP = "taggroup"
    #: Look at a tag (a menu).
    TAG = "tag"
    #: A page of a group's tags, the first or a previous one.
    TAGS = "tags"
    #: The next page of them.
    MORE_TAGS = "moretags"
    #: Draw a picture of a tag.
    EXAMPLE = "example"
    #: Another page of one's pictures.
    HISTORY = "history"
    #: The first page of them.
    NEWEST = "newest"
    #: Open one of them, by its number.
    OPEN = "open"
    #: The same by a menu, which messages had before the numbers.
    LOOK_AT = "lookat"
    #: Add a picture to one's favourites.
    STAR = "star"
    #: Remove it again.
    UNSTAR = "unstar"
    #: Accept the model's licence.
    ACCEPT = "accept"
    #: Decline it.
    DECLINE = "decline"
    #: Read it again after declining.
    RECONSIDER = "reconsider"
    #: Yes, erase everything.
    FORGET = "forget"
    #: The best of several pictures is the one in this place.
    PICK_1 = "pick1"
    PICK_2 = "pick2"
    PICK_3 = "pick3"
    PICK_4 = "pick4"
    #: Take the pick back.
    UNPICK = "unpick"
    #: Do something with one of several pictures.
    WHICH = "which"
    #: Report a picture to the moderators.
    REPORT = "report"
    #: Appeal against a refusal.
    APPEAL = "appeal"
    #: Let a picture be shown, or stay.
    APPROVE = "approve"
    #: The same, behind a spoiler.
    SPOILER = "spoiler"
    #: Remove a picture from every message.
    REMOVE = "remove"
    #: The same, and its member may not ask for a while.
    REMOVE_AND_TIME_OUT = "timeout"
    #: Allow a refused ask.
    UPHOLD = "uphold"
    #: Confirm a refusal.
    DISMISS = "dismiss"
    #: Show the moderators the picture, where that is allowed now.
    LOOK = "look"
    #: Yes, remove all of a member's pictures.
    PURGE = "purge"
    #: Of two pictures, the left one is better.
    LEFT = "left"
    #: The right one is.
    RIGHT = "right"
    #: Neither is.
    SKIP = "skip"
    #: Take the choice back.
    TAKE_BACK = "takeback"
    #: Show another pair to this member alone.
    NEXT_PAIR = "nextpair"
    #: End a rating party.
    STOP_PARTY = "stopparty"


#: Buttons that carry search words, and the longest search they hold.
_SEARCH_ACTIONS = frozenset({Action.HISTORY, Action.NEWEST})
SEARCH_CHARS_MAX = 80


def template(action: str) -> re.Pattern[str]:
    """The pattern of an action's custom ids; its group `id` is the job or request."""
    target = f".{{1,{SEARCH_CHARS_MAX}}}" if action in _SEARCH_ACTIONS else "[0-9a-z]{1,32}"
    return re.compile(rf"{PREFIX}{action}:(?P<id>{target})", re.DOTALL)


def custom_id(action: str, target: str) -> str:
    """The custom id of a button."""
    return f"{PREFIX}{action}:{target}"


#: The buttons that pick, in order of place.
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
    Action.MEANT_INSTEAD: (Message("Draw what I meant"), "✅", discord.ButtonStyle.success),
    Action.DRAW_IT: (Message("Draw it"), "🖌️", discord.ButtonStyle.success),
    Action.ANOTHER: (Message("Another"), "🎲", discord.ButtonStyle.primary),
    Action.TAGS: (Message("Back"), "⬅️", discord.ButtonStyle.secondary),
    Action.MORE_TAGS: (Message("More"), "➡️", discord.ButtonStyle.secondary),
    Action.EXAMPLE: (Message("Draw an example"), "🖌️", discord.ButtonStyle.success),
    Action.HISTORY: (Message("Older"), "➡️", discord.ButtonStyle.secondary),
    Action.NEWEST: (Message("Newest"), "⏮️", discord.ButtonStyle.secondary),
    Action.STAR: (Message("Favourite"), "⭐", discord.ButtonStyle.secondary),
    Action.UNSTAR: (Message("Remove"), "↩️", discord.ButtonStyle.secondary),
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
    """A button for an action."""
    label, emoji, style = _LOOKS[action]
    return discord.ui.Button(
        label=label(), emoji=emoji, style=style, custom_id=custom_id(action, target)
    )


def row_of(*buttons: tuple[Action, str]) -> discord.ui.View:
    """Buttons side by side, each an action and its target.

    The view is stopped before it is sent: presses are answered by custom id, and discord.py would
    remember a live view for every message for ever.
    """
    view = discord.ui.View(timeout=None)
    for action, target in buttons:
        view.add_item(button(action, target))
    view.stop()
    return view


#: Under a picture, in two rows.
_PICTURE_ACTIONS = (
    Action.AGAIN, Action.REROLL, Action.EDIT, Action.SETTINGS, Action.DELETE,
    Action.SUBTLE, Action.STRONG, Action.UPSCALE, Action.STAR, Action.REPORT,
)  # fmt: skip


def post_view(job_id: JobId) -> discord.ui.View:
    """The buttons under a picture."""
    return row_of(*((action, job_id) for action in _PICTURE_ACTIONS))


def panel_view(job_id: JobId) -> discord.ui.View:
    """The buttons for one of several pictures, which can be posted alone."""
    return row_of(*((action, job_id) for action in (*_PICTURE_ACTIONS, Action.ALONE)))


def which_menu(name: OwedPostId, places: Sequence[int]) -> discord.ui.Select[discord.ui.View]:
    """The menu that chooses one of a post's pictures; its values are the places."""
    return discord.ui.Select(
        custom_id=custom_id(Action.WHICH, name),
        placeholder=grids.CHOOSE(),
        options=[
            discord.SelectOption(label=grids.picture_name(place), value=str(place))
            for place in places
        ],
    )


def menu_view(name: OwedPostId, places: Sequence[int]) -> discord.ui.View:
    """A view with only the menu of these pictures."""
    view = discord.ui.View(timeout=None)
    view.add_item(which_menu(name, places))
    view.stop()
    return view


def grid_view(name: OwedPostId, places: Sequence[int], count: int) -> discord.ui.View:
    """The controls under `count` pictures, of which those at `places` exist.

    Members can pick the best if there are several.
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


def private_view(request_id: RequestId, *, correctable: bool = False) -> discord.ui.View:
    """The buttons under the acknowledgement of a private request."""
    actions = (Action.FETCH, Action.CANCEL, *_corrections(correctable=correctable))
    return row_of(*((action, request_id) for action in actions))


def fetch_view(request_id: RequestId) -> discord.ui.View:
    """The button under a finished private request."""
    return row_of((Action.FETCH, request_id))


def cancel_view(request_id: RequestId, *, correctable: bool = False) -> discord.ui.View:
    """The buttons under a status message."""
    actions = (Action.CANCEL, *_corrections(correctable=correctable))
    return row_of(*((action, request_id) for action in actions))


def _corrections(*, correctable: bool) -> tuple[Action, ...]:
    """The button for a prompt with a likely typo."""
    return (Action.MEANT_INSTEAD,) if correctable else ()
