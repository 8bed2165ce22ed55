"""Opens the vote under every new post: puts the two reactions there, and reads who was faster.

The rows of unseeded posts are the truth, so posts of the delivery, of `/show` and of a process that
died in between are all opened here. Somebody may react before the ledger knows the post, hence the
reading. `cogs/votes.py` runs it; a lacking permission only costs the ready-made reactions.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Sequence

import discord

from bot.client import WaifuBot
from bot.domain import BotError, GuildId, Post
from bot.log import whereabouts
from cogs.faults import DISCORD_ERRORS, is_gone, is_passing
from cogs.reconciling import Reconciler

log = logging.getLogger(__name__)

#: How long the loop sleeps when nobody nudges it.
_POLL_S = 5.0
#: Rest after a passing failure, so that a sick server is not hammered.
_PAUSE_S = 10.0
#: Posts taken in one round, and channels seeded at the same time.
_LOOK, _WIDTH = 50, 4


class Seeder:
    """Works in the background, one post of a channel at a time."""

    def __init__(self, bot: WaifuBot, reconciler: Reconciler) -> None:
        self._reconciler = reconciler
        self._bot = bot
        self._services = bot.services
        self._slots = asyncio.Semaphore(_WIDTH)
        #: Servers whose lack of a permission or an emoji is in the log already.
        self._told: set[GuildId] = set()

    async def run(self) -> None:
        """Seed until cancelled."""
        await self._bot.wait_until_ready()
        while True:
            try:
                passing = await self.round()
            except BotError as problem:
                log.warning("cannot look for posts to seed: %s", problem)
                passing = True
            if passing:
                await asyncio.sleep(_PAUSE_S)
            else:
                await self._services.signals.posted.wait(_POLL_S)

    async def round(self) -> bool:
        """Seed the posts that lack it; True if some could not be seeded now but may be later."""
        passing = False
        while posts := await self._services.gallery.unseeded(_LOOK):
            posts = sorted(posts, key=lambda post: (post.channel_id, post.message_id))
            lanes = [list(lane) for _, lane in itertools.groupby(posts, lambda p: p.channel_id)]
            done = await asyncio.gather(*(self._lane(lane) for lane in lanes))
            passing = not all(done)
            if passing or len(posts) < _LOOK:
                break
        return passing

    async def _lane(self, posts: Sequence[Post]) -> bool:
        """The posts of one channel in order; False at the first passing failure."""
        async with self._slots:
            for post in posts:
                with whereabouts(job=post.job_id, guild=post.guild_id):
                    if not await self._seed(post):
                        return False
        return True

    async def _seed(self, post: Post) -> bool:
        emoji = await self._services.guilds.vote_emoji(post.guild_id)
        channel = self._bot.get_partial_messageable(post.channel_id, guild_id=post.guild_id)
        message = channel.get_partial_message(post.message_id)
        try:
            await message.add_reaction(emoji.up)
            await message.add_reaction(emoji.down)
        except DISCORD_ERRORS as problem:
            if is_passing(problem):
                log.warning("vote reactions not added yet: %s", problem)
                return False
            await self._lacking(post, problem)
        if not await self._reconciler.settled(post):
            return False
        await self._services.gallery.seeded(post.message_id)
        return True

    async def _lacking(self, post: Post, problem: Exception) -> None:
        """Members can still react by themselves: note why there is nothing to click on."""
        if is_gone(problem):
            await self._services.gallery.message_deleted([post.message_id], self._services.clock())
        elif post.guild_id not in self._told:
            self._told.add(post.guild_id)
            code = problem.code if isinstance(problem, discord.HTTPException) else 0
            log.warning("no vote reactions in this server (%s, code %s)", problem, code)
