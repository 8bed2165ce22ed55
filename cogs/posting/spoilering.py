"""Puts posted pictures behind Discord's spoiler where a moderator said so.

The rows of posts say what is owed, the nudge only saves waiting. The picture is put into the same
message anew under a spoiler's name, so its votes, its place and its buttons stay. It must not know
who decided it.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping

import discord

from bot.client import WaifuBot
from bot.domain import BotError, ChannelId, MessageRef, Post
from bot.log import whereabouts
from bot.store.gallery import PostDebt
from bot.words import wording
from cogs.posting.faults import is_forbidden, is_gone, is_passing
from cogs.posting.lanes import Lanes, Openings, first_of_each
from cogs.posting.looking import Looking
from cogs.posting.uploads import fitted

log = logging.getLogger(__name__)

#: How long the loop sleeps when nobody nudges it, channels worked for at once, posts in one look.
_POLL_S, _WIDTH, _LOOK = 30.0, 4, 100


class Spoilering(Looking):
    """One post of a channel after the other."""

    def __init__(self, bot: WaifuBot) -> None:
        super().__init__(
            bot,
            Lanes[Post](
                self._owed,
                self._cover,
                about=lambda post: whereabouts(guild=post.guild_id),
                elapsed_s=bot.services.elapsed_s,
                nudge=bot.services.signals.spoiler,
                width=_WIDTH,
                alone=lambda post: post.message_id,
            ),
            nudge=bot.services.signals.spoiler,
            what="pictures to put behind spoilers",
            poll_s=_POLL_S,
        )

    async def _owed(self, openings: Openings) -> Mapping[ChannelId, Post]:
        gallery = self._services.gallery
        return first_of_each(
            await gallery.owing(
                PostDebt.SPOILER, _LOOK, besides=openings.closed, nor=openings.resting
            )
        )

    async def _cover(self, post: Post) -> None:
        """Edit one message; where that will never do, it goes: nothing stays uncovered."""
        channel = self._bot.get_partial_messageable(post.channel_id, guild_id=post.guild_id)
        message = channel.get_partial_message(post.message_id)
        try:
            files = [await self._file(post, place) for place in post.pictures]
            await message.edit(attachments=files)
        except discord.HTTPException as problem:
            if is_passing(problem) or is_forbidden(problem):
                raise
            if not is_gone(problem):
                log.warning("message %s takes no spoiler and goes: %s", post.message_id, problem)
            await self._let_go(post)
        except (BotError, ValueError) as problem:
            log.warning("message %s cannot be covered and goes: %s", post.message_id, problem)
            await self._let_go(post)
        else:
            await self._services.gallery.paid(PostDebt.SPOILER, post.message_id)

    async def _file(self, post: Post, place: int) -> discord.File:
        """The picture as a spoiler, in the size that the server takes."""
        job_id = post.pictures[place]
        job = await self._services.views.get(job_id)
        picture = await self._services.gallery.get(job_id)
        if job is None or picture is None:
            raise BotError("its picture is gone")
        guild = self._bot.get_guild(post.guild_id)
        limit_bytes = guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
        data, extension = await fitted(await self._services.gallery.read(picture), limit_bytes)
        return discord.File(
            io.BytesIO(data),
            f"{job_id}.{extension}",
            spoiler=picture.spoiler,
            description=wording.alt_text(job),
        )

    async def _let_go(self, post: Post) -> None:
        await self._services.doomed.add(
            MessageRef(
                message_id=post.message_id, channel_id=post.channel_id, guild_id=post.guild_id
            )
        )
        await self._services.gallery.paid(PostDebt.SPOILER, post.message_id)
        self._services.signals.doomed.set()


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Spoilering(bot))
