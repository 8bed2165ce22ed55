"""`/policy`: the panel of a server's moderators, and quick commands beside it.

Every change goes through `changing.py` and into the log. Discord hides the commands from members
without Manage Server; we check again, because a server can change that in its integration settings
and because hiding a command does not lock it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.ballot import VoteEmoji
from bot.client import Interaction, WaifuBot
from bot.domain import ChannelId, JobId, Layer
from bot.policy.document import TERMS_MAX
from bot.policy.editing import Scope, with_enabled
from bot.policy.layers import GuildPolicy
from bot.policy.screening import Term, normalise
from bot.policy.term_lists import fault_of, line_of
from bot.words import panel as words
from bot.words import wording
from bot.words.emoji import is_one_emoji
from bot.words.reviewing import NOT_ALLOWED
from bot.words.speaking import number
from cogs.governing import documents, trying
from cogs.governing.changing import PolicyChange, defer_if_slow, save_change, undo
from cogs.governing.desk import Desk, open_desk
from cogs.governing.doubting import find_doubts
from cogs.governing.given_back import RejectedInput, rejection_page
from cogs.governing.panel import PAGES, Panel
from cogs.governing.places import USABLE_CHANNEL_TYPES
from cogs.governing.record import log_page
from cogs.translating import guild_of, tell, user_of

_CHOICES = 25


class _UsableChannel(app_commands.Transformer):
    """A channel where the bot can be used, and so switched off.

    A transformer of our own, because discord.py's `ForumChannel` also stands for media channels,
    which Discord's description of this option does not include.
    """

    @property
    def type(self) -> discord.AppCommandOptionType:
        """A channel."""
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """Text, announcements, voice, stage and forum."""
        return list(USABLE_CHANNEL_TYPES)

    async def transform(
        self,
        interaction: discord.Interaction[Any],
        value: Any,
        /,
    ) -> app_commands.AppCommandChannel:
        """Pass the value on; Discord has checked its kind."""
        del interaction
        assert isinstance(value, app_commands.AppCommandChannel)
        return value


_Channel = app_commands.Transform[app_commands.AppCommandChannel, _UsableChannel]


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class PolicyCog(
    commands.GroupCog, group_name="policy", group_description="What this server allows"
):
    """Reads and writes one server's policy."""

    def __init__(self, bot: WaifuBot) -> None:
        self._guilds = bot.services.guilds
        self._clock = bot.services.clock
        self._signals = bot.services.signals

    async def interaction_check(self, interaction: Interaction, /) -> bool:  # type: ignore[override]  narrowed to our client
        """Require Manage Server or the server's named role, whatever Discord let through."""
        if await open_desk(interaction) is not None:
            return True
        await tell(interaction, NOT_ALLOWED())
        return False

    @app_commands.command(description="See and change everything that this server decides")
    async def panel(self, interaction: Interaction) -> None:
        """Show the first page, which leads to all others."""
        desk = await _require_desk(interaction)
        await interaction.response.send_message(view=PAGES["home"](desk, (), ""), ephemeral=True)

    @app_commands.command(description="What would happen to a prompt or a picture here, and why")
    @app_commands.describe(
        prompt="Words as a member would give them to /waifu",
        negative="What they would keep out of the picture",
        picture="The id of a picture, instead of a prompt",
        channel="Where it would be asked; here, if you name none",
        role="A role of the member who would ask",
    )
    async def test(  # noqa: PLR0917  discord.py makes the options of the parameters
        self,
        interaction: Interaction,
        prompt: str | None = None,
        negative: str | None = None,
        picture: str | None = None,
        channel: _Channel | None = None,
        role: discord.Role | None = None,
    ) -> None:
        """Try a prompt or a picture; nothing is drawn."""
        desk = await _require_desk(interaction)
        attempt = await trying.attempt_at(interaction, desk, channel, role)
        if picture:
            job_id = JobId(picture.strip().lower())
            await tell(interaction, await trying.try_picture(interaction, desk, attempt, job_id))
        elif prompt:
            await tell(interaction, trying.try_prompt(desk, attempt, prompt, negative or ""))
        else:
            await tell(interaction, words.NOTHING_TO_TRY())

    @app_commands.command(description="Why a picture or a request was decided as it was")
    @app_commands.describe(id="The id of a picture, or the one that a refusal shows")
    async def why(self, interaction: Interaction, id: str) -> None:  # noqa: A002  what members call it
        """Show every decision about it, in order of time."""
        desk, services = await _require_desk(interaction), interaction.client.services
        await tell(
            interaction,
            await trying.explain_decisions(services, desk, id.strip().strip("`").lower()),
        )

    @app_commands.command(description="Who changed what, before and after")
    async def log(self, interaction: Interaction) -> None:
        """Show the latest changes; a button leads to older ones."""
        view = await log_page(interaction, await _require_desk(interaction), (), "")
        await interaction.response.send_message(view=view, ephemeral=True)

    @app_commands.command(description="Take the last change back")
    async def undo(self, interaction: Interaction) -> None:
        """Take the last change back; a second undo restores it."""
        _, note = await undo(interaction, await _require_desk(interaction))
        await tell(interaction, note)

    @app_commands.command(
        description="Stop drawing and showing pictures in the whole server, or go on"
    )
    @app_commands.describe(on="True: I am paused; False: I go on")
    async def pause(self, interaction: Interaction, on: bool) -> None:  # noqa: FBT001  the option itself
        """Pause or resume; during a pause, queued pictures are drawn but not shown."""
        desk = await _require_desk(interaction)
        await _save_and_report(interaction, desk, replace(desk.policy, paused=on))

    @app_commands.command(description="The whole policy as a file that you can edit and import")
    async def export(self, interaction: Interaction) -> None:
        """Send the policy as a TOML file."""
        await documents.export(interaction, await _require_desk(interaction))

    @app_commands.command(
        name="import", description="Replace the policy with a file; you see what would change first"
    )
    @app_commands.describe(file="A TOML file as /policy export writes it")
    async def import_(self, interaction: Interaction, file: discord.Attachment) -> None:
        """Show the difference; nothing changes before *Apply*."""
        await documents.preview_import(interaction, await _require_desk(interaction), file)

    @app_commands.command(description="Block a word or phrase in this server")
    @app_commands.describe(
        term="A word or phrase; I find it in every spelling",
        reason="The reason; members read it when their request is refused",
    )
    async def block(self, interaction: Interaction, term: str, reason: str = "") -> None:
        """Block a term: whole words match, in any spelling."""
        desk = await _require_desk(interaction)
        wanted = Term(text=" ".join(term.split()), reason=" ".join(reason.split()))
        fault = fault_of(wanted)
        if fault:
            await tell(interaction, words.NO_TERM(why=fault))
        elif await _equal_terms(desk, wanted.text):
            await tell(interaction, words.BLOCKED_ALREADY(term=wording.plain(wanted.text)))
        elif len(desk.policy.blocked) >= TERMS_MAX:
            await tell(interaction, words.LIST_FULL(most=number(TERMS_MAX)))
        else:
            policy = replace(desk.policy, blocked=(*desk.policy.blocked, wanted))
            await _block_or_ask(interaction, desk, policy, wanted)

    @app_commands.command(description="Allow a blocked word or phrase again")
    @app_commands.describe(term="One of the blocked terms")
    async def unblock(self, interaction: Interaction, term: str) -> None:
        """Unblock the term, in any spelling that it would block."""
        desk = await _require_desk(interaction)
        same = await _equal_terms(desk, term)
        if not same:
            await tell(interaction, words.NOT_BLOCKED(term=wording.plain(term)))
            return
        left = tuple(t for t in desk.policy.blocked if t not in same)
        await _save_and_report(interaction, desk, replace(desk.policy, blocked=left))

    @unblock.autocomplete("term")
    async def _blocked_choices(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        # discord.py runs no checks before autocompletion.
        desk = await open_desk(interaction)
        blocked = desk.policy.blocked if desk else ()
        fitting = [t.text for t in blocked if current.lower() in t.text.lower()]
        return [
            app_commands.Choice(name=wording.short(term, wording.CHOICE_CHARS_MAX), value=term)
            for term in fitting[:_CHOICES]
        ]

    @app_commands.command(description="Switch me on or off in a channel")
    @app_commands.describe(
        channel="Which channel, with its threads", enabled="True: on; False: off"
    )
    async def channel(
        self,
        interaction: Interaction,
        channel: _Channel,
        enabled: bool,  # noqa: FBT001  the option itself
    ) -> None:
        """Switch the bot on or off in a channel; queued pictures are still drawn."""
        desk = await _require_desk(interaction)
        scope = Scope(layer=Layer.CHANNEL, id=ChannelId(channel.id))
        await _save_and_report(interaction, desk, with_enabled(desk.policy, scope, enabled))

    @app_commands.command(description="Choose the two reactions that count as votes")
    @app_commands.describe(up="The reaction for a like", down="The reaction for a dislike")
    async def emoji(self, interaction: Interaction, up: str, down: str) -> None:
        """Choose the emoji for future posts; votes under older ones stay."""
        names = [_emoji_name(interaction, text) for text in (up, down)]
        if names[0] is None or names[1] is None:
            await tell(interaction, words.NO_EMOJI())
            return
        chosen = VoteEmoji(up=names[0], down=names[1])
        refused = await self._guilds.set_vote_emoji(
            guild_of(interaction), chosen, user_of(interaction), self._clock()
        )
        self._signals.logged.set()
        done = words.VOTES_WITH(up=_emoji_text(chosen.up), down=_emoji_text(chosen.down))
        await tell(interaction, refused.text if refused else done)


async def _require_desk(interaction: Interaction) -> Desk:
    """The desk for a command. Raises CheckFailure if the member just lost the permission."""
    desk = await open_desk(interaction)
    if desk is None:
        await tell(interaction, NOT_ALLOWED())
        raise app_commands.CheckFailure
    return desk


async def _save_and_report(interaction: Interaction, desk: Desk, policy: GuildPolicy) -> None:
    """Save the policy and report the result."""
    _, note = await save_change(interaction, desk, PolicyChange(policy=policy))
    await tell(interaction, note)


async def _block_or_ask(
    interaction: Interaction, desk: Desk, policy: GuildPolicy, term: Term
) -> None:
    """Block a term; ask first if it occurs in harmless prompts."""
    await defer_if_slow(interaction, policy)
    if not (doubt := await find_doubts(desk, policy)):
        await _save_and_report(interaction, desk, policy)
        return
    given = RejectedInput(
        about=("add", "blocked"),
        path=("blocked",),
        version=desk.version,
        why=doubt,
        written=line_of(term),
        may_override=True,
    )
    view, files = rejection_page(given)
    if interaction.response.is_done():
        await interaction.edit_original_response(view=view, attachments=files)
    else:
        await interaction.response.send_message(view=view, files=files, ephemeral=True)


async def _equal_terms(desk: Desk, term: str) -> list[Term]:
    """The blocked terms with the same normal form; ten thousand take a moment."""

    def look() -> list[Term]:
        wanted = normalise(term, desk.rulebook)
        return [t for t in desk.policy.blocked if normalise(t.text, desk.rulebook) == wanted]

    return await asyncio.to_thread(look)


def _emoji_name(interaction: Interaction, text: str) -> str | None:
    """`name:id` of a custom emoji of this server, a standard emoji itself, else None."""
    emoji = discord.PartialEmoji.from_str(text.strip())
    if emoji.id is not None:
        ours = {e.id for e in interaction.guild.emojis} if interaction.guild else set[int]()
        return f"{emoji.name}:{emoji.id}" if emoji.id in ours else None
    return emoji.name if is_one_emoji(emoji.name) else None


def _emoji_text(emoji: str) -> str:
    return f"<:{emoji}>" if ":" in emoji else emoji


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(PolicyCog(bot))
    await bot.add_cog(Panel())
