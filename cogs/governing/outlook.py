"""Describes problems of a review channel to the moderators who chose it. Not a cog.

The panel asks when a channel is chosen, `/moderate cases` when somebody looks. The members of a
server are unknown to us, so roles stand for them.
"""

from __future__ import annotations

import discord

from bot.policy.layers import GuildPolicy
from bot.words import permissions, reviewing
from bot.words.speaking import enumerated, say
from cogs.audience import can_read

_NEEDED = ("view_channel", "send_messages", "attach_files", "read_message_history")


def review_warnings(guild: discord.Guild, policy: GuildPolicy) -> list[str]:
    """One sentence for each problem to fix; none of them relaxes a check."""
    if policy.review_channel is None:
        return [reviewing.NO_CHANNEL()]
    channel = guild.get_channel(policy.review_channel)
    if channel is None:
        return [reviewing.CHANNEL_GONE()]
    warnings: list[str] = []
    lacking = [n for n in _NEEDED if not getattr(channel.permissions_for(guild.me), n)]
    if lacking:
        names = permissions.in_words(lacking)
        warnings.append(reviewing.CHANNEL_CLOSED(channel=channel.id, names=names))
    if others := _other_readers(channel, policy):
        readers = enumerated(
            say("everybody") if r.is_default() else f"@{r.name}" for r in others[:3]
        )
        warnings.append(reviewing.CHANNEL_OPEN(channel=channel.id, who=readers))
    return warnings


def _other_readers(channel: discord.abc.GuildChannel, policy: GuildPolicy) -> list[discord.Role]:
    """Roles that can read the channel without being moderators; @everyone first."""
    return [
        role
        for role in channel.guild.roles
        if not role.managed
        and not (role.permissions.manage_guild or role.permissions.administrator)
        and role.id != policy.moderator_role
        and can_read(channel, role)
    ]
