"""Takes in messages of `/show` that no row names: the process died between the message and its row.

Somebody reacting there is the sign. The row makes the message a post like any other, and its vote
is opened and read in full by `cogs/seeding.py`. `cogs/votes.py` calls it; it must not know votes.
"""

from __future__ import annotations

import logging

import discord

from bot.client import WaifuBot
from bot.domain import BotError, ChannelId, GuildId, JobId, MessageId, Post
from cogs.faults import DISCORD_ERRORS
from cogs.finding import button_ids

log = logging.getLogger(__name__)

#: Messages remembered as looked at; the oldest makes room and is at worst looked at again.
_LOOKED_MAX = 10_000


class Adopter:
    """Looks once at each message of ours that somebody reacts to."""

    def __init__(self, bot: WaifuBot) -> None:
        self._bot = bot
        self._services = bot.services
        self._looked: dict[int, None] = {}

    async def look(self, payload: discord.RawReactionActionEvent) -> None:
        """Write the message down if it is a post without a row; a failure waits for a reaction."""
        me, guild_id = self._bot.user, payload.guild_id
        if me is None or guild_id is None or payload.message_id in self._looked:
            return
        if payload.message_author_id not in {None, me.id}:
            return
        self._looked[payload.message_id] = None
        if len(self._looked) > _LOOKED_MAX:
            del self._looked[next(iter(self._looked))]
        try:
            await self._adopt(
                MessageId(payload.message_id), ChannelId(payload.channel_id), GuildId(guild_id)
            )
        except (*DISCORD_ERRORS, BotError) as problem:
            self._looked.pop(payload.message_id, None)
            log.info("message %s not looked at: %s", payload.message_id, problem)

    async def _adopt(self, message_id: MessageId, channel_id: ChannelId, guild_id: GuildId) -> None:
        gallery = self._services.gallery
        if await gallery.post(message_id) is not None:
            return
        channel = self._bot.get_partial_messageable(channel_id, guild_id=guild_id)
        message = await channel.fetch_message(message_id)
        # A delivery is no answer to an interaction, and it is the delivery's own to remember.
        if message.author != self._bot.user or message.interaction_metadata is None:
            return
        for name in button_ids(message):
            picture = await gallery.get(JobId(name))
            if picture is not None and picture.guild_id == guild_id:
                await gallery.add_post(
                    Post(
                        message_id=message_id,
                        job_id=picture.job_id,
                        channel_id=channel_id,
                        guild_id=guild_id,
                        posted_ms=round(message.created_at.timestamp() * 1000),
                    )
                )
                log.info("message %s shows job %s and is a post now", message_id, picture.job_id)
                self._services.signals.posted.set()
