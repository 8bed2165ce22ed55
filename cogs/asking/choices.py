"""Choices that several commands offer."""

from __future__ import annotations

from discord import app_commands

from bot.words import choices
from models.contract import Sampler

ASPECTS = [
    app_commands.Choice(name=name, value=aspect.value) for aspect, name in choices.ASPECTS.items()
]
SWITCH = [app_commands.Choice(name=name, value=value) for value, name in choices.SWITCH.items()]
#: Their names are the same in every language.
SAMPLERS = [app_commands.Choice(name=s.label, value=s.value) for s in Sampler]
