"""Posts owed pictures with the bot's own token: none is lost, and none is posted twice.

The database is the truth: a post is owed while pictures of it are `rendered`; the nudge only saves
waiting. The intent is recorded before the first POST and the post after it. If an old intent is
found, the channel is searched before posting again; without the right to search, nothing is posted.
Must not know how pictures are made.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace

import discord

from bot.client import WaifuBot
from bot.domain import (
    ChannelId,
    GuildId,
    Job,
    JobId,
    JobState,
    MessageId,
    OwedPost,
    Picture,
    Post,
    RefusalReason,
    Refused,
    StorageError,
)
from bot.log import whereabouts
from bot.policy.showing import may_show
from bot.store.outbox import Posting
from bot.words import grids, pictures
from bot.words.speaking import ENGLISH, speaking
from cogs.posting.composing import Composition, Pane
from cogs.posting.faults import DISCORD_ERRORS, is_forbidden, is_gone, is_transient
from cogs.posting.finding import HistoryUnreadableError, Stretch, newest_own, shows
from cogs.posting.lanes import Lanes, Openings, first_by_channel
from cogs.posting.looking import PollingCog
from cogs.posting.noting import unknown_words_note
from cogs.posting.uploads import upload
from cogs.translating import channel_at, in_public, place_at

log = logging.getLogger(__name__)

#: How long the loop sleeps without a nudge.
_POLL_S = 2.0
#: Channels served at once.
_WIDTH = 8

#: Public reasons for which policy forbids a post here. Policy's own text is for the member alone:
#: it may name the terms that moderators block.
_NOT_HERE = {
    RefusalReason.AGE: pictures.FOR_ADULTS,
    RefusalReason.CHANNEL: pictures.SWITCHED_OFF,
    RefusalReason.SERVER: pictures.WORDS_BLOCKED,
}


class UndeliverableError(Exception):
    """A picture or post can never be shown; the message says why, with `{id}`s left open.

    It is stored, so it is English; readers get it in their own language.
    """


class Delivery(PollingCog):
    """One lane per channel: posts in order, and a slow channel delays nobody else."""

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
                rest_key=lambda owed: owed.id,
                in_order=True,
            ),
            nudge=bot.services.signals.deliver,
            what="pictures to post",
            poll_s=_POLL_S,
        )

    async def _owed(self, openings: Openings) -> Mapping[ChannelId, OwedPost]:
        now_ms = self._services.clock()
        posts = await self._services.outbox.owed_posts(
            now_ms, openings.closed, openings.free, skip_ids=openings.resting
        )
        return first_by_channel(posts)

    async def _deliver(self, owed: OwedPost) -> None:
        with in_public(self._bot, owed.guild_id):
            await self._deliver_in_public(owed)

    async def _deliver_in_public(self, owed: OwedPost) -> None:
        try:
            await self._deliver_once(owed)
        except UndeliverableError as fault:
            await self._give_up(owed, str(fault), fault)
        except discord.HTTPException as problem:
            if is_transient(problem):
                raise
            await self._give_up(owed, _failure_reason(problem), problem)

    async def _deliver_once(self, owed: OwedPost) -> None:
        posting = await self._services.outbox.begin_posting(owed.id, self._services.clock())
        if posting is None:
            return
        message = None if posting.is_first else await self._find(owed, posting.since_id)
        if message is None:
            message = await self._post_tracked(owed, posting)
        if message is not None:
            await asyncio.shield(self._record(owed, message))

    async def _record(self, owed: OwedPost, message: discord.Message) -> None:
        """Record the post; its pictures may have been deleted meanwhile."""
        post = Post(
            message_id=MessageId(message.id),
            channel_id=owed.channel_id,
            guild_id=owed.guild_id,
            posted_ms=round(message.created_at.timestamp() * 1000),
            pictures=_pictures_in(message, owed),
        )
        if await self._services.outbox.record_delivery(owed.id, post, self._services.clock()):
            for nudge in (self._services.signals.posted, self._services.signals.status):
                nudge.set()
        else:
            log.info("post %s is no longer owed and is deleted", owed.id)
        # One of its pictures may have been deleted meanwhile.
        self._services.signals.notify_removed()

    async def _find(self, owed: OwedPost, since_id: int) -> discord.Message | None:
        """The post of an earlier attempt whose answer was lost."""
        try:
            found = await newest_own(
                self._bot,
                Stretch(guild_id=owed.guild_id, channel_id=owed.channel_id, since_id=since_id),
                lambda message: message.interaction_metadata is None and shows(message, owed.id),
            )
        except HistoryUnreadableError as problem:
            raise UndeliverableError(pictures.PERHAPS_POSTED) from problem
        log.info("an earlier attempt %s", "is in the channel" if found else "sent nothing")
        return found

    async def _post_tracked(self, owed: OwedPost, posting: Posting) -> discord.Message | None:
        """Post the pictures that may be shown; None if there are none."""
        composition = await self._compose(owed)
        if composition is None:
            self._services.signals.status.set()
            return None
        channel = self._bot.get_partial_messageable(owed.channel_id, guild_id=owed.guild_id)
        try:
            message = await self._post(channel, owed, composition)
        except DISCORD_ERRORS as problem:
            if is_transient(problem):
                await self._services.outbox.record_lost_answer(owed, posting)
                self._services.signals.doomed.set()
            raise
        kept_ms = max(pane.picture.created_ms for pane in composition.panes.values())
        self._services.progress.record_posted(kept_ms, self._services.clock())
        return message

    async def _compose(self, owed: OwedPost) -> Composition | None:
        """Compose the post; pictures that may not be shown fail here, with the reason."""
        panes: dict[int, Pane] = {}
        jobs = dict(owed.jobs)
        for place, job in owed.drawn.items():
            try:
                panes[place] = await self._pane(job)
            except UndeliverableError as fault:
                error = _failure_text(job, str(fault))
                await self._services.outbox.fail_delivery(
                    {job.id: error}, self._services.clock(), error
                )
                jobs[place] = replace(job, state=JobState.FAILED, error=error)
        if not panes:
            return None
        return Composition(
            name=owed.id,
            jobs=jobs,
            panes=panes,
            missing={p: grids.why_missing(job) for p, job in jobs.items() if p not in panes},
            note=await unknown_words_note(self._services, next(iter(jobs.values()))),
        )

    async def _pane(self, job: Job) -> Pane:
        """The picture with its bytes. Raises `UndeliverableError` if it may not be shown."""
        picture = await self._services.gallery.get(job.id)
        if picture is None:
            raise UndeliverableError(pictures.DELETED_BEFORE)
        picture = await self._recheck_policy(job, picture)
        return Pane(job=job, picture=picture, png=await self._read_file(picture))

    async def _post(
        self, channel: discord.PartialMessageable, owed: OwedPost, composition: Composition
    ) -> discord.Message:
        """Post it, shrinking the pictures until Discord accepts them."""
        first = next(iter(owed.jobs.values()))
        try:
            return await upload(
                composition.pngs,
                self._limit_bytes(owed.guild_id),
                lambda fitting: channel.send(
                    composition.content(fitting),
                    files=composition.files(fitting),
                    view=composition.view(),
                    allowed_mentions=discord.AllowedMentions(
                        everyone=False,
                        roles=False,
                        replied_user=False,
                        users=[discord.Object(first.user_id)],
                    ),
                    nonce=owed.id,
                    suppress_embeds=True,
                ),
            )
        except ValueError:
            raise UndeliverableError(pictures.TOO_LARGE_TO_POST) from None

    async def _recheck_policy(self, job: Job, picture: Picture) -> Picture:
        """Check policy again: the channel and the server's rules may have changed."""
        guild = self._bot.get_guild(job.guild_id)
        channel = await channel_at(self._bot, job.guild_id, job.channel_id)
        place = place_at(job.guild_id, job.channel_id, channel=channel, guild=guild)
        policy = await self._services.policy_at(place)
        with speaking(ENGLISH):
            verdict = may_show(job, picture, policy)
        if isinstance(verdict, Refused):
            raise UndeliverableError(_NOT_HERE.get(verdict.reason, verdict.text))
        return replace(picture, spoiler=verdict.spoiler)

    async def _read_file(self, picture: Picture) -> bytes:
        try:
            return await self._services.gallery.read(picture)
        except (StorageError, FileNotFoundError) as problem:
            log.error("%s", problem)  # noqa: TRY400  the sentence says it all
            raise UndeliverableError(pictures.FILE_UNREADABLE) from None

    def _limit_bytes(self, guild_id: GuildId) -> int:
        guild = self._bot.get_guild(guild_id)
        return guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES

    async def _give_up(self, owed: OwedPost, text: str, problem: Exception) -> None:
        """Give up a post that cannot be shown at all; `text` is an `UndeliverableError`'s."""
        errors = {job.id: _failure_text(job, text) for job in owed.drawn.values()}
        await self._services.outbox.fail_delivery(errors, self._services.clock(), str(problem))
        self._services.signals.status.set()


def _pictures_in(message: discord.Message, owed: OwedPost) -> dict[int, JobId]:
    """The pictures in a message, by place, even those that may no longer be shown."""
    names = [attachment.filename for attachment in message.attachments]
    return {
        place: job.id
        for place, job in owed.jobs.items()
        if any(job.id in filename for filename in names)
    }


def _failure_reason(problem: BaseException) -> str:
    if is_gone(problem):
        return pictures.NO_CHANNEL
    return pictures.NO_PERMISSION if is_forbidden(problem) else pictures.NOT_TAKEN


def _failure_text(job: Job, text: str) -> str:
    """The stored sentence, filled in for this picture."""
    return text.replace("{id}", job.id)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Delivery(bot))
