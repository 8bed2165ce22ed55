"""The buttons under our messages, as plain data: which there are, their looks and their ids.

A custom id is `wd:<action>:<id>`; the cogs register what answers them. Views built here hold no
state and are never waited on, so they work after any restart.
"""

from __future__ import annotations

import re
from enum import StrEnum

import discord

from bot.domain import JobId, RequestId

#: Every custom id of ours begins so.
PREFIX = "wd:"


class Action(StrEnum):
    """What a press asks for."""

    #: The same picture once more.
    AGAIN = "again"
    #: The same settings with a new seed.
    VARY = "vary"
    #: A form with the settings of a picture, to be changed and asked for.
    EDIT = "edit"
    #: The same with what was typed and not taken.
    REVISE = "revise"
    #: The settings, copyable.
    SETTINGS = "settings"
    #: Remove the picture everywhere.
    DELETE = "delete"
    #: Show the pictures of a private request.
    FETCH = "fetch"
    #: Ask for an example of the help's.
    EXAMPLE = "example"
    #: Take a request back.
    CANCEL = "cancel"
    #: Another page of one's pictures.
    HISTORY = "history"
    #: Accept the model's licence.
    ACCEPT = "accept"
    #: Decline it.
    DECLINE = "decline"
    #: Read it once more after that.
    RECONSIDER = "reconsider"
    #: Yes, erase everything.
    FORGET = "forget"
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


def template(action: str) -> re.Pattern[str]:
    """The pattern of an action's custom ids; group `id` is the job or request."""
    return re.compile(rf"{PREFIX}{action}:(?P<id>[0-9a-z]{{1,32}})")


def custom_id(action: str, target: str) -> str:
    """The custom id of a button."""
    return f"{PREFIX}{action}:{target}"


_LOOKS: dict[Action, tuple[str, str, discord.ButtonStyle]] = {
    Action.AGAIN: ("Again", "🔁", discord.ButtonStyle.secondary),
    Action.VARY: ("Vary", "🎲", discord.ButtonStyle.primary),
    Action.EDIT: ("Edit", "✏️", discord.ButtonStyle.secondary),
    Action.REVISE: ("Edit", "✏️", discord.ButtonStyle.primary),
    Action.SETTINGS: ("Settings", "📋", discord.ButtonStyle.secondary),
    Action.DELETE: ("Delete", "🗑️", discord.ButtonStyle.danger),
    Action.FETCH: ("Show", "🖼️", discord.ButtonStyle.primary),
    Action.EXAMPLE: ("Draw this", "🖌️", discord.ButtonStyle.secondary),
    Action.CANCEL: ("Cancel", "✖️", discord.ButtonStyle.secondary),
    Action.HISTORY: ("Older", "⬅️", discord.ButtonStyle.secondary),
    Action.ACCEPT: ("Accept", "✅", discord.ButtonStyle.success),
    Action.DECLINE: ("Decline", "✖️", discord.ButtonStyle.secondary),
    Action.RECONSIDER: ("Read the licence again", "📜", discord.ButtonStyle.secondary),
    Action.FORGET: ("Yes, erase everything", "🗑️", discord.ButtonStyle.danger),
    Action.REPORT: ("Report", "🚩", discord.ButtonStyle.secondary),
    Action.APPEAL: ("Appeal", "⚖️", discord.ButtonStyle.secondary),
    Action.APPROVE: ("Approve", "✅", discord.ButtonStyle.success),
    Action.SPOILER: ("Spoiler", "🙈", discord.ButtonStyle.secondary),
    Action.REMOVE: ("Remove", "🗑️", discord.ButtonStyle.danger),
    Action.REMOVE_AND_TIME_OUT: ("Remove and time out", "⏳", discord.ButtonStyle.danger),
    Action.UPHOLD: ("Uphold", "✅", discord.ButtonStyle.success),
    Action.DISMISS: ("Dismiss", "✖️", discord.ButtonStyle.secondary),
    Action.LOOK: ("Show the picture", "🖼️", discord.ButtonStyle.secondary),
    Action.PURGE: ("Yes, remove all of them", "🗑️", discord.ButtonStyle.danger),
    Action.LEFT: ("Left", "⬅️", discord.ButtonStyle.primary),
    Action.RIGHT: ("Right", "➡️", discord.ButtonStyle.primary),
    Action.SKIP: ("No difference", "🤷", discord.ButtonStyle.secondary),
    Action.TAKE_BACK: ("Take back", "↩️", discord.ButtonStyle.secondary),
    Action.NEXT_PAIR: ("Next pair", "⏭️", discord.ButtonStyle.success),
    Action.STOP_PARTY: ("Stop the party", "⏹️", discord.ButtonStyle.secondary),
}


def button(action: Action, target: str) -> discord.ui.Button[discord.ui.View]:
    """One of our buttons."""
    label, emoji, style = _LOOKS[action]
    return discord.ui.Button(
        label=label, emoji=emoji, style=style, custom_id=custom_id(action, target)
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


#: What is asked with, and what is asked about, each in a row.
_UNDER_A_PICTURE = (
    (Action.AGAIN, Action.VARY, Action.EDIT),
    (Action.SETTINGS, Action.DELETE, Action.REPORT),
)


def post_view(job_id: JobId) -> discord.ui.View:
    """The rows under a picture."""
    view = discord.ui.View(timeout=None)
    for row, actions in enumerate(_UNDER_A_PICTURE):
        for action in actions:
            item = button(action, job_id)
            item.row = row
            view.add_item(item)
    view.stop()
    return view


def private_view(request_id: RequestId) -> discord.ui.View:
    """The buttons under the acknowledgement of a private request."""
    return row_of((Action.FETCH, request_id), (Action.CANCEL, request_id))


def cancel_view(request_id: RequestId) -> discord.ui.View:
    """The button under a status message."""
    return row_of((Action.CANCEL, request_id))
