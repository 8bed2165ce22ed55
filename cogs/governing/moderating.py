"""`/moderate`: open cases, and measures against a member.

Strikes, time-outs and bans of one server; the bot's owner can ban everywhere. Whether a member may
ask is checked where they ask.
"""

from __future__ import annotations

from typing import cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.domain import ChannelId, GuildId, UserId
from bot.policy.layers import title_of
from bot.services import Services
from bot.store.case_rows import Case, CaseId
from bot.store.members import EVERYWHERE, Exclusion, Strike
from bot.words import pictures, reviewing, standing, wording
from bot.words.policy_log import CASES
from bot.words.speaking import ENGLISH, aside, speaking
from cogs.asking.terms import require_licence
from cogs.components import Action, row_of
from cogs.governing.cases import HEADS, case_message
from cogs.governing.desk import may_govern
from cogs.governing.outlook import review_warnings
from cogs.governing.powers import require_power
from cogs.translating import guild_of, tell, url_of, user_of

_MINUTE_MS = 60_000
#: The longest time-out is four weeks, like Discord's own.
_MINUTES_MAX, _REASON_CHARS_MAX = 28 * 24 * 60, 300
_LINES, _CHOICES = 20, 25


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class Moderating(
    commands.GroupCog, group_name="moderate", group_description="Cases, strikes, time-outs, bans"
):
    """Shows cases and members' strikes and exclusions, and changes them."""

    def __init__(self, bot: WaifuBot) -> None:
        self._services = bot.services

    async def interaction_check(self, interaction: Interaction, /) -> bool:  # type: ignore[override]  narrowed to our client
        """Require Manage Server or the moderators' role, whatever Discord let through."""
        return await require_power(interaction) is not None

    @app_commands.command(description="What the moderators of this server have to decide")
    @app_commands.describe(id="The case to show here, with its buttons; only you see it")
    async def cases(self, interaction: Interaction, id: str | None = None) -> None:  # noqa: A002  the option's name
        """List the open cases, the oldest first; or show one."""
        if id is not None:
            await self._show_case(interaction, CaseId(id.strip().strip("`").lower()))
            return
        cases = await self._services.reviews.open_cases(guild_of(interaction), _LINES + 1)
        lines = [_case_line(case) for case in cases[:_LINES]]
        if len(cases) > _LINES:
            lines.append(reviewing.MORE_CASES())
        policy = await self._services.guilds.policy(guild_of(interaction))
        warnings = review_warnings(interaction.guild, policy) if interaction.guild else []
        parts = [*(lines or [reviewing.NO_CASES()]), *(f"⚠️ {warning}" for warning in warnings)]
        await tell(interaction, wording.fitting(parts))

    async def _show_case(self, interaction: Interaction, case_id: CaseId) -> None:
        case = await self._services.reviews.get(case_id)
        if case is None or case.guild_id != guild_of(interaction):
            await tell(interaction, reviewing.CASE_GONE())
            return
        # Others see the case in the review channel too; here it goes to one member.
        if not await require_licence(interaction):
            return
        assert interaction.channel_id is not None, "commands come from a channel"
        shown = await case_message(interaction.client, case, ChannelId(interaction.channel_id))
        await interaction.response.send_message(
            shown.content, files=shown.files, view=shown.view, ephemeral=True
        )

    @cases.autocomplete("id")
    async def _open_case_choices(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        # discord.py runs no checks before autocompletion.
        policy = await self._services.guilds.policy(guild_of(interaction))
        if not may_govern(interaction, policy):
            return []
        cases = await self._services.reviews.open_cases(guild_of(interaction), _CHOICES)
        return [
            app_commands.Choice(name=f"{case.id}{aside(CASES[case.kind]())}", value=case.id)
            for case in cases
            if current.strip().lower() in case.id
        ]

    @app_commands.command(description="A member's strikes, and whether they may ask me")
    @app_commands.describe(member="The member")
    async def member(self, interaction: Interaction, member: discord.User) -> None:
        """Show the member's strikes that count, and any exclusion."""
        guild_id, user_id = guild_of(interaction), UserId(member.id)
        now_ms = self._services.clock()
        strikes = await self._services.members.strikes(guild_id, user_id, now_ms)
        exclusion = await self._services.members.exclusion(guild_id, user_id, now_ms)
        lines = standing.standing(
            user_id,
            [_strike_line(self._services, strike) for strike in strikes],
            _exclusion_line(exclusion) if exclusion else None,
        )
        await tell(interaction, wording.fitting(lines))

    @app_commands.command(description="Who is timed out or banned here")
    async def excluded(self, interaction: Interaction) -> None:
        """List this server's time-outs and bans, the latest first."""
        found = await self._services.members.exclusions(
            guild_of(interaction), self._services.clock(), _LINES
        )
        lines = [_exclusion_line(one) for one in found]
        await tell(interaction, wording.fitting(lines) or standing.NOBODY())

    @app_commands.command(description="Take back all strikes of a member")
    @app_commands.describe(member="The member")
    async def forgive(self, interaction: Interaction, member: discord.User) -> None:
        """Clear all strikes that count; a time-out stays and is lifted separately."""
        count = await self._services.members.clear_strikes(
            guild_of(interaction), UserId(member.id), user_of(interaction), self._services.clock()
        )
        await tell(interaction, standing.taken_back(member.id, count))

    @app_commands.command(description="Keep a member from asking me for a while")
    @app_commands.describe(
        member="The member",
        minutes="How long, in minutes; 1440 are a day",
        reason="The reason; the member reads it",
    )
    async def timeout(
        self,
        interaction: Interaction,
        member: discord.User,
        minutes: app_commands.Range[int, 1, _MINUTES_MAX] = 60,
        reason: app_commands.Range[str, 0, _REASON_CHARS_MAX] = "",
    ) -> None:
        """Time a member out in this server."""
        until_ms = self._services.clock() + minutes * _MINUTE_MS
        await self._exclude(interaction, member, guild_of(interaction), until_ms, reason)

    @app_commands.command(
        description="Keep a member from asking me until a moderator lifts the ban"
    )
    @app_commands.describe(
        member="The member",
        reason="The reason; the member reads it",
        everywhere="True: in every server; only my operator can do that",
    )
    async def ban(
        self,
        interaction: Interaction,
        member: discord.User,
        reason: app_commands.Range[str, 0, _REASON_CHARS_MAX] = "",
        everywhere: bool = False,  # noqa: FBT001, FBT002  the option itself
    ) -> None:
        """Ban a member in this server, or in all."""
        guild_id = await _measure_scope(interaction, everywhere=everywhere)
        if guild_id is not None:
            await self._exclude(interaction, member, guild_id, None, reason)

    async def _exclude(
        self,
        interaction: Interaction,
        member: discord.User,
        guild_id: GuildId,
        until_ms: int | None,
        reason: str,
    ) -> None:
        exclusion = Exclusion(
            user_id=UserId(member.id),
            guild_id=guild_id,
            until_ms=until_ms,
            reason=" ".join(reason.split()),
            actor_id=user_of(interaction),
            at_ms=self._services.clock(),
        )
        with speaking(ENGLISH):
            text = standing.cancelled(exclusion.user_id, everywhere=guild_id == EVERYWHERE)
        self._services.signals.notify_cancelled(
            await self._services.members.exclude(exclusion, text)
        )
        self._services.signals.telling.set()
        await tell(interaction, _exclusion_line(exclusion))

    @app_commands.command(description="Let a member ask me again")
    @app_commands.describe(
        member="The member", everywhere="True: in every server; only my operator can do that"
    )
    async def lift(
        self,
        interaction: Interaction,
        member: discord.User,
        everywhere: bool = False,  # noqa: FBT001, FBT002  the option itself
    ) -> None:
        """Lift a time-out or ban, in this server or in all."""
        guild_id = await _measure_scope(interaction, everywhere=everywhere)
        if guild_id is None:
            return
        lifted = await self._services.members.lift_exclusion(
            guild_id, UserId(member.id), user_of(interaction), self._services.clock()
        )
        text = standing.lifted(member.id, lifted=lifted, everywhere=everywhere)
        await tell(interaction, text)

    @app_commands.command(description="Remove every picture of a member in this server")
    @app_commands.describe(member="The member")
    async def purge(self, interaction: Interaction, member: discord.User) -> None:
        """Ask for confirmation."""
        await interaction.response.send_message(
            reviewing.PURGE(user=member.id),
            view=row_of((Action.PURGE, str(member.id))),
            ephemeral=True,
        )


async def _measure_scope(interaction: Interaction, *, everywhere: bool) -> GuildId | None:
    """The scope of a measure; None, after telling the member, if they may not decide it."""
    if not everywhere:
        return guild_of(interaction)
    # The owner check compares only the id, which members have too.
    if await interaction.client.is_owner(cast("discord.User", interaction.user)):
        return EVERYWHERE
    await tell(interaction, standing.OWNER_ONLY())
    return None


def _case_line(case: Case) -> str:
    link = f" · [{pictures.OPEN()}]({url_of(case.message)})" if case.message else ""
    return (
        f"`{case.id}` {HEADS[case.kind]()}, <@{case.user_id}> <t:{case.opened_ms // 1000}:R>{link}"
    )


def _strike_line(services: Services, strike: Strike) -> str:
    title = title_of(services.rulebook, strike.rule)
    return standing.strike_line(title, strike.at_ms, strike.expires_ms)


def _exclusion_line(exclusion: Exclusion) -> str:
    return standing.exclusion_line(
        exclusion.user_id,
        exclusion.until_ms,
        exclusion.reason,
        exclusion.actor_id,
        everywhere=exclusion.guild_id == EVERYWHERE,
    )


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Moderating(bot))
