"""Choices that several commands offer."""

from __future__ import annotations

from discord import app_commands

from models.contract import Aspect, Sampler

ASPECTS = [app_commands.Choice(name=aspect.value, value=aspect.value) for aspect in Aspect]
SAMPLERS = [app_commands.Choice(name=s.label, value=s.value) for s in Sampler]
