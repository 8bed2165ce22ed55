"""Sends a message that is written down first, so that a crash or a lost answer loses track of none.

`/show` and `/votes top` answer through it. It must not know what a message says.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

import discord

from bot.client import Interaction
from bot.domain import BotError, ChannelId, MessageId, Picture, Post
from bot.services import Services
from bot.store.sends import Begun, Send, SendKind
from cogs.posting.faults import is_passing
from cogs.translating import guild_of

log = logging.getLogger(__name__)


def answer_to(interaction: Interaction, kind: SendKind, pictures: Sequence[Picture]) -> Send:
    """The answer to a command, which shows these pictures."""
    assert interaction.channel_id is not None, "commands come from a channel"
    return Send(
        name=str(interaction.id),
        kind=kind,
        guild_id=guild_of(interaction),
        channel_id=ChannelId(interaction.channel_id),
        since_id=interaction.id,
        job_ids=[picture.job_id for picture in pictures],
        spoilered=[picture.job_id for picture in pictures if picture.spoiler],
    )


async def send_tracked(
    interaction: Interaction, send: Send, post: Callable[[], Awaitable[discord.WebhookMessage]]
) -> bool:
    """Write the send down, `post` it, write down what came of it.

    False, and nothing posted, if what it shows is gone by now. What `post` raises passes: after a
    refusal nothing was sent; after anything else the message may be there and is looked for.
    """
    services = interaction.client.services
    if await services.sends.begin(send) is Begun.GONE:
        return False
    try:
        await note_sent(services, send, await post())
    except BaseException as problem:
        await _note_failure(services, send, problem)
        raise
    return True


async def note_sent(services: Services, send: Send, message: discord.Message) -> None:
    """The message is there: remember it, or let it go if what it shows is gone meanwhile."""
    if send.kind is SendKind.SHOW:
        stays = await services.sends.shown(send, _post_of(send, message))
        services.signals.posted.set()
    else:
        stays = await services.sends.sent(send, MessageId(message.id))
    if not stays:
        log.info("message %s shows what is gone by now, so it is taken back", message.id)
        services.signals.doomed.set()


async def _note_failure(services: Services, send: Send, problem: BaseException) -> None:
    try:
        if _refused(problem):
            await services.sends.abandon(send)
        else:
            await services.sends.answer_lost(send)
            services.signals.lost.set()
            services.signals.doomed.set()
    except BotError as also:
        log.warning("what became of a message is written down at the next start: %s", also)


def _refused(problem: BaseException) -> bool:
    """Nothing was sent, for certain; a `ValueError` is a picture that cannot be made to fit."""
    if isinstance(problem, discord.HTTPException):
        return not is_passing(problem)
    return isinstance(problem, ValueError)


def _post_of(send: Send, message: discord.Message) -> Post:
    return Post(
        message_id=MessageId(message.id),
        channel_id=send.channel_id,
        guild_id=send.guild_id,
        posted_ms=round(message.created_at.timestamp() * 1000),
        pictures=dict(enumerate(send.job_ids, 1)),
    )
