"""The menu under several pictures, which opens the controls of one of them.

The menu chooses a picture; the private answer has the same buttons as under a single picture.
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
    """Chooses one of the pictures; the target is the name of their post."""

    async def chosen(self, interaction: Interaction, value: str) -> None:
        """Show the picture's buttons, if it still exists."""
        services = interaction.client.services
        grid = await grid_of(interaction, OwedPostId(self.target))
        # 0 is never a place.
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
