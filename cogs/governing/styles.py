"""`/style`: words that moderators save under a name, for every member to add to a prompt."""

from __future__ import annotations

from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.domain import Refused
from bot.policy import decide
from bot.policy.asks import make_ask
from bot.typed.names import NAME_CHARS_MAX, NameFault, name_of
from bot.typed.options import Typed
from bot.typed.presets import STYLES_MAX, Style
from bot.words import presets as words
from cogs.governing.powers import require_power
from cogs.translating import guild_of, place_of, tell, user_of

_Name = app_commands.Range[str, 1, NAME_CHARS_MAX]
_Words = app_commands.Range[str, 1, 300]


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class StyleCog(commands.GroupCog, group_name="style", group_description="This server's styles"):
    """A server's styles. Hiding a command does not lock it, so each one checks its caller."""

    def __init__(self, bot: WaifuBot) -> None:
        self._services = bot.services

    @app_commands.command(description="Make a style that members can add to a prompt")
    @app_commands.describe(
        name="What to call it", words="What it adds to a prompt", negative="What it keeps out"
    )
    async def add(
        self, interaction: Interaction, name: _Name, words: _Words, negative: _Words | None = None
    ) -> None:
        """Save a style, replacing one with the same name."""
        if await require_power(interaction) is not None:
            await tell(interaction, await self._add(interaction, name, words, negative or ""))

    async def _add(self, interaction: Interaction, given: str, added: str, negative: str) -> str:
        ask = make_ask(
            info=self._services.model(),
            user_id=user_of(interaction),
            place=place_of(interaction),
            typed=Typed(prompt=added, negative=negative),
            fresh_seed=0,
        )
        if isinstance(ask, Refused):
            return ask.text
        # Each request checks it again; checked here so that no member is refused for a moderator's
        # words.
        verdict = decide.admit(ask, await self._services.policy_at(ask.place))
        if isinstance(verdict, Refused):
            return verdict.text
        try:
            style = Style(name=name_of(given), words=ask.draw.prompt, negative=ask.draw.negative)
        except NameFault as fault:
            return str(fault)
        kept = await self._services.styles.put(
            guild_of(interaction), style, user_of(interaction), self._services.clock()
        )
        return words.style_made(style) if kept else words.TOO_MANY_STYLES(most=STYLES_MAX)

    @app_commands.command(description="Remove a style")
    @app_commands.describe(name="Which style")
    async def remove(self, interaction: Interaction, name: _Name) -> None:
        """Remove a style; pictures drawn with it stay."""
        if await require_power(interaction) is None:
            return
        guild_id, given = guild_of(interaction), name.strip().lower()
        gone = await self._services.styles.remove(
            guild_id, given, user_of(interaction), self._services.clock()
        )
        names = [one.name for one in await self._services.styles.all(guild_id)]
        text = words.style_removed(given) if gone else words.no_style(name, names)
        await tell(interaction, text)

    @app_commands.command(description="The styles of this server")
    async def list(self, interaction: Interaction) -> None:
        """List the styles with the words of each."""
        if await require_power(interaction) is None:
            return
        styles = await self._services.styles.all(guild_of(interaction))
        await tell(interaction, words.styles_listed(styles) if styles else words.NO_STYLES())


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(StyleCog(bot))
