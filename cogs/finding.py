"""Finds a message of ours in a channel's history, posted before its answer was lost.

Called before anything is posted a second time. It must not know what the message is for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import discord

#: Our clock and Discord's may differ by this much.
_MARGIN_MS = 5 * 60_000


async def find_own(
    channel: discord.abc.Messageable,
    me_id: int,
    since_ms: int,
    until_ms: int | None,
    wanted: Callable[[discord.Message], bool],
) -> discord.Message | None:
    """The newest message of the user `me_id` in that time for which `wanted` says yes, or None.

    Without Read Message History Discord shows no message at all, and the answer is None too.
    """
    async for message in channel.history(
        limit=None,
        after=_moment(since_ms - _MARGIN_MS),
        before=None if until_ms is None else _moment(until_ms + _MARGIN_MS),
        oldest_first=False,
    ):
        if message.author.id == me_id and wanted(message):
            return message
    return None


def shows(message: discord.Message, name: str) -> bool:
    """An attachment carries this name (a spoiler mark may stand before it), or a button does."""
    files = (attachment.filename for attachment in message.attachments)
    return any(name in file for file in files) or name in button_ids(message)


def button_ids(message: discord.Message) -> set[str]:
    """The last parts of the custom ids (`wd:<action>:<id>`) under a message."""
    return {
        child.custom_id.rpartition(":")[2]
        for row in message.components
        if isinstance(row, discord.ActionRow)
        for child in row.children
        if isinstance(child, discord.Button) and child.custom_id
    }


def _moment(ms: int) -> discord.Object:
    moment = datetime.fromtimestamp(max(ms, 0) / 1000, UTC)
    return discord.Object(id=max(discord.utils.time_snowflake(moment), 0))
