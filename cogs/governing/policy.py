"""`/policy`: what a server's moderators decide. Every change lands in the audit log.

Discord hides the commands from members without Manage Server; we check again, because a server can
change that in its integration settings and because a hidden command is no locked one.
"""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.ballot import VoteEmoji
from bot.client import Interaction, WaifuBot
from bot.domain import ChannelId, GuildId
from bot.policy.screening import normalise
from bot.words import wording
from bot.words.emoji import is_one_emoji
from cogs.translating import guild_of, tell, user_of

_TERM_CHARS_MAX, _REASON_CHARS_MAX, _LOG_LINES, _CHOICES = 80, 200, 15, 25
_TERMS_MAX = 200
_EVERYWHERE = (
    "-# Everywhere: nothing that sexualises minors, nothing unlawful. Sexual content only in "
    "age-restricted channels."
)


class _Askable(app_commands.Transformer):
    """A channel where the bot can be asked, and so be switched off.

    Spelled out because discord.py's `ForumChannel` also names media channels, which Discord's own
    description of the option does not know.
    """

    @property
    def type(self) -> discord.AppCommandOptionType:
        """A channel."""
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """Text, announcements, voice, stage and forum."""
        kinds = discord.ChannelType
        return [kinds.text, kinds.news, kinds.voice, kinds.stage_voice, kinds.forum]

    async def transform(
        self,
        interaction: discord.Interaction[Any],
        value: Any,
        /,
    ) -> app_commands.AppCommandChannel:
        """Discord has checked the kind."""
        del interaction
        assert isinstance(value, app_commands.AppCommandChannel)
        return value


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class PolicyCog(
    commands.GroupCog, group_name="policy", group_description="What this server allows"
):
    """Reads and writes one server's policy."""

    def __init__(self, bot: WaifuBot) -> None:
        self._guilds = bot.services.guilds
        self._clock = bot.services.clock
        self._rulebook = bot.services.rulebook

    async def interaction_check(self, interaction: Interaction, /) -> bool:  # type: ignore[override]  narrowed to our client
        """Manage Server, whatever Discord was told to let through."""
        if interaction.permissions.manage_guild:
            return True
        if interaction.type is not discord.InteractionType.autocomplete:
            await tell(interaction, "You need the Manage Server permission for that.")
        return False

    @app_commands.command(description="What this server blocks and where I am switched off")
    async def show(self, interaction: Interaction) -> None:
        """Everything that a moderator decided, and what nobody can change."""
        guild_id = guild_of(interaction)
        policy = await self._guilds.policy(guild_id)
        emoji = await self._guilds.vote_emoji(guild_id)
        off = sorted(f"<#{c}>" for c, here in policy.channels.items() if here.enabled is False)
        blocked = [
            f"- {wording.plain(b.text)}" + (f": {wording.plain(b.reason)}" if b.reason else "")
            for b in policy.blocked
        ]
        parts = [
            "**Blocked here**",
            wording.fitting(blocked, 1000) or "Nothing beyond what I refuse everywhere.",
            "**Switched off in**",
            wording.fitting(off, 500) or "No channel.",
            "**Vote emoji**",
            f"{_shown(emoji.up)} {_shown(emoji.down)}",
            _EVERYWHERE,
        ]
        await tell(interaction, "\n".join(parts))

    @app_commands.command(description="Block a word or phrase in this server")
    @app_commands.describe(
        term="A word or phrase; spelling tricks are seen through",
        reason="Shown to members whose request is refused",
    )
    async def block(self, interaction: Interaction, term: str, reason: str = "") -> None:
        """Whole words match, however they are spelled."""
        guild_id = guild_of(interaction)
        term, reason = " ".join(term.split()), " ".join(reason.split())
        fault = await self._fault(guild_id, term, reason)
        if fault:
            await tell(interaction, fault)
            return
        same = await self._same(guild_id, term)
        added = not same and await self._guilds.block(
            guild_id, term, reason, user_of(interaction), self._clock()
        )
        shown = wording.plain(term)
        await tell(interaction, f"Blocked: {shown}." if added else f"{shown} was blocked already.")

    def _plain(self, term: str) -> str:
        return normalise(term, self._rulebook)

    async def _same(self, guild_id: GuildId, term: str) -> list[str]:
        """The blocked terms that read as this one does."""
        policy = await self._guilds.policy(guild_id)
        return [b.text for b in policy.blocked if self._plain(b.text) == self._plain(term)]

    async def _fault(self, guild_id: GuildId, term: str, reason: str) -> str | None:
        if not self._plain(term):
            return "Name a word or phrase to block: this one has no letters in it."
        if len(term) > _TERM_CHARS_MAX:
            return f"A term can have {_TERM_CHARS_MAX} characters at most."
        if len(reason) > _REASON_CHARS_MAX:
            return f"A reason can have {_REASON_CHARS_MAX} characters at most."
        if len((await self._guilds.policy(guild_id)).blocked) >= _TERMS_MAX:
            return f"A server can block {_TERMS_MAX} terms at most: unblock some first."
        return None

    @app_commands.command(description="Allow a blocked word or phrase again")
    @app_commands.describe(term="One of the blocked terms")
    async def unblock(self, interaction: Interaction, term: str) -> None:
        """The term in any spelling that would be blocked by it."""
        guild_id = guild_of(interaction)
        removed = False
        for same in await self._same(guild_id, term):
            removed |= await self._guilds.unblock(
                guild_id, same, user_of(interaction), self._clock()
            )
        shown = wording.plain(term)
        await tell(
            interaction, f"Allowed again: {shown}." if removed else f"{shown} was not blocked."
        )

    @unblock.autocomplete("term")
    async def _blocked(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        policy = await self._guilds.policy(guild_of(interaction))
        fitting = [b.text for b in policy.blocked if current.lower() in b.text.lower()]
        return [
            app_commands.Choice(name=wording.short(term, wording.CHOICE_CHARS_MAX), value=term)
            for term in fitting[:_CHOICES]
        ]

    @app_commands.command(description="Switch me on or off in a channel")
    @app_commands.describe(channel="Which channel; its threads follow", enabled="On or off")
    async def channel(
        self,
        interaction: Interaction,
        channel: app_commands.Transform[app_commands.AppCommandChannel, _Askable],
        enabled: bool,  # noqa: FBT001  the option itself
    ) -> None:
        """What is queued already is still drawn."""
        await self._guilds.switch_channel(
            guild_of(interaction),
            ChannelId(channel.id),
            enabled,
            user_of(interaction),
            self._clock(),
        )
        state = "on" if enabled else "off"
        await tell(interaction, f"I am switched {state} in <#{channel.id}>.")

    @app_commands.command(description="Choose the two reactions that mean up and down")
    @app_commands.describe(up="The emoji for a picture one likes", down="And for one that fails")
    async def emoji(self, interaction: Interaction, up: str, down: str) -> None:
        """For posts from now on; votes under older ones stay."""
        names = [_emoji_name(interaction, text) for text in (up, down)]
        if names[0] is None or names[1] is None:
            await tell(
                interaction,
                "Give me two emoji that I can use: ordinary ones, or custom emoji of this server.",
            )
            return
        chosen = VoteEmoji(up=names[0], down=names[1])
        refused = await self._guilds.set_vote_emoji(
            guild_of(interaction), chosen, user_of(interaction), self._clock()
        )
        done = f"Votes are now {_shown(chosen.up)} and {_shown(chosen.down)}."
        await tell(interaction, refused.text if refused else done)

    @app_commands.command(description="Who changed what")
    async def log(self, interaction: Interaction) -> None:
        """The latest changes."""
        entries = await self._guilds.audit(guild_of(interaction), _LOG_LINES)
        lines = [
            f"<t:{e.at_ms // 1000}:R> "
            f"{f'<@{e.actor_id}>' if e.actor_id else 'somebody who asked to be forgotten'}: "
            f"{e.action} {wording.plain(e.detail, 100)}"
            for e in entries
        ]
        text = wording.fitting(lines)
        await tell(interaction, text or "Nothing was changed yet.")


def _emoji_name(interaction: Interaction, text: str) -> str | None:
    """`name:id` of a custom emoji of this server, an ordinary emoji itself, else None."""
    emoji = discord.PartialEmoji.from_str(text.strip())
    if emoji.id is not None:
        ours = {e.id for e in interaction.guild.emojis} if interaction.guild else set[int]()
        return f"{emoji.name}:{emoji.id}" if emoji.id in ours else None
    return emoji.name if is_one_emoji(emoji.name) else None


def _shown(emoji: str) -> str:
    return f"<:{emoji}>" if ":" in emoji else emoji


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(PolicyCog(bot))
