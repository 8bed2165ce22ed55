"""The gallery channel: shows pictures that members like, once each, until they are deleted.

A server has none until its moderators choose one. Everybody who reads the gallery must be able to
read a channel where the picture was posted, and policy is checked for the gallery as for every
place. Each showing is recorded before it is sent, so a crash posts nothing twice.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

import discord

from bot.client import WaifuBot
from bot.domain import ChannelId, Job, MessageId, Picture, Post, StorageError
from bot.log import whereabouts
from bot.policy.showing import Shown, may_show
from bot.store.showpieces import Showpiece
from bot.words import exhibiting, wording
from cogs.audience import may_show_here
from cogs.components import Action, row_of
from cogs.posting.faults import DISCORD_ERRORS, is_transient
from cogs.posting.finding import Stretch, newest_own, shows
from cogs.posting.lanes import Lanes, Openings
from cogs.posting.looking import PollingCog
from cogs.posting.uploads import FittedPicture, upload, with_compression_note
from cogs.translating import in_public, place_at, url_of

log = logging.getLogger(__name__)

#: Votes come at any time, and nobody waits for this.
_POLL_S = 10.0
_WIDTH, _READ = 4, 100
_NEEDED = ("view_channel", "send_messages", "attach_files", "read_message_history")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Exhibit:
    """A picture as the gallery may show it."""

    job: Job
    picture: Picture
    #: A post of it that every reader of the gallery can read.
    post: Post


class Exhibiting(PollingCog):
    """One lane per gallery channel."""

    #: The number of liked pictures that the latest looks have checked.
    _looked_at: int = 0

    def __init__(self, bot: WaifuBot) -> None:
        super().__init__(
            bot,
            Lanes(
                self._owed,
                self._exhibit,
                about=lambda showpiece: whereabouts(job=showpiece.job_id, guild=showpiece.guild_id),
                elapsed_s=bot.services.elapsed_s,
                nudge=bot.services.signals.gallery,
                width=_WIDTH,
                rest_key=lambda showpiece: showpiece.job_id,
            ),
            nudge=bot.services.signals.gallery,
            what="pictures for galleries",
            poll_s=_POLL_S,
        )

    async def _owed(self, openings: Openings) -> Mapping[ChannelId, Showpiece]:
        """The first showpiece of each gallery that can be written to.

        A picture that may not be shown there waits, in case that changes; one already begun is
        ended. The next look starts behind those just checked, so that waiting ones hide no others.
        """
        owed = await self._services.showpieces.owed_showpieces(
            self._services.clock(), _READ, closed=openings.closed, skip=self._looked_at
        )
        is_all = sum(not showpiece.begun for showpiece in owed) < _READ
        self._looked_at = 0 if is_all else self._looked_at + _READ
        found: dict[ChannelId, Showpiece] = {}
        for showpiece in owed:
            if showpiece.channel_id in found or showpiece.job_id in openings.resting:
                continue
            if not self._may_write(showpiece):
                continue
            if showpiece.begun or await self._find_exhibit(showpiece) is not None:
                found[showpiece.channel_id] = showpiece
        return found

    async def _exhibit(self, showpiece: Showpiece) -> None:
        try:
            await self._exhibit_once(showpiece)
        except StorageError as problem:
            # A showpiece without a row to end rests alone, and those behind it go on.
            if not showpiece.begun:
                raise
            await self._give_up(showpiece, problem)
        except ValueError as problem:
            await self._give_up(showpiece, problem)
        except discord.HTTPException as problem:
            if is_transient(problem):
                raise
            await self._give_up(showpiece, problem)

    async def _exhibit_once(self, showpiece: Showpiece) -> None:
        exhibit = await self._find_exhibit(showpiece)
        if exhibit is None:
            await self._give_up(showpiece, None)
            return
        png = await self._services.gallery.read(exhibit.picture)
        showpieces = self._services.showpieces
        first = await showpieces.begin(
            showpiece, self._services.clock(), spoilered=exhibit.picture.spoiler
        )
        if first is None:
            return
        message = None if first else await self._find(showpiece)
        if message is None:
            message = await self._post_tracked(showpiece, exhibit, png)
        await asyncio.shield(self._record(showpiece, MessageId(message.id)))

    async def _record(self, showpiece: Showpiece, message_id: MessageId) -> None:
        if not await self._services.showpieces.record_message(showpiece, message_id):
            log.info("picture %s left the gallery while it was being posted", showpiece.job_id)
            self._services.signals.doomed.set()

    async def _give_up(self, showpiece: Showpiece, problem: Exception | None) -> None:
        log.info(
            "picture %s is not shown in the gallery: %s", showpiece.job_id, problem or "policy"
        )
        await self._services.showpieces.give_up(showpiece, self._services.clock())
        self._services.signals.doomed.set()

    async def _find(self, showpiece: Showpiece) -> discord.Message | None:
        """The message of an earlier attempt whose answer was lost."""
        stretch = Stretch(
            guild_id=showpiece.guild_id,
            channel_id=showpiece.channel_id,
            since_id=showpiece.since_id,
        )
        return await newest_own(
            self._bot,
            stretch,
            lambda message: (
                message.interaction_metadata is None and shows(message, showpiece.job_id)
            ),
        )

    async def _post_tracked(
        self, showpiece: Showpiece, exhibit: _Exhibit, png: bytes
    ) -> discord.Message:
        try:
            with in_public(self._bot, showpiece.guild_id):
                return await self._post(showpiece, exhibit, png)
        except DISCORD_ERRORS as problem:
            if is_transient(problem):
                await self._services.showpieces.record_lost_answer(showpiece)
                self._services.signals.doomed.set()
            raise

    async def _post(self, showpiece: Showpiece, exhibit: _Exhibit, png: bytes) -> discord.Message:
        guild = self._bot.get_guild(showpiece.guild_id)
        limit = guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
        channel = self._bot.get_partial_messageable(
            showpiece.channel_id, guild_id=showpiece.guild_id
        )
        emoji = await self._services.guilds.vote_emoji(showpiece.guild_id)
        tally = await self._services.votes.tally(showpiece.job_id)
        up = f"<:{emoji.up}>" if ":" in emoji.up else emoji.up
        words = exhibiting.credit(exhibit.job, tally, up, url_of(exhibit.post))

        async def send(fitting: list[FittedPicture]) -> discord.Message:
            return await channel.send(
                with_compression_note(words, fitting),
                file=_exhibit_file(exhibit, fitting[0]),
                view=row_of(
                    *((action, exhibit.job.id)
                      for action in (Action.SETTINGS, Action.STAR, Action.REPORT))
                ),
                allowed_mentions=discord.AllowedMentions.none(),
                nonce=showpiece.job_id,
                suppress_embeds=True,
            )  # fmt: skip

        return await upload([png], limit, send)

    def _may_write(self, showpiece: Showpiece) -> bool:
        """Whether the bot can post pictures there now, and search for its own."""
        guild = self._bot.get_guild(showpiece.guild_id)
        channel = guild and guild.get_channel(showpiece.channel_id)
        if not isinstance(channel, discord.TextChannel):
            return False
        permissions = channel.permissions_for(channel.guild.me)
        return all(getattr(permissions, name) for name in _NEEDED)

    async def _find_exhibit(self, showpiece: Showpiece) -> _Exhibit | None:
        """The picture, if the gallery is still this channel and may show it."""
        services, guild = self._services, self._bot.get_guild(showpiece.guild_id)
        terms = (await services.guilds.policy(showpiece.guild_id)).gallery
        if guild is None or terms.channel != showpiece.channel_id:
            return None
        job = await services.views.get(showpiece.job_id)
        picture = await services.gallery.get(showpiece.job_id)
        if job is None or picture is None:
            return None
        posts = [
            post
            for post in await services.gallery.posts(job.id)
            if may_show_here(guild, showpiece.channel_id, post.channel_id)
        ]
        channel = guild.get_channel(showpiece.channel_id)
        place = place_at(showpiece.guild_id, showpiece.channel_id, channel=channel, guild=guild)
        verdict = may_show(job, picture, await services.policy_at(place))
        if not posts or not isinstance(verdict, Shown):
            return None
        return _Exhibit(job=job, picture=replace(picture, spoiler=verdict.spoiler), post=posts[0])


def _exhibit_file(exhibit: _Exhibit, one: FittedPicture) -> discord.File:
    return discord.File(
        io.BytesIO(one.data),
        f"{exhibit.job.id}.{one.extension}",
        spoiler=exhibit.picture.spoiler,
        description=wording.alt_text(exhibit.job),
    )


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Exhibiting(bot))
