"""`/licence`, and the buttons under the terms: *Accept*, *Decline*, and reading them again."""

from __future__ import annotations

from dataclasses import replace

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.words import licensing
from cogs.asking.press import Press
from cogs.asking.requests import submit
from cogs.asking.terms import (
    NOTHING_WAITS,
    close_terms,
    licence_file,
    read_terms_target,
    show_terms_again,
    terms_view,
)
from cogs.components import Action, row_of, template
from cogs.translating import place_of, user_of


class LicenceCog(commands.Cog):
    """Shows the licence of the model in use on demand."""

    @app_commands.command(description="What the model's licence asks of you, and its whole text")
    async def licence(self, interaction: Interaction) -> None:
        """Show the plain summary, the file, and whether and when it was accepted."""
        services = interaction.client.services
        info = services.model()
        accepted_ms = await services.consent.accepted_ms(user_of(interaction), info.licence_sha256)
        await interaction.response.send_message(
            licensing.licence(info, services.rulebook.clauses, accepted_ms),
            file=licence_file(info),
            view=terms_view(info, NOTHING_WAITS) if accepted_ms is None else discord.utils.MISSING,
            ephemeral=True,
        )


class Accept(Press, template=template(Action.ACCEPT)):
    """Accepts the licence; the waiting request then continues by itself."""

    action = Action.ACCEPT

    async def pressed(self, interaction: Interaction) -> None:
        """Record the licence's hash, then continue the request where it was made."""
        services, user_id = interaction.client.services, user_of(interaction)
        info = services.model()
        waiting_id, is_current = read_terms_target(self.target, info)
        if not is_current:
            await show_terms_again(interaction, waiting_id, licensing.CHANGED())
            return
        await services.consent.accept(user_id, info.licence_sha256, info.card_id, services.clock())
        if waiting_id == NOTHING_WAITS:
            await close_terms(interaction, licensing.ASK_NOW())
            return
        ask = await services.consent.get_waiting_ask(waiting_id, user_id)
        if ask is None:
            await close_terms(interaction, licensing.WAITS_NO_MORE())
            return
        await submit(interaction, replace(ask, place=place_of(interaction)), waiting_id)


class Decline(Press, template=template(Action.DECLINE)):
    """Declines the shown licence; the ask that waited for it is dropped."""

    action = Action.DECLINE

    async def pressed(self, interaction: Interaction) -> None:
        """Drop the waiting ask, return its words, and leave a button to reconsider."""
        services = interaction.client.services
        waiting_id, _ = read_terms_target(self.target, services.model())
        ask = await services.consent.take_waiting_ask(waiting_id, user_of(interaction))
        await interaction.response.edit_message(
            content=licensing.declined(ask.draw.prompt if ask else None),
            attachments=[],
            view=row_of((Action.RECONSIDER, NOTHING_WAITS)),
        )


class Reconsider(Press, template=template(Action.RECONSIDER)):
    """Shows the terms again after a decline. No ask waits for them."""

    action = Action.RECONSIDER

    async def pressed(self, interaction: Interaction) -> None:
        """Show the terms of the model now in use."""
        await show_terms_again(interaction)


_PRESSES = (Accept, Decline, Reconsider)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(*_PRESSES)
    await bot.add_cog(LicenceCog())


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(*_PRESSES)
