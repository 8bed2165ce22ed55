"""From an ask to its acknowledgement: consent, policy, queue, answer. Not a cog.

`cogs/waifu.py` and `cogs/buttons.py` both take requests; this is the one way in. Nothing slow
stands before the answer, which Discord wants within three seconds.
"""

from __future__ import annotations

import logging
import secrets
from typing import cast

import discord

from bot import policy, wording
from bot.client import Interaction
from bot.domain import (
    Ask,
    BotError,
    ChannelId,
    GuildId,
    Job,
    MessageId,
    MessageRef,
    Place,
    RefusalReason,
    Refused,
    RequestId,
    UserId,
)
from bot.log import short_hash, whereabouts
from cogs.components import cancel_view
from cogs.faults import DISCORD_ERRORS
from cogs.terms import close_terms, show_terms

log = logging.getLogger(__name__)

_ADULT_GUILDS = {discord.NSFWLevel.explicit, discord.NSFWLevel.age_restricted}


def user_of(interaction: Interaction) -> UserId:
    """Who pressed or typed."""
    return UserId(interaction.user.id)


def guild_of(interaction: Interaction) -> GuildId:
    """In which server; the tree's gate has let nothing else through."""
    assert interaction.guild_id is not None, "the gate lets servers only through"
    return GuildId(interaction.guild_id)


def place_of(interaction: Interaction) -> Place:
    """Where the request was made, with everything that can make the place age-restricted."""
    channel, guild = interaction.channel, interaction.guild
    assert interaction.channel_id is not None, "commands and buttons come from a channel"
    parent = channel.parent if isinstance(channel, discord.Thread) else None
    return Place(
        guild_id=guild_of(interaction),
        channel_id=ChannelId(interaction.channel_id),
        parent_id=ChannelId(channel.parent_id) if isinstance(channel, discord.Thread) else None,
        channel_age_restricted=_is_nsfw(channel),
        parent_age_restricted=_is_nsfw(parent),
        guild_age_restricted=_is_adult_guild(guild),
    )


def is_adult_place(channel: object, guild: discord.Guild | None) -> bool:
    """The channel, its parent or its whole server is age-restricted."""
    parent = channel.parent if isinstance(channel, discord.Thread) else None
    return _is_nsfw(channel) or _is_nsfw(parent) or _is_adult_guild(guild)


def _is_adult_guild(guild: discord.Guild | None) -> bool:
    return guild is not None and guild.nsfw_level in _ADULT_GUILDS


def _is_nsfw(channel: object) -> bool:
    """Not every kind of channel can be age-restricted; those that cannot are not."""
    check = getattr(channel, "is_nsfw", None)
    return check is not None and bool(cast("bool", check()))


def fresh_seed() -> int:
    """A seed that nobody chose."""
    return secrets.randbelow(2**32)


async def tell(interaction: Interaction, text: str) -> None:
    """Answer for these eyes only, in as much as a message holds."""
    text = wording.fit(text)
    if interaction.response.is_done():
        await interaction.followup.send(text, ephemeral=True)
    else:
        await interaction.response.send_message(text, ephemeral=True)


async def submit(
    interaction: Interaction, ask: Ask | Refused, waiting_id: RequestId | None = None
) -> None:
    """Take a request as far as it may go, and answer.

    An ask that waited for the licence as `waiting_id` keeps waiting, button and all, until its
    fate is written down: a crash before that costs a second press, not the request.
    """
    if isinstance(ask, Refused):
        await tell(interaction, ask.text)
        return
    services = interaction.client.services
    outcome = _lacking(interaction) or await _queue(interaction, ask, waiting_id)
    if waiting_id is not None:
        # What was queued waits no more already; its transaction saw to that.
        if not isinstance(outcome, tuple):
            await services.consent.take(waiting_id, ask.user_id)
        await close_terms(interaction, "Here we go." if isinstance(outcome, tuple) else "")
    if outcome is None:
        # On acceptance it comes through here once more, with the policy and the place of then.
        await show_terms(interaction, await services.consent.hold(ask, services.clock()))
    elif isinstance(outcome, Refused):
        log.info("refused (%s), prompt %s", outcome.reason, short_hash(ask.prompt))
        await tell(interaction, outcome.text)
    else:
        services.signals.work.set()
        await _acknowledge(interaction, outcome)


async def _queue(
    interaction: Interaction, ask: Ask, waiting_id: RequestId | None
) -> tuple[Job, ...] | Refused | None:
    """The jobs, or why there are none; None if the licence is not accepted yet."""
    services = interaction.client.services
    verdict = policy.admit(ask, await services.guilds.policy(ask.place.guild_id))
    if isinstance(verdict, Refused):
        return verdict
    if not await services.consent.accepted(ask.user_id, services.model().licence_sha256):
        return None
    return await services.jobs.enqueue(
        verdict, services.caps, services.clock(), waiting_id, since_id=interaction.id
    )


def _lacking(interaction: Interaction) -> Refused | None:
    """What the bot may not do in this channel, before anybody waits for nothing."""
    in_thread = isinstance(interaction.channel, discord.Thread)
    # Without the history a post whose answer was lost cannot be found, and would come twice.
    needed = ("view_channel", "attach_files", "read_message_history") + (
        ("send_messages_in_threads",) if in_thread else ("send_messages",)
    )
    missing = [n for n in needed if not getattr(interaction.app_permissions, n)]
    if not missing:
        return None
    names = ", ".join(name.replace("_", " ").title() for name in missing)
    return Refused(
        reason=RefusalReason.CHANNEL,
        text=f"I could not post the picture here: a moderator must give me {names} in this "
        "channel first.",
    )


async def _acknowledge(interaction: Interaction, jobs: tuple[Job, ...]) -> None:
    """Say where the request stands. If Discord does not take it, the jobs go on all the same."""
    first = jobs[0]
    with whereabouts(job=first.id, guild=first.guild_id):
        log.info("job %s asked -> queued (%s pictures)", first.id, len(jobs))
        try:
            await _tell_standing(interaction, jobs)
        except (*DISCORD_ERRORS, BotError) as problem:
            log.warning("the acknowledgement is not complete (%s); the pictures will come", problem)


async def _tell_standing(interaction: Interaction, jobs: tuple[Job, ...]) -> None:
    services, first = interaction.client.services, jobs[0]
    standing = await services.jobs.standing(first.id)
    eta_ms = None if standing is None else services.progress.eta_ms(standing.ahead)
    text = wording.status(jobs, standing=standing, eta_ms=eta_ms, progress={})
    message_id = await _answer(interaction, text, first)
    message = MessageRef(
        message_id=message_id, channel_id=first.channel_id, guild_id=first.guild_id
    )
    if not await services.jobs.set_status_message(first.request_id, message):
        services.signals.doomed.set()


async def _answer(interaction: Interaction, text: str, job: Job) -> MessageId:
    view = cancel_view(job.request_id)
    if interaction.response.is_done():
        message = await interaction.followup.send(text, view=view, wait=True)
        return MessageId(message.id)
    answer = await interaction.response.send_message(text, view=view)
    assert answer.message_id is not None, "a message was asked for"
    return MessageId(answer.message_id)
