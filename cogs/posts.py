"""Messages that show pictures, seen from their end: taking one down. Not a cog."""

from __future__ import annotations

import logging

import aiohttp
import discord

from bot.client import WaifuBot
from bot.domain import Post

log = logging.getLogger(__name__)


async def take_down(bot: WaifuBot, post: Post) -> None:
    """Delete a message that shows a picture; one that is gone already is as good."""
    channel = bot.get_partial_messageable(post.channel_id, guild_id=post.guild_id)
    try:
        await channel.get_partial_message(post.message_id).delete()
    except (discord.HTTPException, aiohttp.ClientError) as problem:
        log.info("message %s not deleted: %s", post.message_id, problem)
