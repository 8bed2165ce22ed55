"""The entries *Draw like this* and *Settings* in a message's context menu."""

from __future__ import annotations

from dataclasses import replace

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.policy.asks import typed_of
from cogs.asking.editor import show_editor
from cogs.asking.pictures import find_picture_in, require_readable_settings, tell_settings


class Menus(commands.Cog):
    """Two menu entries; `reporting.py` owns *Report picture*."""

    def __init__(self, bot: WaifuBot) -> None:
        self._bot = bot
        self._menus = [
            app_commands.ContextMenu(name="Draw like this", callback=self.draw_like_this),
            app_commands.ContextMenu(name="Settings", callback=self.settings),
        ]

    async def cog_load(self) -> None:
        """Add them to the context menu of every message."""
        for menu in self._menus:
            self._bot.tree.add_command(menu)

    async def cog_unload(self) -> None:
        """Remove them."""
        for menu in self._menus:
            self._bot.tree.remove_command(menu.name, type=menu.type)

    async def draw_like_this(self, interaction: Interaction, message: discord.Message) -> None:
        """Open the form with the picture's settings and a new seed, to draw another picture."""
        job = await find_picture_in(interaction, message)
        if job is None or not await require_readable_settings(interaction, job):
            return
        services = interaction.client.services
        private = await services.views.is_private(job.id)
        typed = typed_of(job.draw, services.model(), private=private)
        await show_editor(interaction, replace(typed, seed=None))

    async def settings(self, interaction: Interaction, message: discord.Message) -> None:
        """Answer like the *Settings* button."""
        job = await find_picture_in(interaction, message)
        if job is not None and await require_readable_settings(interaction, job):
            await tell_settings(interaction, job)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Menus(bot))
