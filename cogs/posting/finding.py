"""Finds messages of ours in a channel's history whose send was never confirmed.

Called before anything is sent a second time, and to delete messages with unknown ids. A search
begins at one of Discord's snowflakes, so our clock does not decide what it sees. Must not know what
a message is for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import discord

from bot.client import WaifuBot
from bot.domain import BotError, ChannelId, GuildId
from cogs.components import Action, custom_id
from cogs.posting.faults import is_gone
from cogs.translating import channel_at

#: The custom ids of the numbers on a sheet begin like this.
_SHEET_NUMBER = custom_id(Action.OPEN, "")


class HistoryUnreadableError(BotError):
    """Without Read Message History Discord shows an empty channel, so the search proves nothing."""


class NotFoundYetError(BotError):
    """Not found; Discord may still be processing it, so the search is repeated."""


class Patience:
    """Counts failed searches for each name; a restart begins anew."""

    def __init__(self, looks: int = 4) -> None:
        self._looks = looks
        self._failed_looks: Counter[str] = Counter()

    def is_over(self, name: str) -> bool:
        """Count another failed search. True after enough of them: the message was never sent."""
        self._failed_looks[name] += 1
        if self._failed_looks[name] < self._looks:
            return False
        del self._failed_looks[name]
        return True

    def forget(self, name: str) -> None:
        """Forget a name that was found."""
        self._failed_looks.pop(name, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a channel's history, between two Discord snowflakes."""

    guild_id: GuildId
    channel_id: ChannelId
    since_id: int
    #: None: up to now.
    until_id: int | None = None


async def own_messages(
    bot: WaifuBot, stretch: Stretch, wanted: Callable[[discord.Message], bool]
) -> AsyncGenerator[discord.Message]:
    """Our messages that `wanted` accepts, the newest first.

    Raises `HistoryUnreadableError` if we may not read the history, and whatever Discord raises.
    """
    await _require_history(bot, stretch)
    assert bot.user is not None, "nothing is sent before the login"
    channel = bot.get_partial_messageable(stretch.channel_id, guild_id=stretch.guild_id)
    async for message in channel.history(
        limit=None,
        after=discord.Object(id=stretch.since_id),
        before=None if stretch.until_id is None else discord.Object(id=stretch.until_id),
        oldest_first=False,
    ):
        if message.author.id == bot.user.id and wanted(message):
            yield message


class SearchTarget(Protocol):
    """A message to find in a channel by a name that it carries."""

    @property
    def name(self) -> str:
        """The name it carries."""
        ...

    @property
    def guild_id(self) -> GuildId:
        """Its server."""
        ...

    @property
    def channel_id(self) -> ChannelId:
        """Its channel."""
        ...

    @property
    def since_id(self) -> int:
        """A Discord snowflake older than the message."""
        ...


TargetT = TypeVar("TargetT", bound=SearchTarget)


async def search_and_settle(
    bot: WaifuBot,
    targets: Sequence[TargetT],
    settle: Callable[[TargetT, Sequence[discord.Message]], Awaitable[bool]],
) -> None:
    """Search one channel for all targets at once, and settle each with the messages found.

    Raises `NotFoundYetError` if one is not settled, because its message may still appear.
    """
    stretch = Stretch(
        guild_id=targets[0].guild_id,
        channel_id=targets[0].channel_id,
        since_id=min(target.since_id for target in targets),
    )
    found = await _messages_by_name(bot, stretch, [target.name for target in targets])
    unsettled = [target for target in targets if not await settle(target, found[target.name])]
    if unsettled:
        raise NotFoundYetError(f"{len(unsettled)} messages were not found yet")


async def _messages_by_name(
    bot: WaifuBot, stretch: Stretch, names: Iterable[str]
) -> dict[str, list[discord.Message]]:
    """Our messages that carry each name, the newest first; none if the channel is gone."""
    found: dict[str, list[discord.Message]] = {name: [] for name in names}
    try:
        async for message in own_messages(bot, stretch, lambda _: True):
            for name, messages in found.items():
                if carries(message, name):
                    messages.append(message)
    except discord.HTTPException as problem:
        if not is_gone(problem):
            raise
    return found


async def newest_own(
    bot: WaifuBot, stretch: Stretch, wanted: Callable[[discord.Message], bool]
) -> discord.Message | None:
    """The first of `own_messages`; None if there certainly is none."""
    messages = own_messages(bot, stretch, wanted)
    try:
        return await anext(messages, None)
    finally:
        await messages.aclose()


async def _require_history(bot: WaifuBot, stretch: Stretch) -> None:
    """Check that we may read the channel's history."""
    guild = bot.get_guild(stretch.guild_id)
    found = await channel_at(bot, stretch.guild_id, stretch.channel_id)
    me = guild and guild.me
    if not isinstance(found, discord.abc.GuildChannel | discord.Thread) or me is None:
        raise HistoryUnreadableError(f"channel {stretch.channel_id} cannot be looked at")
    if not found.permissions_for(me).read_message_history:
        raise HistoryUnreadableError(f"I lack Read Message History in channel {stretch.channel_id}")


def shows(message: discord.Message, name: str) -> bool:
    """Whether an attachment, with or without a spoiler mark, or a button carries this name."""
    files = (attachment.filename for attachment in message.attachments)
    return any(name in file for file in files) or name in button_ids(message)


def carries(message: discord.Message, name: str) -> bool:
    """Whether the message shows or ends with this name, or answers the interaction of this id.

    Members' words stand before our last line, so no prompt can make a message carry a name.
    """
    answered = message.interaction_metadata
    return (
        shows(message, name)
        or message.content.endswith(f"`{name}`")
        or (answered is not None and str(answered.id) == name)
    )


def button_ids(message: discord.Message) -> set[str]:
    """The last parts of the custom ids (`wd:<action>:<id>`) of a message's buttons and menus.

    Without the numbers of a sheet: it is a list, and none of its pictures is the message's.
    """
    custom_ids = (
        child.custom_id
        for row in message.components
        if isinstance(row, discord.ActionRow)
        for child in row.children
        if isinstance(child, discord.Button | discord.SelectMenu) and child.custom_id
    )
    return {one.rpartition(":")[2] for one in custom_ids if not one.startswith(_SHEET_NUMBER)}
