"""A word to the member of a case, in the channel where they asked. Not a cog.

It is a courtesy that comes after the deed: where it cannot be said, what was decided holds all the
same, and the log says so.
"""

from __future__ import annotations

import logging

import discord

from bot.client import WaifuBot
from bot.store.case_rows import Case
from cogs.posting.faults import DISCORD_ERRORS

log = logging.getLogger(__name__)


async def tell_member(bot: WaifuBot, case: Case, text: str) -> None:
    """Say it once: Discord takes no second message of the same nonce."""
    channel = bot.get_partial_messageable(case.channel_id, guild_id=case.guild_id)
    mentions = discord.AllowedMentions(
        everyone=False, roles=False, users=[discord.Object(case.user_id)]
    )
    try:
        await channel.send(text, allowed_mentions=mentions, nonce=f"{case.id}-told")
    except DISCORD_ERRORS as problem:
        log.info("a member could not be told what was decided: %s", problem)
