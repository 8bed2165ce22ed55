"""Adds a member's preset and the chosen style to what they typed. Not a cog.

Their words and options become part of the ask, so policy checks them together with the prompt.
"""

from __future__ import annotations

from dataclasses import replace

from discord import app_commands

from bot.client import Interaction
from bot.typed.names import NameFault, name_of
from bot.typed.options import Typed
from bot.typed.presets import OwnPreset
from bot.words import presets as words
from bot.words import wording
from cogs.translating import guild_of, user_of


async def with_preset_and_style(
    interaction: Interaction, typed: Typed
) -> tuple[Typed, tuple[str, ...]]:
    """The input with preset and style, and sentences about unknown names."""
    preset, faults = await _chosen_preset(interaction, typed.preset)
    if preset is not None:
        added = _append_tags(typed.prompt, preset.typed.prompt)
        typed = replace(typed.completed_by(preset.typed), prompt=added)
    if typed.style is None:
        return typed, faults
    typed, more = await _with_style(interaction, typed, typed.style)
    return typed, faults + more


async def _chosen_preset(
    interaction: Interaction, given: str | None
) -> tuple[OwnPreset | None, tuple[str, ...]]:
    """The preset named for this request, or else the one in use, and sentences about faults."""
    presets, user_id = interaction.client.services.presets, user_of(interaction)
    if given is None:
        return await presets.in_use(user_id), ()
    try:
        name = name_of(given)
    except NameFault as fault:
        return None, (str(fault),)
    found = next((one for one in await presets.all(user_id) if one.name == name), None)
    return found, () if found else (words.unknown(given),)


async def _with_style(
    interaction: Interaction, typed: Typed, given: str
) -> tuple[Typed, tuple[str, ...]]:
    services, guild_id = interaction.client.services, guild_of(interaction)
    try:
        style = await services.styles.get(guild_id, name_of(given))
    except NameFault as fault:
        return typed, (str(fault),)
    if style is None:
        names = [one.name for one in await services.styles.all(guild_id)]
        return typed, (words.no_style(given, names),)
    return replace(
        typed,
        prompt=_append_tags(typed.prompt, style.words),
        without=_append_tags(typed.without or "", style.negative) or None,
        style=style.name,
    ), ()


async def preset_names(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    """The member's presets whose names contain the input."""
    mine = await interaction.client.services.presets.all(user_of(interaction))
    return [
        app_commands.Choice(name=wording.short(one.name, wording.CHOICE_CHARS_MAX), value=one.name)
        for one in mine
        if current.strip().lower() in one.name
    ]


def _append_tags(words: str, added: str) -> str:
    """Append tags unless the words contain them: *Edit* shows a preset's words among the others."""
    before, behind = (" ".join(text.split()).strip(" ,") for text in (words, added))
    if f", {behind}, ".lower() in f", {before}, ".lower():
        return words
    return ", ".join(filter(None, (before, behind)))
