"""`/privacy`: members see, export and erase the data that the bot stores about them.

`bot/store/privacy.py` knows what is stored about whom.
"""

from __future__ import annotations

from contextlib import closing

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.words import privacy as words
from cogs.asking.press import Press
from cogs.components import Action, row_of, template
from cogs.translating import tell, user_of


class PrivacyCog(commands.Cog):
    """A member's own data."""

    privacy = app_commands.Group(
        name="privacy", description="What I store about you, and your choices"
    )

    def __init__(self, bot: WaifuBot) -> None:
        self._services = bot.services

    @privacy.command(description="What I store about you")
    async def show(self, interaction: Interaction) -> None:
        """Count the stored rows of each kind."""
        summary = await self._services.privacy.summarise(user_of(interaction))
        await tell(interaction, words.stored(summary.counts, shares=summary.shares_prompts))

    @privacy.command(description="Download everything I store about you")
    @app_commands.checks.cooldown(1, 60)
    async def export(self, interaction: Interaction) -> None:
        """Send a zip of rows and pictures, as much as Discord accepts."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        limit_bytes = interaction.filesize_limit
        async with self._services.privacy.export(
            user_of(interaction), limit_bytes=limit_bytes
        ) as export:
            if export is None:
                await tell(interaction, words.STILL_PACKING())
                return
            # discord.py disables `close` on the files that it sends, and restores it here.
            with closing(discord.File(export.file, "waifu-my-data.zip")) as file:
                await interaction.followup.send(
                    words.exported(export.left_out, limit_bytes),
                    file=file,
                    ephemeral=True,
                )

    @privacy.command(description="Erase everything I store about you")
    async def forget(self, interaction: Interaction) -> None:
        """Ask for confirmation."""
        view = row_of((Action.FORGET, str(user_of(interaction))))
        await interaction.response.send_message(words.FORGET(), view=view, ephemeral=True)

    @privacy.command(description="Let your prompts help to improve the model")
    @app_commands.describe(
        allow="True: your prompts may go into training data; False (the default): they stay out"
    )
    async def share(self, interaction: Interaction, allow: bool) -> None:  # noqa: FBT001  the option itself
        """Record the choice; it affects only future exports."""
        await self._services.consent.set_sharing(
            user_of(interaction), allow, self._services.clock()
        )
        await tell(
            interaction,
            words.MAY_SHARE() if allow else words.SHARES_NOTHING(),
        )


class Forget(Press, template=template(Action.FORGET)):
    """Confirms the erasure."""

    action = Action.FORGET

    async def pressed(self, interaction: Interaction) -> None:
        """Erase in one transaction; files and messages follow by themselves."""
        services, user_id = interaction.client.services, user_of(interaction)
        if self.target != str(user_id):
            await tell(interaction, words.NOT_FOR_YOU())
            return
        services.forget_in_memory(user_id)
        # The request is recorded before the answer, and the answer comes after the erasure: the
        # next start finishes what a crash interrupts.
        await services.privacy.request_erasure(user_id, services.clock())
        try:
            await interaction.response.defer()
            forgotten = await services.privacy.forget(user_id)
        finally:
            services.forget_in_memory(user_id)
            # Whatever happened, carry out the rest of the request now.
            services.signals.erase.set()
        services.signals.notify_cancelled(forgotten.job_ids)
        services.signals.notify_removed()
        await interaction.edit_original_response(content=words.FORGOTTEN(), view=None)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(Forget)
    await bot.add_cog(PrivacyCog(bot))


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(Forget)
