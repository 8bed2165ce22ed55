"""`/surprise`: a random prompt of things that the model draws well, which can be rerolled.

The custom id holds everything that a press needs. A prompt that the place would refuse is never
rolled.
"""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.policy import filling
from bot.words import exploring
from bot.words.speaking import Message
from cogs.asking.press import Press
from cogs.asking.requests import fresh_seed
from cogs.asking.vocabulary import digest, draw_words, vocabulary_here
from cogs.components import Action, button, template


class Surprising(commands.Cog):
    """For members who do not know what they want yet."""

    @app_commands.command(description="A random prompt of things that the model draws well")
    async def surprise(self, interaction: Interaction) -> None:
        """Show the first prompt; a button rolls another."""
        text, view = await _surprise_page(interaction, fresh_seed())
        await interaction.response.send_message(text, view=view, ephemeral=True)


async def _surprise_page(
    interaction: Interaction, seed: int, head: Message = exploring.SURPRISE
) -> tuple[str, discord.ui.View]:
    glossary, policy = await vocabulary_here(interaction)
    view = discord.ui.View(timeout=None)
    view.stop()
    if not glossary:
        return exploring.NO_WORDS(), view
    prompt = filling.surprise(glossary, seed, policy)
    if not prompt:
        return exploring.NOTHING_FITS(), view
    view.add_item(button(Action.DRAW_IT, f"{seed:08x}{digest(prompt)}"))
    view.add_item(button(Action.ANOTHER, "1"))
    return exploring.surprise(prompt, head), view


class RollAgain(Press, template=template(Action.ANOTHER)):
    """Rolls again, in place."""

    action = Action.ANOTHER

    async def pressed(self, interaction: Interaction) -> None:
        """Replace the prompt with another."""
        text, view = await _surprise_page(interaction, fresh_seed())
        await interaction.response.edit_message(content=text, view=view)


class DrawIt(Press, template=template(Action.DRAW_IT)):
    """Draws the rolled prompt; the target is its seed and a digest that verifies it."""

    action = Action.DRAW_IT

    async def pressed(self, interaction: Interaction) -> None:
        """Submit the prompt in the place of the press.

        If the prompt has changed meanwhile, show that first.
        """
        seed, mark = _read_target(self.target)
        glossary, policy = await vocabulary_here(interaction)
        prompt = filling.surprise(glossary, seed, policy)
        if digest(prompt) == mark:
            await draw_words(interaction, prompt)
            return
        text, view = await _surprise_page(interaction, seed, exploring.CHANGED)
        await interaction.response.edit_message(content=text, view=view)


def _read_target(target: str) -> tuple[int, str]:
    """The seed and the digest; another version may have written them differently."""
    try:
        return int(target[:8], 16), target[8:]
    except ValueError:
        return fresh_seed(), ""


_PRESSES = (RollAgain, DrawIt)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(*_PRESSES)
    await bot.add_cog(Surprising())


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(*_PRESSES)
