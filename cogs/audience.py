"""Tells who can read a channel, and so whether its pictures may be shown in another.

Called before a picture of one channel is shown in another. Knows Discord's permissions and nothing
about pictures. The members of a server are unknown to us, so the answer is no unless its roles and
overwrites prove a yes.
"""

from __future__ import annotations

import discord

from bot.domain import ChannelId

#: The three values of a permission in an overwrite, in rising order.
_DENIED, _NEUTRAL, _ALLOWED = -1, 0, 1


def may_show_here(guild: discord.Guild, here_id: ChannelId, there_id: ChannelId) -> bool:
    """True if everybody who can read `here` can also read `there`; False if that is not certain."""
    if here_id == there_id:
        return True
    here, there = _channel(guild, here_id), _channel(guild, there_id)
    if there is None:
        return False
    if here is not None and _is_as_open(here, there):
        return True
    return not _has_denials(there) and _roles_suffice(here, there)


def _roles_suffice(here: discord.abc.GuildChannel | None, there: discord.abc.GuildChannel) -> bool:
    """Whether each role that opens `here` also opens `there`, and `there` denies nobody."""
    if can_read(there, there.guild.default_role):
        return True
    if here is None or _has_guests(here):
        return False
    readers = [role for role in here.guild.roles if here.permissions_for(role).view_channel]
    return all(can_read(there, role) for role in readers)


def _channel(guild: discord.Guild, channel_id: ChannelId) -> discord.abc.GuildChannel | None:
    """The channel whose permissions count; None for a private thread, which only its members see.

    An archived thread is not in the cache and counts as unknown.
    """
    thread = guild.get_thread(channel_id)
    if thread is not None:
        return None if thread.is_private() else thread.parent
    return guild.get_channel(channel_id)


def _needed_permissions(channel: discord.abc.GuildChannel) -> tuple[str, ...]:
    """The permissions needed to read it: the text of a voice channel is inside it."""
    spoken = isinstance(channel, discord.VoiceChannel | discord.StageChannel)
    return ("view_channel", "connect") if spoken else ("view_channel",)


def can_read(channel: discord.abc.GuildChannel, role: discord.Role) -> bool:
    """Whether a member with only this role can read the channel."""
    permissions = channel.permissions_for(role)
    return all(getattr(permissions, name) for name in _needed_permissions(channel))


def may_read_channel(member: discord.Member | discord.User, channel_id: ChannelId) -> bool:
    """Whether this member can read the channel; False if that is not certain."""
    if not isinstance(member, discord.Member):
        return False
    there = _channel(member.guild, channel_id)
    if there is None:
        return False
    permissions = there.permissions_for(member)
    return all(
        getattr(permissions, name) for name in (*_needed_permissions(there), "read_message_history")
    )


def _overwrites(channel: discord.abc.GuildChannel, permission: str) -> dict[int, int]:
    """Each overwrite's value for the permission, by the id of its role or member."""
    values = {None: _NEUTRAL, False: _DENIED, True: _ALLOWED}
    return {t.id: values[getattr(o, permission)] for t, o in channel.overwrites.items()}


def _is_as_open(here: discord.abc.GuildChannel, there: discord.abc.GuildChannel) -> bool:
    """Whether no overwrite of `there` is stricter than that of `here`.

    This is the case for channels that share their category's overwrites.
    """
    for permission in _needed_permissions(there):
        if permission not in _needed_permissions(here):
            return False
        ours, theirs = _overwrites(here, permission), _overwrites(there, permission)
        if any(
            theirs.get(t, _NEUTRAL) < ours.get(t, _NEUTRAL) for t in ours.keys() | theirs.keys()
        ):
            return False
    return True


def _has_denials(channel: discord.abc.GuildChannel) -> bool:
    """Whether a role other than @everyone, or a member, is denied access."""
    everybody = channel.guild.default_role.id
    return any(
        value == _DENIED and target != everybody
        for permission in _needed_permissions(channel)
        for target, value in _overwrites(channel, permission).items()
    )


def _has_guests(channel: discord.abc.GuildChannel) -> bool:
    """Whether the channel admits single members, regardless of their roles."""
    return any(
        not isinstance(target, discord.Role) and overwrite.view_channel
        for target, overwrite in channel.overwrites.items()
        if not (isinstance(target, discord.Object) and target.type is discord.Role)
    )
