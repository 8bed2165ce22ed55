"""Reports the end of a request in a new message, once, if its status message is gone.

Called by `status.py`; must not know when that is needed. Not a cog.
"""

from __future__ import annotations

import logging

import discord

from bot.client import WaifuBot
from bot.domain import MessageId
from bot.store.sends import Send, SendAttempt, SendKind
from bot.store.views import StatusMessage
from bot.words import pictures
from cogs.posting.finding import HistoryUnreadableError, Stretch, newest_own

log = logging.getLogger(__name__)


async def announce_end(bot: WaifuBot, status: StatusMessage, text: str) -> None:
    """Post the end of a request for its member, once, because there is no message to edit."""
    services = bot.services
    notice = Send(
        name=status.request_id,
        kind=SendKind.NOTICE,
        guild_id=status.guild_id,
        channel_id=status.channel_id,
        since_id=status.since_id,
        job_ids=[job.id for job in await services.views.of_request(status.request_id)],
    )
    begun = await services.sends.begin(notice)
    if begun is SendAttempt.GONE:
        return
    try:
        message = await _find_notice(bot, status) if begun is SendAttempt.AGAIN else None
    except HistoryUnreadableError as problem:
        log.info("request %s may already have its final notice: %s", status.request_id, problem)
        return
    if message is None:
        message = await _post_notice(bot, status, text)
    if not await services.sends.record_message(notice, MessageId(message.id)):
        services.signals.doomed.set()


async def _find_notice(bot: WaifuBot, status: StatusMessage) -> discord.Message | None:
    """The notice of an earlier attempt whose answer was lost."""
    return await newest_own(
        bot,
        stretch_of(status),
        lambda m: m.interaction_metadata is None and status.request_id in m.content,
    )


async def _post_notice(bot: WaifuBot, status: StatusMessage, text: str) -> discord.Message:
    channel = bot.get_partial_messageable(status.channel_id, guild_id=status.guild_id)
    return await channel.send(
        f"<@{status.user_id}> {text}\n{pictures.REQUEST(id=status.request_id)}",
        allowed_mentions=discord.AllowedMentions(
            everyone=False, roles=False, users=[discord.Object(status.user_id)]
        ),
        nonce=status.request_id,
    )


def stretch_of(status: StatusMessage, until_id: int | None = None) -> Stretch:
    """The part of the history where messages of a request may be."""
    return Stretch(
        guild_id=status.guild_id,
        channel_id=status.channel_id,
        since_id=status.since_id,
        until_id=until_id,
    )
