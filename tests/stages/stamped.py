"""`python -m tests.stages.stamped`.

The real bot, recording when interactions arrive and when they are answered.

For benchmarks that separate the bot's time from that of the local Discord, which shares the
machine's cores. `STAMPS` names a file that gets a line for each: "got" or "answers", the
interaction's id, and the seconds of the machine's monotonic clock.

It adds one command, `/echo`, which answers at once and so shows the cost that every command has.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import discord
from discord import app_commands
from discord.ext import commands
from discord.state import ConnectionState
from discord.webhook.async_ import AsyncWebhookAdapter

import cogs
from bot.__main__ import main


class Echo(commands.Cog):
    """A command that does nothing."""

    @app_commands.command(description="Answer")
    async def echo(self, interaction: discord.Interaction) -> None:
        """Say a word."""
        await interaction.response.send_message("echo", ephemeral=True)


async def setup(bot: commands.Bot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Echo())


def record_times(out: TextIO) -> None:
    """Record each interaction when it is read from the gateway, and when its answer is sent."""
    parse = ConnectionState.parse_interaction_create
    respond = AsyncWebhookAdapter.create_interaction_response

    def parse_and_record(self: ConnectionState[Any], data: Any) -> None:
        out.write(f"got {data['id']} {time.monotonic()}\n")
        parse(self, data)

    def respond_and_record(
        self: AsyncWebhookAdapter, interaction_id: int, *args: Any, **options: Any
    ) -> Any:
        out.write(f"answers {interaction_id} {time.monotonic()}\n")
        return respond(self, interaction_id, *args, **options)

    ConnectionState.parse_interaction_create = parse_and_record  # type: ignore[method-assign]
    AsyncWebhookAdapter.create_interaction_response = respond_and_record  # type: ignore[method-assign]


def read_times(path: Path) -> dict[tuple[str, int], float]:
    """The first recorded time for each ("got" or "answers", interaction)."""
    found: dict[tuple[str, int], float] = {}
    for line in path.read_text().splitlines():
        what, number, seconds = line.split()
        found.setdefault((what, int(number)), float(seconds))
    return found


if __name__ == "__main__":
    cogs.EXTENSIONS = (*cogs.EXTENSIONS, "tests.stages.stamped")
    with Path(os.environ["STAMPS"]).open("a", buffering=1) as noted:
        record_times(noted)
        sys.exit(main([]))
