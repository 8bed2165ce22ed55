"""Who, where and how: an interaction as the domain's nouns, and the answer to one.

Every cog translates with these. It must not know what is asked for.
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
    """Who pressed or typed."""
    return UserId(interaction.user.id)


def url_of(message: Post | MessageRef) -> str:
    """Where a message stands."""
    where = f"{message.guild_id}/{message.channel_id}/{message.message_id}"
    return f"https://discord.com/channels/{where}"


def roles_of(interaction: Interaction) -> frozenset[RoleId]:
    """The roles of who pressed or typed."""
    user = interaction.user
    return member_roles(user) if isinstance(user, discord.Member) else frozenset()


def member_roles(member: discord.Member) -> frozenset[RoleId]:
    """The roles of a member."""
    return frozenset(RoleId(role.id) for role in member.roles)


def guild_of(interaction: Interaction) -> GuildId:
    """In which server; the tree's gate has let nothing else through."""
    assert interaction.guild_id is not None, "the gate lets servers only through"
    return GuildId(interaction.guild_id)


def place_of(interaction: Interaction) -> Place:
    """Where the request was made, with everything that can make the place age-restricted."""
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

    One that is None is not known, as a thread's parent may be: it counts as open to every age, and
    as under the strictest lines that it may be under.
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
    """Not every kind of channel can be age-restricted; those that cannot are not."""
    check = getattr(channel, "is_nsfw", None)
    return check is not None and bool(cast("bool", check()))


async def channel_at(
    bot: WaifuBot, guild_id: GuildId, channel_id: ChannelId
) -> discord.abc.GuildChannel | discord.abc.PrivateChannel | discord.Thread:
    """The channel or thread itself: as it is known already, or as Discord says.

    An archived thread is not known.
    Raises what Discord raises, if it is gone or we may not see it.
    """
    guild = bot.get_guild(guild_id)
    known = guild and guild.get_channel_or_thread(channel_id)
    return known or await bot.fetch_channel(channel_id)


async def tell(interaction: Interaction, text: str) -> None:
    """Answer for these eyes only, in as much as a message holds."""
    text = wording.fit(text)
    if interaction.response.is_done():
        await interaction.followup.send(text, ephemeral=True)
    else:
        await interaction.response.send_message(text, ephemeral=True)


async def answer(
    interaction: Interaction, text: str, view: discord.ui.View, *, private: bool = False
) -> MessageId:
    """Answer with controls, for all or for these eyes only. Returns the message that it is."""
    if interaction.response.is_done():
        message = await interaction.followup.send(text, view=view, ephemeral=private, wait=True)
        return MessageId(message.id)
    sent = await interaction.response.send_message(text, view=view, ephemeral=private)
    assert sent.message_id is not None, "a message was asked for"
    return MessageId(sent.message_id)


def in_public(bot: WaifuBot, guild_id: GuildId | int) -> AbstractContextManager[Language]:
    """Speak the server's language within the block: what everybody there reads."""
    guild = bot.get_guild(guild_id)
    return speaking(language(str(guild.preferred_locale)) if guild else ENGLISH)


def for_everybody(interaction: Interaction) -> AbstractContextManager[Language]:
    """The same, for the part of an answer that is not for one pair of eyes."""
    return speaking(language(str(interaction.guild_locale)))


def speak_to_everybody(interaction: Interaction) -> None:
    """Speak the server's language for the rest of an answer that everybody reads."""
    speak(language(str(interaction.guild_locale)))
