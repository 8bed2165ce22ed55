"""Who sees a channel, and so whether what was posted there may be shown here.

Called before a picture of one channel is shown in another. It knows Discord's permissions and
nothing of pictures.
"""

from __future__ import annotations

import discord

from bot.domain import ChannelId


def may_show_here(guild: discord.Guild, here_id: ChannelId, there_id: ChannelId) -> bool:
    """True if everybody who can read `here` can read `there` too; False if that is not known."""
    if here_id == there_id:
        return True
    here, there = _channel(guild, here_id), _channel(guild, there_id)
    if there is None:
        return False
    if there.permissions_for(guild.default_role).view_channel:
        return True
    if here is None or _has_guests(here):
        return False
    readers = [role for role in guild.roles if here.permissions_for(role).view_channel]
    return all(there.permissions_for(role).view_channel for role in readers)


def _channel(guild: discord.Guild, channel_id: ChannelId) -> discord.abc.GuildChannel | None:
    """The channel whose permissions count; None for a private thread, which only its members see.

    An archived thread is not in the cache and counts as unknown.
    """
    thread = guild.get_thread(channel_id)
    if thread is not None:
        return None if thread.is_private() else thread.parent
    return guild.get_channel(channel_id)


def _has_guests(channel: discord.abc.GuildChannel) -> bool:
    """Single members, of whom roles say nothing, are let into this channel."""
    return any(
        not isinstance(target, discord.Role) and overwrite.view_channel
        for target, overwrite in channel.overwrites.items()
        if not (isinstance(target, discord.Object) and target.type is discord.Role)
    )
