"""Looks for messages whose answer never came, and finishes what was meant with them.

A `/show` that is found becomes a post like any other; a list of `/votes top` or a notice is known
again, so that it goes when what it shows does. The rows of `sends` are the truth. What is to be
deleted is the takedown's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import discord
from discord.ext import commands

from bot.client import WaifuBot
from bot.domain import BotError
from bot.log import whereabouts
from bot.store.sends import Send
from cogs.posting.finding import NotThereYetError, Patience, Stretch, found_by_name
from cogs.posting.lanes import Lanes, by_channel, keep_looking
from cogs.posting.sending import note_sent

log = logging.getLogger(__name__)

#: How long the loop sleeps when nobody nudges it.
_POLL_S = 60.0
#: Messages looked for in one round, and channels that are searched at the same time.
_LOOK, _WIDTH = 100, 2


class Lost(commands.Cog):
    """One search of a channel at a time, for everything that was lost there."""

    def __init__(self, bot: WaifuBot) -> None:
        self._bot = bot
        self._services = bot.services
        self._patience = Patience()
        self._lanes = Lanes(
            self._settle,
            elapsed_s=bot.services.elapsed_s,
            nudge=bot.services.signals.lost,
            width=_WIDTH,
        )

    async def cog_load(self) -> None:
        """Start as soon as the bot is connected; what an earlier one was sending is lost by now."""
        try:
            await self._services.sends.lose_all()
        except BotError as problem:
            log.warning("messages of before are looked for after the next start: %s", problem)
        self._bot.spawn(self._run(), name="lost messages")

    async def _run(self) -> None:
        await self._bot.wait_until_ready()
        async with asyncio.TaskGroup() as tasks:
            await keep_looking(
                lambda: self.look(tasks), self._services.signals.lost, _POLL_S, "lost messages"
            )

    async def look(self, tasks: asyncio.TaskGroup) -> None:
        """Open a lane for every channel in which messages were lost."""
        lost = await self._services.sends.lost(_LOOK, self._lanes.closed())
        for channel_id, sends in by_channel(lost).items():
            self._lanes.open(tasks, channel_id, [sends])

    async def _settle(self, sends: Sequence[Send]) -> None:
        """Look for all that was lost in a channel at once; raises if some may yet come."""
        with whereabouts(guild=sends[0].guild_id):
            stretch = Stretch(
                guild_id=sends[0].guild_id,
                channel_id=sends[0].channel_id,
                since_id=min(send.since_id for send in sends),
            )
            found = await found_by_name(self._bot, stretch, [send.name for send in sends])
            waiting = [send for send in sends if not await self._is_settled(send, found[send.name])]
        if waiting:
            raise NotThereYetError(f"{len(waiting)} lost messages are not there yet")

    async def _is_settled(self, send: Send, found: Sequence[discord.Message]) -> bool:
        if found:
            log.info("message %s is a %s that was lost", found[0].id, send.kind)
            self._patience.found(send.name)
            await note_sent(self._services, send, found[0])
            return True
        if not self._patience.is_over(send.name):
            return False
        log.info("a %s was never sent, or its channel is gone", send.kind)
        await self._services.sends.abandon(send)
        return True


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Lost(bot))
