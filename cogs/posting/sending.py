"""Sends a message that is recorded first, so that a crash or a lost answer loses none.

`/show`, `/votes top` and `/duel top` answer through it. Must not know what a message says.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

import discord

from bot.client import Interaction
from bot.domain import BotError, ChannelId, MessageId, Picture, Post
from bot.services import Services
from bot.store.sends import Send, SendAttempt, SendKind
from cogs.posting.faults import is_transient
from cogs.translating import guild_of

log = logging.getLogger(__name__)


def answer_to(interaction: Interaction, kind: SendKind, pictures: Sequence[Picture]) -> Send:
    """The send that answers a command with these pictures."""
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
    """Record the send, `post` it, and record the result.

    Returns False, posting nothing, if its content has been deleted. Errors of `post` propagate:
    after a refusal nothing was sent; after any other error the message may exist, so it is searched
    for.
    """
    services = interaction.client.services
    if await services.sends.begin(send) is SendAttempt.GONE:
        return False
    try:
        await note_sent(services, send, await post())
    except BaseException as problem:
        await _note_failure(services, send, problem)
        raise
    return True


async def note_sent(services: Services, send: Send, message: discord.Message) -> None:
    """Record a sent message, or delete it if its content has gone meanwhile."""
    if send.kind is SendKind.SHOW:
        stays = await services.sends.record_post(send, _post_of(send, message))
        services.signals.posted.set()
    else:
        stays = await services.sends.record_message(send, MessageId(message.id))
    if not stays:
        log.info("message %s is deleted: its content is gone", message.id)
        services.signals.doomed.set()


async def _note_failure(services: Services, send: Send, problem: BaseException) -> None:
    try:
        if _is_certainly_unsent(problem):
            await services.sends.abandon(send)
        else:
            await services.sends.record_lost_answer(send)
            services.signals.lost.set()
            services.signals.doomed.set()
    except BotError as fault:
        log.warning("the result of a send will be recorded at the next start: %s", fault)


def _is_certainly_unsent(problem: BaseException) -> bool:
    """Whether certainly nothing was sent; `ValueError` is a picture that cannot be made to fit."""
    if isinstance(problem, discord.HTTPException):
        return not is_transient(problem)
    return isinstance(problem, ValueError)


def _post_of(send: Send, message: discord.Message) -> Post:
    return Post(
        message_id=MessageId(message.id),
        channel_id=send.channel_id,
        guild_id=send.guild_id,
        posted_ms=round(message.created_at.timestamp() * 1000),
        pictures=dict(enumerate(send.job_ids, 1)),
    )
