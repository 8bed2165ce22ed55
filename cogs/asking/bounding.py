"""Tells Discord the bounds of a command's options, so that a client refuses by itself. Not a cog.

They are the model's, and it is known only when the bot runs; discord.py takes bounds from
annotations, which stand in the file. What comes all the same is checked where every ask is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from discord import app_commands


def bound(
    command: app_commands.Command[Any, ..., Any], bounds: Mapping[str, tuple[float, float]]
) -> None:
    """Give options their least and most value, or length; the command must be a cog's own copy."""
    parameters = command._params  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  nothing public writes them
    for name, (least, most) in bounds.items():
        parameters[name] = replace(parameters[name], min_value=least, max_value=most)
