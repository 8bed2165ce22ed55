"""Deletes from Discord what is to go: posts of deleted pictures, messages of forgotten users.

The rows of doomed messages are the truth, written in the transaction that decided it; the nudge
only saves waiting. It must not know why a message goes.
"""

from __future__ import annotations

import asyncio
import logging

from discord.ext import commands

from bot.client import WaifuBot
from bot.domain import BotError, DoomedMessage
from bot.log import whereabouts
from cogs.faults import DISCORD_ERRORS, is_gone, is_passing

log = logging.getLogger(__name__)

#: How long the loop sleeps when nobody nudges it, and the rest after a passing failure.
_POLL_S, _PAUSE_S = 60.0, 10.0
#: Messages looked at in one round.
_LOOK = 100


class Takedown(commands.Cog):
    """One message after the other; Discord limits deletions by channel."""

    def __init__(self, bot: WaifuBot) -> None:
        self._bot = bot
        self._services = bot.services

    async def cog_load(self) -> None:
        """Start as soon as the bot is connected."""
        self._bot.spawn(self._run(), name="takedown")

    async def _run(self) -> None:
        await self._bot.wait_until_ready()
        while True:
            try:
                passing = await self.round()
            except BotError as problem:
                log.warning("cannot look for messages to delete: %s", problem)
                passing = True
            if passing:
                await asyncio.sleep(_PAUSE_S)
            else:
                await self._services.signals.doomed.wait(_POLL_S)

    async def round(self) -> bool:
        """Delete what is doomed; True if some could not be deleted now but may be later."""
        gallery = self._services.gallery
        passing = False
        for message in await gallery.doomed_messages(_LOOK):
            with whereabouts(guild=message.guild_id):
                if await self._take_down(message):
                    await gallery.gone(message.message_id, self._services.clock())
                else:
                    passing = True
        return passing

    async def _take_down(self, message: DoomedMessage) -> bool:
        """True if it is gone, or never can be deleted; False: try again later."""
        channel = self._bot.get_partial_messageable(message.channel_id, guild_id=message.guild_id)
        try:
            await channel.get_partial_message(message.message_id).delete()
        except DISCORD_ERRORS as problem:
            if is_passing(problem):
                log.info("message %s not deleted yet: %s", message.message_id, problem)
                return False
            if not is_gone(problem):
                log.warning("message %s cannot be deleted: %s", message.message_id, problem)
        return True


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Takedown(bot))
