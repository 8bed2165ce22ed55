"""Opens the vote under every new post: puts the two reactions there.

The rows of unseeded posts are the truth, so posts of the delivery, of `/show` and of a process that
died in between are all opened here. Who reacted before the ledger knew the post is another debt,
which `cogs/voting/reconciling.py` pays: a crowd under one post must not keep the others closed.
`cogs/voting/votes.py` runs it; a lacking permission only costs the ready-made reactions.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import discord

from bot.client import WaifuBot
from bot.domain import GuildId, Post
from cogs.posting.faults import DISCORD_ERRORS, is_gone, is_passing
from cogs.voting.rounds import Outcome, Rounds

log = logging.getLogger(__name__)

#: Channels seeded at the same time, and how long each of them may take over one post.
_WIDTH, _PATIENCE_S = 8, 60.0
#: Pauses after passing failures, so that a sick server is not hammered.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 10.0, 300.0


class Seeder:
    """Works in the background; `seeded` is called after each post."""

    def __init__(self, bot: WaifuBot, seeded: Callable[[], None]) -> None:
        self._bot = bot
        self._services = bot.services
        self._seeded = seeded
        self._lanes = Rounds(
            bot.services.gallery.unseeded,
            self._seed,
            bot.services.signals.posted,
            width=_WIDTH,
            first_pause_s=_FIRST_PAUSE_S,
            longest_pause_s=_LONGEST_PAUSE_S,
        )
        #: Servers whose lack of a permission or an emoji is in the log already.
        self._told: set[GuildId] = set()

    def begin(self) -> None:
        """A session began: whatever failed may go well now."""
        self._lanes.wake_all()

    async def run(self) -> None:
        """Seed until cancelled."""
        await self._bot.wait_until_ready()
        await self._lanes.run()

    async def round(self) -> bool:
        """Seed the posts that lack it; True if some could not be seeded now but may be later."""
        return await self._lanes.round()

    async def _seed(self, post: Post) -> Outcome:
        emoji = await self._services.guilds.vote_emoji(post.guild_id)
        channel = self._bot.get_partial_messageable(post.channel_id, guild_id=post.guild_id)
        message = channel.get_partial_message(post.message_id)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await message.add_reaction(emoji.up)
                await message.add_reaction(emoji.down)
        except DISCORD_ERRORS as problem:
            if is_passing(problem):
                log.warning("vote reactions not added yet: %s", problem)
                return Outcome.SICK
            await self._lacking(post, problem)
        await self._services.gallery.seeded(post.message_id)
        self._seeded()
        return Outcome.DONE

    async def _lacking(self, post: Post, problem: Exception) -> None:
        """Members can still react by themselves: note why there is nothing to click on."""
        if is_gone(problem):
            await self._services.gallery.message_deleted([post.message_id], self._services.clock())
        elif post.guild_id not in self._told:
            self._told.add(post.guild_id)
            code = problem.code if isinstance(problem, discord.HTTPException) else 0
            log.warning("no vote reactions in this server (%s, code %s)", problem, code)
