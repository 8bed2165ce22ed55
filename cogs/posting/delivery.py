"""Makes the posts that are owed, with the bot's own token: no picture lost, no post made twice.

The database is the truth: a post is owed while pictures of it are `rendered`, and the nudge only
saves waiting. The intent is recorded before the first POST and the post after it; whoever finds an
old intent looks in the channel before posting again, and does not post where it may not look. It
must not know how pictures are made.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Mapping
from dataclasses import replace

import discord

from bot.client import WaifuBot
from bot.domain import (
    ChannelId,
    GuildId,
    Job,
    MessageId,
    OwedPost,
    Picture,
    Post,
    PostLayout,
    RefusalReason,
    Refused,
    StorageError,
)
from bot.log import whereabouts
from bot.policy.showing import may_show
from bot.store.outbox import Posting
from bot.words import wording
from cogs.components import post_view
from cogs.posting.faults import DISCORD_ERRORS, is_forbidden, is_gone, is_passing
from cogs.posting.finding import BlindError, Stretch, newest_own, shows
from cogs.posting.lanes import Lanes, Openings, first_of_each
from cogs.posting.looking import Looking
from cogs.posting.noting import note
from cogs.posting.uploads import upload
from cogs.translating import channel_at, place_at

log = logging.getLogger(__name__)

#: How long the loop sleeps when nobody nudges it.
_POLL_S = 2.0
#: Channels that are posted to at the same time.
_WIDTH = 8

_KEPT = "The picture is kept: `/show {id}` brings it back in another channel of this server."
_NO_PERMISSION = (
    "I may not post pictures in this channel any more (I need View Channel, Send Messages and "
    "Attach Files). " + _KEPT
)
_NO_CHANNEL = "The channel is gone. " + _KEPT
_REFUSED = "Discord would not take the message. " + _KEPT
_TOO_LARGE = "I could not make the picture small enough for this server. " + _KEPT
#: Why policy does not let it be posted here. What it says itself is for one pair of eyes: it may
#: name the terms that moderators block, and the last word of a request is for all to read.
_NOT_HERE = {
    RefusalReason.AGE: (
        "This picture is for adults, and the channel is not age-restricted any more. The picture "
        "is kept: `/show {id}` brings it back in an age-restricted channel of this server."
    ),
    RefusalReason.CHANNEL: "The moderators switched me off in this channel. " + _KEPT,
    RefusalReason.SERVER: (
        "The moderators blocked what this picture was asked for with, so I do not post it."
    ),
}
_BLIND = (
    "I may have posted the picture already, but without Read Message History in this channel I "
    "can't look, so I don't post it twice. " + _KEPT
)
_DELETED = "The picture was deleted before I could post it."
_UNREADABLE = "The picture's file cannot be read from my disk. Tell the operator, or ask again."


class UndeliverableError(Exception):
    """The post cannot be made, now or later; the message tells its user why."""


class Delivery(Looking):
    """One lane for each channel: posts in order, a slow channel holds up nobody else."""

    def __init__(self, bot: WaifuBot) -> None:
        super().__init__(
            bot,
            Lanes(
                self._owed,
                self._deliver,
                about=lambda owed: whereabouts(job=owed.id, guild=owed.guild_id),
                elapsed_s=bot.services.elapsed_s,
                nudge=bot.services.signals.deliver,
                width=_WIDTH,
                alone=lambda owed: owed.id,
                in_order=True,
            ),
            nudge=bot.services.signals.deliver,
            what="pictures to post",
            poll_s=_POLL_S,
        )

    async def _owed(self, openings: Openings) -> Mapping[ChannelId, OwedPost]:
        now_ms = self._services.clock()
        posts = await self._services.outbox.owed(
            now_ms, openings.closed, openings.free, nor=openings.resting
        )
        return first_of_each(posts)

    async def _deliver(self, owed: OwedPost) -> None:
        try:
            await self._deliver_once(owed)
        except UndeliverableError as fault:
            await self._give_up(owed, str(fault), fault)
        except discord.HTTPException as problem:
            if is_passing(problem):
                raise
            await self._give_up(owed, _reason(problem).format(id=owed.id), problem)

    async def _deliver_once(self, owed: OwedPost) -> None:
        posting = await self._services.outbox.begin_posting(owed.id, self._services.clock())
        if posting is None:
            return
        message = None if posting.is_first else await self._find(owed, posting.since_id)
        if message is None:
            message = await self._post_tracked(owed, posting)
        await asyncio.shield(self._record(owed, message))

    async def _record(self, owed: OwedPost, message: discord.Message) -> None:
        """Write down that the deed is done, or that it is to be undone: a picture is deleted."""
        post = Post(
            message_id=MessageId(message.id),
            channel_id=owed.channel_id,
            guild_id=owed.guild_id,
            posted_ms=round(message.created_at.timestamp() * 1000),
            pictures={place: job.id for place, job in owed.jobs.items()},
        )
        if await self._services.outbox.delivered(owed.id, post, self._services.clock()):
            self._services.signals.posted.set()
            self._services.signals.status.set()
            return
        log.info("post %s is owed no more, so it is taken back", owed.id)
        self._services.signals.doomed.set()

    async def _find(self, owed: OwedPost, since_id: int) -> discord.Message | None:
        """The post of an earlier try whose answer never came."""
        try:
            found = await newest_own(
                self._bot,
                Stretch(guild_id=owed.guild_id, channel_id=owed.channel_id, since_id=since_id),
                lambda message: message.interaction_metadata is None and shows(message, owed.id),
            )
        except BlindError as problem:
            raise UndeliverableError(_BLIND.format(id=owed.id)) from problem
        log.info("an earlier try %s", "is in the channel" if found else "left nothing behind")
        return found

    async def _post_tracked(self, owed: OwedPost, posting: Posting) -> discord.Message:
        channel = self._bot.get_partial_messageable(owed.channel_id, guild_id=owed.guild_id)
        try:
            return await self._post(channel, owed)
        except DISCORD_ERRORS as problem:
            if is_passing(problem):
                await self._services.outbox.answer_lost(owed, posting)
                self._services.signals.doomed.set()
            raise

    async def _post(self, channel: discord.PartialMessageable, owed: OwedPost) -> discord.Message:
        """Make the post as its layout says."""
        match owed.layout:
            case PostLayout.SINGLE:
                (job,) = owed.jobs.values()
                return await self._post_single(channel, job)
            case PostLayout.DUEL | PostLayout.PRIVATE:
                raise AssertionError("the outbox owes no such post")

    async def _post_single(self, channel: discord.PartialMessageable, job: Job) -> discord.Message:
        """Post the picture, smaller and smaller until Discord takes it."""
        picture = await self._services.gallery.get(job.id)
        if picture is None:
            raise UndeliverableError(_DELETED)
        picture = await self._as_shown(job, picture)
        png = await self._read(picture)
        try:
            return await upload(
                png,
                self._limit_bytes(job.guild_id),
                lambda data, extension: self._send(channel, job, picture, data, extension),
            )
        except ValueError:
            raise UndeliverableError(_TOO_LARGE.format(id=job.id)) from None

    async def _as_shown(self, job: Job, picture: Picture) -> Picture:
        """Ask policy again: the channel and the server's rules may have changed meanwhile."""
        guild = self._bot.get_guild(job.guild_id)
        channel = await channel_at(self._bot, job.guild_id, job.channel_id)
        place = place_at(job.guild_id, job.channel_id, channel=channel, guild=guild)
        verdict = may_show(job, picture, await self._services.policy_at(place))
        if isinstance(verdict, Refused):
            told = _NOT_HERE.get(verdict.reason)
            raise UndeliverableError(told.format(id=job.id) if told else verdict.text)
        return replace(picture, spoiler=verdict.spoiler)

    async def _read(self, picture: Picture) -> bytes:
        try:
            return await self._services.gallery.read(picture)
        except (StorageError, FileNotFoundError) as problem:
            log.error("%s", problem)  # noqa: TRY400  the sentence says it all
            raise UndeliverableError(_UNREADABLE) from None

    def _limit_bytes(self, guild_id: GuildId) -> int:
        guild = self._bot.get_guild(guild_id)
        return guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES

    async def _send(
        self,
        channel: discord.PartialMessageable,
        job: Job,
        picture: Picture,
        data: bytes,
        extension: str,
    ) -> discord.Message:
        return await channel.send(
            wording.caption(job, picture, await note(self._services, job)),
            file=discord.File(
                io.BytesIO(data),
                filename=f"{job.id}.{extension}",
                spoiler=picture.spoiler,
                description=wording.alt_text(job),
            ),
            view=post_view(job.id),
            allowed_mentions=discord.AllowedMentions(
                everyone=False,
                roles=False,
                replied_user=False,
                users=[discord.Object(job.user_id)],
            ),
            nonce=job.owed_post_id,
            suppress_embeds=True,
        )

    async def _give_up(self, owed: OwedPost, text: str, problem: Exception) -> None:
        now_ms = self._services.clock()
        await self._services.outbox.fail_delivery(owed.id, text, now_ms, str(problem))
        self._services.signals.status.set()


def _reason(problem: BaseException) -> str:
    if is_gone(problem):
        return _NO_CHANNEL
    return _NO_PERMISSION if is_forbidden(problem) else _REFUSED


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Delivery(bot))
