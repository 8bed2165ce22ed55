"""The controls under several pictures: what can be done with one of them.

The menu chooses a picture; what can be done with it is answered for these eyes only, with the same
buttons that stand under a picture of its own.
"""

from __future__ import annotations

from bot.client import Interaction, WaifuBot
from bot.domain import OwedPostId
from bot.words import grids
from cogs.asking.pictures import grid_of
from cogs.asking.press import Menu
from cogs.components import Action, panel_view, template
from cogs.translating import tell


class Which(Menu, template=template(Action.WHICH)):
    """One of the pictures is chosen; the target is the name of their post."""

    async def chosen(self, interaction: Interaction, value: str) -> None:
        """Show what can be done with it, if it is still there."""
        services = interaction.client.services
        grid = await grid_of(interaction, OwedPostId(self.target))
        # No place is 0.
        place = int(value) if value.isdecimal() else 0
        if grid is None:
            await tell(interaction, grids.GONE())
            return
        job_id = grid.shown.get(place)
        if job_id is None or await services.gallery.get(job_id) is None:
            await tell(interaction, grids.GONE())
            return
        await interaction.response.send_message(
            grids.chosen(place, grid.jobs[place]), view=panel_view(job_id), ephemeral=True
        )


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(Which)


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(Which)
