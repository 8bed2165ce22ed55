"""The button that removes all of a member's pictures in a server, and reports the progress.

The rows are deleted in one transaction; the messages are deleted afterwards, as fast as Discord
allows, whatever happens to this answer.
"""

from __future__ import annotations

import asyncio

from bot.client import Interaction, WaifuBot
from bot.domain import GuildId, UserId
from bot.words import reviewing
from cogs.asking.press import Press
from cogs.components import Action, template
from cogs.governing.powers import require_power
from cogs.posting.lanes import attempt
from cogs.translating import guild_of, user_of

#: Seconds between progress reports, and their maximum: a token dies after 15 minutes.
_PAUSE_S, _REPORTS_MAX = 3.0, 100
_COUNTED = 10_000


class Purge(Press, template=template(Action.PURGE)):
    """Confirms the purge."""

    action = Action.PURGE

    async def pressed(self, interaction: Interaction) -> None:
        """Remove the pictures, for moderators; checks the permission again."""
        if await require_power(interaction) is None:
            return
        services, guild_id = interaction.client.services, guild_of(interaction)
        member_id, now_ms = UserId(int(self.target)), services.clock()
        await interaction.response.defer()
        cancelled = await services.queue.cancel_user(member_id, guild_id, now_ms)
        services.signals.notify_cancelled(cancelled)
        removed = await services.members.purge(
            guild_id, member_id, user_of(interaction), reviewing.REMOVED_BEFORE_SHOWN(), now_ms
        )
        services.signals.notify_removed()
        for nudge in (services.signals.status, services.signals.review):
            nudge.set()
        left = await _count_remaining(interaction.client, guild_id)
        text = reviewing.purged(member_id, len(removed), left)
        await interaction.edit_original_response(content=text, view=None)
        if left:
            reporting = _report_progress(interaction, member_id, len(removed))
            interaction.client.spawn(reporting, name="how far a purge is")


async def _report_progress(interaction: Interaction, member_id: UserId, removed: int) -> None:
    """Report progress as a courtesy; no error in it matters."""
    await attempt(_edit_progress(interaction, member_id, removed), "a purge's answer")


async def _edit_progress(interaction: Interaction, member_id: UserId, removed: int) -> None:
    """Report until the messages are gone, or while this answer can be edited."""
    guild_id, reported = guild_of(interaction), -1
    for _ in range(_REPORTS_MAX):
        await asyncio.sleep(_PAUSE_S)
        left = await _count_remaining(interaction.client, guild_id)
        if left != reported:
            text = reviewing.purged(member_id, removed, left)
            await interaction.edit_original_response(content=text)
            reported = left
        if not left:
            return


async def _count_remaining(bot: WaifuBot, guild_id: GuildId) -> int:
    """The number of messages left to delete in the server, some of them for other reasons."""
    doomed = await bot.services.doomed.messages(_COUNTED)
    return sum(message.guild_id == guild_id for message in doomed)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(Purge)


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(Purge)
