"""Opens the vote under every new post by adding the two reactions.

The rows of unseeded posts are the truth, so posts of the delivery, of `/show` and of a crashed
process are all opened here. Reactions from before the ledger knew the post are a separate debt,
settled by `cogs/voting/reconciling.py`: a crowd under one post must not keep the others closed.
`cogs/voting/votes.py` runs it; a missing permission costs only the ready-made reactions.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

import discord

from bot.client import WaifuBot
from bot.domain import ChannelId, GuildId, Post
from bot.log import whereabouts
from bot.store.gallery import PostDebt
from cogs.posting.faults import DISCORD_ERRORS, is_gone, is_transient
from cogs.posting.lanes import Lanes, Openings, first_by_channel, keep_looking

log = logging.getLogger(__name__)

#: Channels seeded at once, and the time limit for one post in each.
_WIDTH, _PATIENCE_S = 8, 60.0
#: How long the loop sleeps without a nudge.
_POLL_S = 5.0
#: Pauses after passing failures, so that a failing server is not hammered.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 10.0, 300.0


class Seeder:
    """Works in the background; `seeded` is called after each post."""

    def __init__(self, bot: WaifuBot, seeded: Callable[[], None]) -> None:
        self._bot = bot
        self._services = bot.services
        self._seeded = seeded
        self._lanes = Lanes(
            self._owed,
            self._seed,
            about=lambda post: whereabouts(
                job=",".join(post.pictures.values()), guild=post.guild_id
            ),
            rest_key=lambda post: post.message_id,
            elapsed_s=bot.services.elapsed_s,
            nudge=bot.services.signals.posted,
            width=_WIDTH,
            first_pause_s=_FIRST_PAUSE_S,
            longest_pause_s=_LONGEST_PAUSE_S,
        )
        #: Servers whose missing permission or emoji is already logged.
        self._warned: set[GuildId] = set()

    def begin_session(self) -> None:
        """Note that a session began: earlier failures may succeed now."""
        self._lanes.wake_all()

    async def run(self) -> None:
        """Seed until cancelled."""
        await self._bot.wait_until_ready()
        nudge = self._services.signals.posted
        await keep_looking(self._lanes.look, nudge, poll_s=_POLL_S, what="votes to open")

    async def _owed(self, openings: Openings) -> Mapping[ChannelId, Post]:
        posts = await self._services.gallery.posts_with_debt(
            PostDebt.VOTES, openings.free, closed=openings.closed, skip_ids=openings.resting
        )
        return first_by_channel(posts)

    async def _seed(self, post: Post) -> None:
        emoji = await self._services.guilds.vote_emoji(post.guild_id)
        channel = self._bot.get_partial_messageable(post.channel_id, guild_id=post.guild_id)
        message = channel.get_partial_message(post.message_id)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await message.add_reaction(emoji.up)
                await message.add_reaction(emoji.down)
        except DISCORD_ERRORS as problem:
            if is_transient(problem):
                raise
            await self._handle_failure(post, problem)
        await self._services.gallery.clear_debt(PostDebt.VOTES, post.message_id)
        self._seeded()

    async def _handle_failure(self, post: Post, problem: Exception) -> None:
        """Log why the reactions are missing, once per server; members can still add their own."""
        if is_gone(problem):
            await self._services.gallery.record_deleted_messages(
                [post.message_id], self._services.clock()
            )
        elif post.guild_id not in self._warned:
            self._warned.add(post.guild_id)
            code = problem.code if isinstance(problem, discord.HTTPException) else 0
            log.warning("no vote reactions in this server (%s, code %s)", problem, code)
