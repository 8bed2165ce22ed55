"""The data of a panel page: the policy, its version, and the server.

Also checks who may govern. Must not know the pages.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import discord

from bot.client import Interaction
from bot.domain import ChannelId, GuildId, Layer, Place, RoleId, RuleId
from bot.policy.editing import Scope
from bot.policy.layers import (
    EffectivePolicy,
    Ground,
    GuildPolicy,
    effective,
    ground_of,
    is_compiled,
    rules_of_licence,
)
from bot.policy.rulebook import Rulebook
from bot.words import panel as words
from bot.words import permissions
from bot.words.speaking import aside, say
from cogs.translating import guild_of, place_of

#: The bot's permissions needed in a channel that notifies moderators, by discord.py's names.
_NEEDED = ("view_channel", "send_messages", "embed_links", "attach_files", "read_message_history")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A policy, and the place where it is viewed."""

    rulebook: Rulebook
    policy: GuildPolicy
    version: int
    #: The place of the panel.
    here: Place
    guild: discord.Guild | None
    #: The rules required by the licence of the model in use; None: those of every licence.
    licence: frozenset[RuleId] | None = None

    @property
    def guild_id(self) -> GuildId:
        """The server whose policy it is."""
        return self.policy.guild_id

    def effective_here(self) -> EffectivePolicy:
        """The effective policy at the panel, for a member without roles."""
        return effective(self.rulebook, self.policy, self.here, licence=self.licence)

    def effective_at(self, scope: Scope, policy: GuildPolicy | None = None) -> EffectivePolicy:
        """The effective policy in a scope, for this policy or another one."""
        place = scope.place(self.guild_id, self._category_of(scope))
        return effective(self.rulebook, policy or self.policy, place, licence=self.licence)

    def ground(self) -> Ground:
        """The rules that apply whatever this server decides."""
        return ground_of(self.rulebook, self.licence)

    def _category_of(self, scope: Scope) -> ChannelId | None:
        channel = self.channel(scope.id) if scope.id else None
        category_id = getattr(channel, "category_id", None)
        return ChannelId(category_id) if category_id else None

    def channel(self, channel_id: ChannelId) -> discord.abc.GuildChannel | None:
        """A channel or category of the server; None if it was deleted."""
        return self.guild.get_channel(channel_id) if self.guild else None

    def channel_name(self, channel_id: ChannelId) -> str:
        """A channel as a Discord mention, or a note that it was deleted."""
        if self.channel(channel_id) is None:
            return f"{words.DELETED_CHANNEL()} (`{channel_id}`)"
        return f"<#{channel_id}>"

    def role_name(self, role_id: RoleId) -> str:
        """A role as a Discord mention, or a note that it was deleted."""
        known = self.guild.get_role(role_id) if self.guild else None
        return f"<@&{role_id}>" if known else f"{words.DELETED_ROLE()} (`{role_id}`)"

    def scope_of_id(self, channel_id: ChannelId) -> Scope:
        """The scope of a channel or category; a deleted one counts as a channel."""
        is_category = isinstance(self.channel(channel_id), discord.CategoryChannel)
        return Scope(layer=Layer.CATEGORY if is_category else Layer.CHANNEL, id=channel_id)

    def scope_name(self, scope: Scope) -> str:
        """A scope in words."""
        return say("this server") if scope.id is None else self.channel_name(scope.id)

    def plain_name(self, thing_id: int) -> str:
        """A channel's or role's name for a menu, which shows no mentions."""
        known = self.guild and (self.guild.get_channel(thing_id) or self.guild.get_role(thing_id))
        if known is None:
            return words.DELETED() + aside(str(thing_id))
        if isinstance(known, discord.CategoryChannel):
            return known.name
        return f"@{known.name}" if isinstance(known, discord.Role) else f"#{known.name}"

    def channel_problem(self, channel_id: ChannelId | None) -> str:
        """Why moderators cannot be notified in a channel; empty if they can or none is set."""
        if channel_id is None:
            return ""
        channel = self.channel(channel_id)
        me = self.guild.me if self.guild else None
        may = channel.permissions_for(me) if channel and me else discord.Permissions.none()
        # Discord reports every permission as missing in a channel that we cannot see.
        if not isinstance(channel, discord.TextChannel) or not may.view_channel:
            return words.UNSEEN_CHANNEL(channel=self.channel_name(channel_id))
        missing = [name for name in _NEEDED if not getattr(may, name)]
        if not missing:
            return ""
        return words.NO_WRITING(channel=channel.mention, names=permissions.in_words(missing))

    def names(self) -> dict[int, str]:
        """The names of the channels and roles in the policy."""
        return {id_: self.plain_name(id_) for id_ in _mentioned_ids(self.policy)}

    def unknown_names(self, policy: GuildPolicy) -> str:
        """The new channels and roles of a policy that do not exist here, in words; or empty."""
        new = _mentioned_ids(policy) - _mentioned_ids(self.policy)
        gone = sorted(id_ for id_ in new if self.guild and not self._is_there(self.guild, id_))
        return words.missing_ids(gone) if gone else ""

    def _is_there(self, guild: discord.Guild, id_: int) -> bool:
        return bool(guild.get_channel_or_thread(id_) or guild.get_role(id_))


def _mentioned_ids(policy: GuildPolicy) -> set[int]:
    """The channels, categories and roles that a policy mentions."""
    roles = {*policy.roles, *([policy.moderator_role] if policy.moderator_role else ())}
    return {*policy.categories, *policy.channels, *policy.only_channels, *roles}


def may_govern(interaction: Interaction, policy: GuildPolicy) -> bool:
    """Whether the member has Manage Server or the named role at the time of this press."""
    if interaction.permissions.manage_guild:
        return True
    roles = interaction.user.roles if isinstance(interaction.user, discord.Member) else []
    # Everybody has @everyone, so naming that role grants nothing.
    return policy.moderator_role in {role.id for role in roles if not role.is_default()}


async def open_desk(interaction: Interaction) -> Desk | None:
    """Open the desk for the member of an interaction; None if they may not govern."""
    services = interaction.client.services
    current = await services.guilds.current(guild_of(interaction))
    if not may_govern(interaction, current.policy):
        return None
    desk = Desk(
        rulebook=services.rulebook,
        policy=current.policy,
        version=current.number,
        here=place_of(interaction),
        guild=interaction.guild,
        licence=rules_of_licence(services.rulebook, services.model()),
    )
    if not is_compiled(desk.rulebook, desk.policy):
        await asyncio.to_thread(desk.effective_here)
    return desk
