"""`/preset`: options that a member saves under a name and uses for all requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.domain import Ruling
from bot.policy import decide
from bot.policy.asks import bounds, lengths, number_faults
from bot.typed.names import NAME_CHARS_MAX, NameFault, name_of
from bot.typed.options import Typed
from bot.typed.presets import PRESETS_MAX, OwnPreset
from bot.typed.reading import parse_input
from bot.words import asking, limits
from bot.words import presets as words
from cogs.asking.bounding import set_bounds
from cogs.asking.choices import ASPECTS, SAMPLERS
from cogs.asking.dressing import preset_names
from cogs.translating import place_of, roles_of, tell, user_of
from models.contract import Aspect, Sampler

_Name = app_commands.Range[str, 1, NAME_CHARS_MAX]
_NOTHING = Typed(prompt="")
#: The options of `/preset save` for which clients enforce the model's bounds.
_BOUNDED = ("negative", "count", "steps", "guidance")


class PresetCog(commands.GroupCog, group_name="preset", group_description="Your own defaults"):
    """A member's own presets; every answer is private."""

    def __init__(self, bot: WaifuBot) -> None:
        self._services = bot.services
        info = bot.services.model()
        most = bounds(info) | lengths(info)
        set_bounds(self.save, {name: most[name] for name in _BOUNDED})

    @app_commands.command(description="Save options under a name")
    @app_commands.describe(
        name="What to call it",
        words="Words to add to what you ask for",
        negative="What to keep out of the picture",
        aspect="Square, portrait or landscape",
        count="How many pictures",
        steps="How many steps",
        guidance="How closely to follow the prompt",
        sampler="The method that takes the steps",
    )
    @app_commands.choices(aspect=ASPECTS, sampler=SAMPLERS)
    async def save(  # noqa: PLR0917  discord.py makes the options of the parameters
        self,
        interaction: Interaction,
        name: _Name,
        words: str | None = None,
        negative: str | None = None,
        aspect: str | None = None,
        count: int | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        sampler: str | None = None,
    ) -> None:
        """Save the given options; each request with them is checked again."""
        typed = Typed(
            prompt=words or "",
            negative=negative,
            aspect=Aspect(aspect) if aspect else None,
            count=count,
            steps=steps,
            guidance=guidance,
            sampler=Sampler(sampler) if sampler else None,
        )
        read = parse_input(typed)
        faults = read.faults + number_faults(self._services.model(), read.typed)
        if faults:
            text = _fault_text(faults, typed)
        else:
            text = await self._save(interaction, name, read.typed)
        if read.left_out:
            text += f"\n{asking.left_out(read.left_out, read.remarks)}"
        await tell(interaction, text)

    async def _save(self, interaction: Interaction, given: str, typed: Typed) -> str:
        # A preset with a seed or a source would always draw the same picture, and presets do not
        # nest.
        typed = replace(typed, seed=None, preset=None, source=None, strength=None)
        if typed == _NOTHING:
            return words.EMPTY()
        try:
            name = name_of(given)
        except NameFault as fault:
            return str(fault)
        now_ms = self._services.clock()
        kept = await self._services.presets.save(user_of(interaction), name, typed, now_ms)
        return words.saved(name) if kept else words.TOO_MANY(most=PRESETS_MAX)

    @app_commands.command(description="Use a preset with everything you ask for")
    @app_commands.describe(name="Yours, or the code of a shared one; leave out to stop using one")
    async def use(self, interaction: Interaction, name: _Name | None = None) -> None:
        """Use a preset from now on; a shared one is copied first."""
        await tell(interaction, await self._use(interaction, name))

    async def _use(self, interaction: Interaction, given: str | None) -> str:
        presets, user_id = self._services.presets, user_of(interaction)
        if given is None:
            await presets.use(user_id, None)
            return words.USE_NONE()
        name = given.strip().lower()
        if await presets.use(user_id, name):
            return words.used(name)
        shared = await presets.get_shared(name)
        return words.unknown(given) if shared is None else await self._copy(interaction, shared)

    async def _copy(self, interaction: Interaction, shared: OwnPreset) -> str:
        presets, user_id = self._services.presets, user_of(interaction)
        mine = {one.name: one.typed for one in await presets.all(user_id)}
        if mine.get(shared.name, shared.typed) != shared.typed:
            return words.taken(shared.name)
        if not await _is_allowed_here(interaction, shared.typed):
            return words.NOT_DRAWN()
        if not await presets.save(user_id, shared.name, shared.typed, self._services.clock()):
            return words.TOO_MANY(most=PRESETS_MAX)
        await presets.use(user_id, shared.name)
        return words.copied(shared.name)

    @app_commands.command(description="Get a code by which others copy a preset of yours")
    @app_commands.describe(name="Which preset")
    async def share(self, interaction: Interaction, name: _Name) -> None:
        """Create the code; only people who are told it can copy the preset."""
        given = name.strip().lower()
        code = await self._services.presets.share(user_of(interaction), given)
        await tell(interaction, words.unknown(name) if code is None else words.shared(given, code))

    @app_commands.command(description="Delete a preset")
    @app_commands.describe(name="Which preset")
    async def delete(self, interaction: Interaction, name: _Name) -> None:
        """Delete a preset and its code; copies stay."""
        given = name.strip().lower()
        gone = await self._services.presets.delete(user_of(interaction), given)
        await tell(interaction, words.deleted(given) if gone else words.unknown(name))

    @app_commands.command(description="Your presets")
    async def list(self, interaction: Interaction) -> None:
        """List the presets with the options of each."""
        mine = await self._services.presets.all(user_of(interaction))
        await tell(interaction, words.listed(mine) if mine else words.NOTHING_SAVED())

    @use.autocomplete("name")
    @share.autocomplete("name")
    @delete.autocomplete("name")
    async def _preset_choices(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await preset_names(interaction, current)


def _fault_text(faults: Sequence[str], typed: Typed) -> str:
    """The faults of a preset, with the member's words to copy and correct."""
    back = asking.words_back(typed)
    return limits.several(faults) + (f"\n{back}" if back else "")


async def _is_allowed_here(interaction: Interaction, typed: Typed) -> bool:
    """Whether a preset's words are allowed here, so that a copied one earns nobody a strike."""
    services = interaction.client.services
    policy = await services.policy_at(
        place_of(interaction), roles_of(interaction), model=services.model()
    )
    unwanted = ", ".join(filter(None, (typed.negative, typed.without)))
    return decide.ruling_on(typed.prompt, unwanted, policy) is not Ruling.REFUSE


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(PresetCog(bot))
