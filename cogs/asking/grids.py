"""The controls under several pictures: what can be done with one of them.

The menu chooses a picture; what can be done with it is answered for these eyes only, with the same
buttons that stand under a picture of its own.
"""

from __future__ import annotations

import re
from typing import Any, Self

import discord

from bot.client import Interaction, WaifuBot, report_incident
from bot.domain import OwedPostId
from bot.words import grids
from cogs.components import Action, panel_view, template, which_menu
from cogs.translating import guild_of, tell


class Which(
    discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]], template=template(Action.WHICH)
):
    """One of the pictures is chosen."""

    def __init__(self, name: OwedPostId) -> None:
        super().__init__(which_menu(name, [1]))
        self.name = name

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Called by discord.py for a choice whose id fits the template."""
        del interaction, item
        return cls(OwedPostId(match["id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer; an error gets the same incident report as a command's."""
        try:
            await self._chosen(interaction)
        except Exception as error:  # noqa: BLE001  the tree's on_error, for components
            await report_incident(interaction, error)

    async def _chosen(self, interaction: Interaction) -> None:
        """Show what can be done with it, if it is still there."""
        services = interaction.client.services
        grid = await services.grids.named(self.name)
        place = _place(interaction)
        if grid is None or grid.message.guild_id != guild_of(interaction):
            await tell(interaction, grids.GONE)
            return
        job_id = grid.shown.get(place)
        if job_id is None or await services.gallery.get(job_id) is None:
            await tell(interaction, grids.GONE)
            return
        await interaction.response.send_message(
            grids.chosen(place, grid.jobs[place]), view=panel_view(job_id), ephemeral=True
        )


def _place(interaction: Interaction) -> int:
    """The chosen place; 0 of a choice that nobody offered."""
    values = (interaction.data or {}).get("values") or ["0"]
    chosen = str(values[0])
    return int(chosen) if chosen.isdecimal() else 0


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(Which)


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(Which)
