"""`/help` with example buttons, and a hint for members who mention the bot."""

from __future__ import annotations

import asyncio
import io
import logging

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.domain import BotError, ChannelId, GuildId
from bot.policy import decide
from bot.typed.options import Typed
from bot.words import helping
from cogs.asking.press import Press
from cogs.asking.requests import submit_typed
from cogs.components import Action, custom_id, template
from cogs.posting.faults import DISCORD_ERRORS
from cogs.translating import in_public, place_at, place_of, roles_of, tell
from models.catalogue.examples import EXAMPLES_FILE, examples_drawn_by
from models.contract import ModelInfo

log = logging.getLogger(__name__)

#: A channel gets at most one hint in this time.
_QUIET_S = 60.0
_LABEL_CHARS = 80


class ExamplePress(Press, template=template(Action.HELP_EXAMPLE)):
    """Asks for one of the examples."""

    action = Action.HELP_EXAMPLE

    async def pressed(self, interaction: Interaction) -> None:
        """Ask as if the member had typed it."""
        number = int(self.target) if self.target.isdecimal() else len(helping.EXAMPLES)
        if number >= len(helping.EXAMPLES):
            await tell(interaction, helping.EXAMPLE_GONE())
            return
        await submit_typed(interaction, Typed(prompt=helping.EXAMPLES[number]))


class Helping(commands.Cog):
    """Explains what the bot can do."""

    def __init__(self, bot: WaifuBot) -> None:
        self._bot = bot
        self._services = bot.services
        self._hinted_s: dict[int, float] = {}

    @app_commands.command(description="What I can do, with examples to press")
    async def help(self, interaction: Interaction) -> None:
        """Show the help to the member alone."""
        info = interaction.client.services.model()
        embed = discord.Embed(title=helping.TITLE(), description=helping.ABOUT())
        paragraphs = helping.fields(
            info,
            licence_command=self._bot.link("licence"),
            policy_command=self._bot.link("policy panel")
            if _may_manage_server(interaction)
            else None,
        )
        for name, text in paragraphs:
            embed.add_field(name=name, value=text, inline=False)
        offered = await _allowed_examples(interaction, info)
        files = await _example_sheet(embed, info) if len(offered) == len(helping.EXAMPLES) else []
        await interaction.response.send_message(
            embed=embed, view=_example_buttons(offered), files=files, ephemeral=True
        )

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Tell a member who mentions the bot how to ask; their message is not read.

        Replies are ignored: a reply mentions its addressee, and more often answers a picture than
        asks for help.
        """
        me = self._bot.user
        if message.author.bot or message.reference or message.guild is None or me is None:
            return
        if all(user.id != me.id for user in message.mentions) or not self._claim_hint(message):
            return
        try:
            if await self._may_speak(message, message.guild):
                with in_public(self._bot, message.guild.id):
                    await message.reply(helping.hint(), mention_author=False)
        except (*DISCORD_ERRORS, BotError) as problem:
            log.info("a mention could not be answered: %s", problem)

    def _claim_hint(self, message: discord.Message) -> bool:
        """Whether the channel may get a hint, which then counts as given: one a minute."""
        now_s, last_s = self._services.elapsed_s(), self._hinted_s.get(message.channel.id)
        if last_s is not None and now_s - last_s < _QUIET_S:
            return False
        self._hinted_s = {c: s for c, s in self._hinted_s.items() if now_s - s < _QUIET_S}
        self._hinted_s[message.channel.id] = now_s
        return True

    async def _may_speak(self, message: discord.Message, guild: discord.Guild) -> bool:
        """Whether the bot may speak here; moderators can switch it off."""
        place = place_at(
            GuildId(guild.id), ChannelId(message.channel.id), channel=message.channel, guild=guild
        )
        return (await self._services.policy_at(place)).enabled


def _may_manage_server(interaction: Interaction) -> bool:
    return interaction.permissions.manage_guild


async def _allowed_examples(interaction: Interaction, info: ModelInfo) -> list[int]:
    """The numbers of the examples that this place allows."""
    policy = await interaction.client.services.policy_at(
        place_of(interaction), roles_of(interaction), model=info
    )
    return [
        number for number, prompt in enumerate(helping.EXAMPLES) if decide.may_offer(prompt, policy)
    ]


async def _example_sheet(embed: discord.Embed, info: ModelInfo) -> list[discord.File]:
    """Put the sheet of example pictures into the embed, if the model in use has one."""
    data = await asyncio.to_thread(examples_drawn_by, info.card_id)
    if data is None:
        return []
    embed.set_image(url=f"attachment://{EXAMPLES_FILE}")
    embed.set_footer(text=helping.EXAMPLES_SHOWN(model=info.name))
    return [discord.File(io.BytesIO(data), EXAMPLES_FILE)]


def _example_buttons(numbers: list[int]) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for number in numbers:
        view.add_item(
            discord.ui.Button(
                label=helping.EXAMPLES[number][:_LABEL_CHARS],
                emoji="🖌️",
                custom_id=custom_id(Action.HELP_EXAMPLE, str(number)),
                row=number,
            )
        )
    view.stop()
    return view


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(ExamplePress)
    await bot.add_cog(Helping(bot))


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(ExamplePress)
