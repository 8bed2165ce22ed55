"""`/waifu prompt:`: reads the options and submits the ask. `buttons.py` has the buttons."""

from __future__ import annotations

from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.domain import RefusalReason, Refused
from bot.policy.asks import bounds, lengths
from bot.typed.options import Typed
from bot.words import knowing, wording
from cogs.asking import typing
from cogs.asking.bounding import set_bounds
from cogs.asking.choices import ASPECTS, SAMPLERS, SWITCH
from cogs.asking.dressing import preset_names
from cogs.asking.refusing import refuse_input
from cogs.asking.requests import submit_typed
from cogs.translating import guild_of
from models.contract import Aspect, Sampler


class Waifu(commands.Cog):
    """The bot's main command."""

    def __init__(self, bot: WaifuBot) -> None:
        info = bot.services.model()
        set_bounds(self.waifu, bounds(info) | lengths(info))

    @app_commands.command(description="Draw an anime picture of what you describe")
    @app_commands.describe(
        prompt="What to draw, as Danbooru tags: 1girl, blue hair, glasses, smile",
        negative="What to keep out of the picture",
        aspect="Square, portrait or landscape",
        count="How many pictures",
        seed="The same seed and settings draw the same picture",
        steps="How many steps: more is finer and slower",
        guidance="How closely to follow the prompt",
        sampler="The method that takes the steps",
        style="A style of this server's, added to your prompt",
        preset="One of your presets, for this request only",
        private="Show the pictures to you alone; nobody votes on them",
        clip_skip="Skip the last layers of the text encoder: 2 skips one, 0 leaves it to the model",
        complete="Fill in what your words leave open (on unless you say off)",
    )
    @app_commands.choices(aspect=ASPECTS, sampler=SAMPLERS, complete=SWITCH)
    async def waifu(  # noqa: PLR0917  discord.py makes the options of the parameters
        self,
        interaction: Interaction,
        prompt: str,
        negative: str | None = None,
        aspect: str | None = None,
        count: int | None = None,
        seed: int | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        sampler: str | None = None,
        clip_skip: int | None = None,
        complete: str | None = None,
        style: str | None = None,
        preset: str | None = None,
        private: bool | None = None,  # noqa: FBT001  the option itself
    ) -> None:
        """Check, queue and acknowledge a request."""
        words = typing.whole_text(interaction, prompt)
        unwanted = typing.whole_text(interaction, negative or "")
        typed = Typed(
            prompt=typing.kept_end(prompt) if words is None else words,
            negative=negative and (typing.kept_end(negative) if unwanted is None else unwanted),
            aspect=Aspect(aspect) if aspect else None,
            count=count,
            seed=seed,
            steps=steps,
            guidance=guidance,
            sampler=Sampler(sampler) if sampler else None,
            clip_skip=clip_skip,
            complete=None if complete is None else complete == "on",
            style=style,
            preset=preset,
            private=private,
        )
        lost = [knowing.FORGOTTEN()] if words is None else []
        lost += [knowing.FORGOTTEN_NEGATIVE()] if unwanted is None else []
        if lost:
            refused = Refused(reason=RefusalReason.INPUT, text="\n".join(lost))
            await refuse_input(interaction, refused, typed)
            return
        await submit_typed(interaction, typed)

    @waifu.autocomplete("prompt")
    async def _prompt_choices(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await typing.prompt_choices(interaction, current)

    @waifu.autocomplete("negative")
    async def _negative_choices(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await typing.negative_choices(interaction, current)

    @waifu.autocomplete("preset")
    async def _preset_choices(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await preset_names(interaction, current)

    @waifu.autocomplete("style")
    async def _style_choices(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        styles = await interaction.client.services.styles.all(guild_of(interaction))
        wanted = current.strip().lower()
        return [
            app_commands.Choice(
                name=wording.short(f"{one.name}: {one.words}", wording.CHOICE_CHARS_MAX),
                value=one.name,
            )
            for one in styles
            if wanted in one.name or wanted in one.words.lower()
        ]


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Waifu(bot))
