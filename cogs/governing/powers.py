"""Checks who may decide for a server. Not a cog.

Discord hides the commands from others; we check again at every press, because a server can change
that in its integration settings, and because anybody in the channel can press a button.
"""

from __future__ import annotations

from bot.client import Interaction
from bot.policy.layers import GuildPolicy
from bot.words import reviewing
from cogs.governing.desk import may_govern
from cogs.translating import guild_of, tell


async def require_power(interaction: Interaction) -> GuildPolicy | None:
    """The server's policy, if the member may decide for it; otherwise tells them."""
    policy = await interaction.client.services.guilds.policy(guild_of(interaction))
    if may_govern(interaction, policy):
        return policy
    await tell(interaction, reviewing.NOT_ALLOWED())
    return None
