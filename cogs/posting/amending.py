"""Amends posts that no longer show their pictures as they should.

One of several pictures is gone, or a moderator put one behind a spoiler. The rows of posts record
the amendments owed; the nudge only saves waiting. The message is edited, so its votes, place and
buttons stay. If an edit can never work, the message is deleted, so that nothing stays visible that
should not be. Must not know who decided it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

import discord

from bot.client import WaifuBot
from bot.domain import BotError, ChannelId, Job, JobId, MessageRef, OwedPostId, Post, Refused
from bot.log import whereabouts
from bot.policy.showing import may_show
from bot.store.gallery import PostDebt
from bot.store.grids import Grid
from bot.words import grids
from cogs.posting.composing import Composition, Pane
from cogs.posting.faults import is_forbidden, is_gone, is_transient
from cogs.posting.lanes import Lanes, Openings, first_by_channel
from cogs.posting.looking import PollingCog
from cogs.posting.noting import unknown_words_note
from cogs.posting.uploads import FittedPicture, upload
from cogs.translating import channel_at, in_public, place_at

log = logging.getLogger(__name__)

#: How long the loop sleeps without a nudge, channels served at once, posts read at once.
_POLL_S, _WIDTH, _LOOK = 30.0, 4, 100
_SPOILER = "SPOILER_"


class Amending(PollingCog):
    """Amends one post at a time per channel."""

    def __init__(self, bot: WaifuBot) -> None:
        super().__init__(
            bot,
            Lanes[Post](
                self._owed,
                self._amend,
                about=lambda post: whereabouts(guild=post.guild_id),
                elapsed_s=bot.services.elapsed_s,
                nudge=bot.services.signals.amend,
                width=_WIDTH,
                rest_key=lambda post: post.message_id,
            ),
            nudge=bot.services.signals.amend,
            what="posts to amend",
            poll_s=_POLL_S,
        )

    async def _owed(self, openings: Openings) -> Mapping[ChannelId, Post]:
        gallery = self._services.gallery
        return first_by_channel(
            await gallery.posts_with_debt(
                PostDebt.AMENDMENT, _LOOK, closed=openings.closed, skip_ids=openings.resting
            )
        )

    async def _amend(self, post: Post) -> None:
        """Edit one message; if that can never work, delete it."""
        with in_public(self._bot, post.guild_id):
            await self._amend_in_public(post)

    async def _amend_in_public(self, post: Post) -> None:
        shown = await self._services.gallery.pictures_to_show(post.message_id)
        try:
            await self._edit(post)
        except discord.HTTPException as problem:
            if is_transient(problem) or (
                is_forbidden(problem) and not await self._shows_deleted_picture(post)
            ):
                raise
            if not is_gone(problem):
                log.warning(
                    "message %s cannot be edited and is deleted: %s", post.message_id, problem
                )
            await self._doom(post)
        except (BotError, ValueError) as problem:
            log.warning("message %s cannot be rebuilt and is deleted: %s", post.message_id, problem)
            await self._doom(post)
        else:
            await self._services.gallery.record_amendment(post.message_id, shown)

    async def _edit(self, post: Post) -> None:
        """Edit the message to its current content. Raises `BotError` if no picture is left."""
        channel = self._bot.get_partial_messageable(post.channel_id, guild_id=post.guild_id)
        message = channel.get_partial_message(post.message_id)
        grid = await self._services.grids.of_message(post.message_id)
        if grid is None:
            composition = await self._compose_single(post)
        else:
            composition = await self._compose_grid(grid, _spoilers_in(await message.fetch()))

        async def edit(fitting: list[FittedPicture]) -> None:
            files = composition.files(fitting)
            if composition.is_grid:
                await message.edit(
                    content=composition.content(fitting), attachments=files, view=composition.view()
                )
            else:
                await message.edit(attachments=files)

        guild = self._bot.get_guild(post.guild_id)
        limit_bytes = guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
        await upload(composition.pngs, limit_bytes, edit)

    async def _compose_single(self, post: Post) -> Composition:
        """Compose the post of a single picture."""
        ((place, job_id),) = post.pictures.items()
        job = await self._services.views.get(job_id)
        pane = None if job is None else await self._pane(job)
        if job is None or pane is None:
            raise BotError("its picture is gone")
        name = OwedPostId(job_id)
        return Composition(
            name=name,
            jobs={place: job},
            panes={place: pane},
            missing={},
            note=await unknown_words_note(self._services, job),
        )

    async def _compose_grid(self, grid: Grid, before: Mapping[JobId, bool]) -> Composition:
        """Compose a grid from its remaining and restored pictures.

        `before` has the pictures that its message shows now, each with its spoiler.
        """
        panes: dict[int, Pane] = {}
        missing = {
            place: grids.why_missing(job)
            for place, job in grid.jobs.items()
            if place not in grid.shown
        }
        for place in sorted(grid.shown):
            job = grid.jobs[place]
            pane = await self._pane(job)
            if pane is None:
                missing[place] = await self._removal_text(job)
            elif pane := await self._with_spoiler_now(pane, before):
                panes[place] = pane
            else:
                missing[place] = grids.NOT_HERE()
        if not panes:
            raise BotError("all its pictures are gone")
        return Composition(
            name=grid.name,
            jobs=grid.jobs,
            panes=panes,
            missing=missing,
            note=await unknown_words_note(self._services, grid.jobs[1]),
        )

    async def _pane(self, job: Job) -> Pane | None:
        """The job's picture with its bytes; None if it is gone."""
        picture = await self._services.gallery.get(job.id)
        if picture is None:
            return None
        return Pane(job=job, picture=picture, png=await self._services.gallery.read(picture))

    async def _with_spoiler_now(self, pane: Pane, before: Mapping[JobId, bool]) -> Pane | None:
        """The picture with the spoiler it needs; None if policy does not allow restoring it.

        A picture that the message shows behind a spoiler stays there, whatever the reason.
        """
        job, picture = pane.job, pane.picture
        if job.id in before:
            spoiler = picture.spoiler or before[job.id]
            return replace(pane, picture=replace(picture, spoiler=spoiler))
        guild = self._bot.get_guild(job.guild_id)
        channel = await channel_at(self._bot, job.guild_id, job.channel_id)
        place = place_at(job.guild_id, job.channel_id, channel=channel, guild=guild)
        verdict = may_show(job, picture, await self._services.policy_at(place))
        if isinstance(verdict, Refused):
            return None
        return replace(pane, picture=replace(picture, spoiler=verdict.spoiler))

    async def _removal_text(self, job: Job) -> str:
        removed = await self._services.gallery.is_removed(job.id)
        return grids.REMOVED() if removed else grids.DELETED()

    async def _shows_deleted_picture(self, post: Post) -> bool:
        """Whether the post shows a deleted picture."""
        shown = [await self._services.gallery.get(job_id) for job_id in post.pictures.values()]
        return None in shown

    async def _doom(self, post: Post) -> None:
        await self._services.doomed.add(
            MessageRef(
                message_id=post.message_id, channel_id=post.channel_id, guild_id=post.guild_id
            )
        )
        await self._services.gallery.clear_debt(PostDebt.AMENDMENT, post.message_id)
        self._services.signals.doomed.set()


def _spoilers_in(message: discord.Message) -> dict[JobId, bool]:
    """Whether each picture in a message has a spoiler; read from the file names."""
    return {
        JobId(file.filename.removeprefix(_SPOILER).partition(".")[0]): file.is_spoiler()
        for file in message.attachments
    }


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Amending(bot))
