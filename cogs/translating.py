"""Translates interactions into the domain's nouns, and answers them.

Every cog uses it. Must not know the requests themselves.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import cast

import discord

from bot.client import Interaction, WaifuBot
from bot.domain import ChannelId, GuildId, MessageId, MessageRef, Place, Post, RoleId, UserId
from bot.languages import language
from bot.words import wording
from bot.words.speaking import ENGLISH, Language, speak, speaking

_ADULT_GUILDS = {discord.NSFWLevel.explicit, discord.NSFWLevel.age_restricted}


def user_of(interaction: Interaction) -> UserId:
    """The member who pressed or typed."""
    return UserId(interaction.user.id)


def url_of(message: Post | MessageRef) -> str:
    """The link to a message."""
    where = f"{message.guild_id}/{message.channel_id}/{message.message_id}"
    return f"https://discord.com/channels/{where}"


def roles_of(interaction: Interaction) -> frozenset[RoleId]:
    """The roles of the member who pressed or typed."""
    user = interaction.user
    return member_roles(user) if isinstance(user, discord.Member) else frozenset()


def member_roles(member: discord.Member) -> frozenset[RoleId]:
    """The roles of a member."""
    return frozenset(RoleId(role.id) for role in member.roles)


def guild_of(interaction: Interaction) -> GuildId:
    """The server of an interaction; the tree's gate admits no other kind."""
    assert interaction.guild_id is not None, "the gate admits only servers"
    return GuildId(interaction.guild_id)


def place_of(interaction: Interaction) -> Place:
    """The interaction's place, with everything that can make it age-restricted."""
    assert interaction.channel_id is not None, "commands and buttons come from a channel"
    return place_at(
        guild_of(interaction),
        ChannelId(interaction.channel_id),
        channel=interaction.channel,
        guild=interaction.guild,
    )


def place_at(
    guild_id: GuildId, channel_id: ChannelId, *, channel: object, guild: discord.Guild | None
) -> Place:
    """A channel as it is now.

    A channel that is None, such as a thread's unknown parent, counts as open to every age, and gets
    the strictest settings that could apply to it.
    """
    thread = channel if isinstance(channel, discord.Thread) else None
    known = thread.parent if thread else channel
    category_id = getattr(known, "category_id", None)
    return Place(
        guild_id=guild_id,
        channel_id=channel_id,
        parent_id=ChannelId(thread.parent_id) if thread else None,
        category_id=None if category_id is None else ChannelId(category_id),
        whole=isinstance(known, discord.abc.GuildChannel),
        channel_age_restricted=_is_nsfw(channel),
        parent_age_restricted=_is_nsfw(thread.parent if thread else None),
        guild_age_restricted=_is_adult_guild(guild),
    )


def _is_adult_guild(guild: discord.Guild | None) -> bool:
    return guild is not None and guild.nsfw_level in _ADULT_GUILDS


def _is_nsfw(channel: object) -> bool:
    """Whether a channel is age-restricted; some kinds of channels cannot be."""
    check = getattr(channel, "is_nsfw", None)
    return check is not None and bool(cast("bool", check()))


async def channel_at(
    bot: WaifuBot, guild_id: GuildId, channel_id: ChannelId
) -> discord.abc.GuildChannel | discord.abc.PrivateChannel | discord.Thread:
    """The channel or thread: from the cache, or from Discord.

    Archived threads are not in the cache. Raises what Discord raises if it is gone or we may not
    see it.
    """
    guild = bot.get_guild(guild_id)
    known = guild and guild.get_channel_or_thread(channel_id)
    return known or await bot.fetch_channel(channel_id)


async def tell(interaction: Interaction, text: str) -> None:
    """Answer privately, cut to the length of a message."""
    text = wording.fit(text)
    if interaction.response.is_done():
        await interaction.followup.send(text, ephemeral=True)
    else:
        await interaction.response.send_message(text, ephemeral=True)


async def answer(
    interaction: Interaction, text: str, view: discord.ui.View, *, private: bool = False
) -> MessageId:
    """Answer with controls, publicly or privately. Returns the id of the message."""
    if interaction.response.is_done():
        message = await interaction.followup.send(text, view=view, ephemeral=private, wait=True)
        return MessageId(message.id)
    sent = await interaction.response.send_message(text, view=view, ephemeral=private)
    assert sent.message_id is not None, "a message was asked for"
    return MessageId(sent.message_id)


def in_public(bot: WaifuBot, guild_id: GuildId | int) -> AbstractContextManager[Language]:
    """Speak the server's language inside the block, for texts that everybody there reads."""
    guild = bot.get_guild(guild_id)
    return speaking(language(str(guild.preferred_locale)) if guild else ENGLISH)


def for_everybody(interaction: Interaction) -> AbstractContextManager[Language]:
    """The same, for the public part of an answer."""
    return speaking(language(str(interaction.guild_locale)))


def speak_to_everybody(interaction: Interaction) -> None:
    """Speak the server's language for the rest of a public answer."""
    speak(language(str(interaction.guild_locale)))
