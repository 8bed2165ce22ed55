"""Looks for messages whose answer never came, and finishes what was meant with them.

A `/show` that is found becomes a post like any other; a list of `/votes top` or a notice is known
again, so that it goes when what it shows does. The rows of `sends` are the truth. What is to be
deleted is the takedown's.
"""

from __future__ import annotations

import asyncio
import logging

import discord
from discord.ext import commands

from bot.client import WaifuBot
from bot.domain import BotError, ChannelId
from bot.log import whereabouts
from bot.store.sends import Send
from cogs.posting.faults import is_gone
from cogs.posting.finding import Patience, Stretch, carries, newest_own
from cogs.posting.lanes import Lanes, keep_looking
from cogs.posting.sending import note_sent

log = logging.getLogger(__name__)

#: How long the loop sleeps when nobody nudges it.
_POLL_S = 60.0
#: Messages looked for in one round, and channels that are searched at the same time.
_LOOK, _WIDTH = 100, 2


class Lost(commands.Cog):
    """One search after the other in each channel."""

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
        """Open a lane for every channel in which a message was lost."""
        lost: dict[ChannelId, list[Send]] = {}
        for send in await self._services.sends.lost(_LOOK, self._lanes.closed()):
            lost.setdefault(send.channel_id, []).append(send)
        for channel_id, sends in lost.items():
            self._lanes.open(tasks, channel_id, sends)

    async def _settle(self, send: Send) -> None:
        """Find one message and say so, or say that nothing was sent."""
        with whereabouts(guild=send.guild_id):
            try:
                message = await self._find(send)
            except discord.HTTPException as problem:
                if not is_gone(problem):
                    raise
                message = None
            else:
                if message is None:
                    self._patience.look_again(send.name)
            self._patience.found(send.name)
            if message is None:
                log.info("a %s was never sent, or its channel is gone", send.kind)
                await self._services.sends.abandon(send)
            else:
                log.info("message %s is a %s that was lost", message.id, send.kind)
                await note_sent(self._services, send, message)

    async def _find(self, send: Send) -> discord.Message | None:
        return await newest_own(
            self._bot,
            Stretch(guild_id=send.guild_id, channel_id=send.channel_id, since_id=send.since_id),
            lambda message: carries(message, send.name),
        )


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Lost(bot))
