"""Tells Discord the bounds of a command's options, so that clients reject bad input. Not a cog.

The bounds come from the model, which is known only at run time; discord.py takes bounds from
annotations, which are fixed in the source. Every ask is checked again in the bot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from discord import app_commands


def set_bounds(
    command: app_commands.Command[Any, ..., Any], bounds: Mapping[str, tuple[float, float]]
) -> None:
    """Set the options' minimum and maximum value or length, in a cog's own copy of a command."""
    parameters = command._params  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  nothing public writes them
    for name, (least, most) in bounds.items():
        parameters[name] = replace(parameters[name], min_value=least, max_value=most)
