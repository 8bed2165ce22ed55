"""Reads the vote reactions back from Discord after an outage and lets the ledger agree with them.

`cogs/votes.py` starts a pass at every new session, for then events may be lost (a resumed session
replays them). Newest posts first, two at a time, in the background; what an event overtakes while
it is read is read again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable

import discord

from bot.client import WaifuBot
from bot.domain import BotError, Post, UserId
from bot.emoji import reaction_key
from bot.signals import Nudge
from cogs.faults import DISCORD_ERRORS, is_forbidden, is_gone, is_passing
from cogs.inbox import Deleted, Inbox, Standing

log = logging.getLogger(__name__)

#: Reactions change on young posts: this many days back, and at most so many posts.
_DAYS, _POSTS_MAX = 30, 2_000
_DAY_MS = 24 * 3_600_000
#: Posts read at the same time.
_WIDTH = 2
#: Readings of one post before it is left to the next session, and the rest after a failed one.
_TRIES, _PAUSE_S = 20, 5.0


class Reconciler:
    """One pass at a time; a new session makes the running pass stop and begin again."""

    def __init__(self, bot: WaifuBot, inbox: Inbox) -> None:
        self._bot = bot
        self._services = bot.services
        self._inbox = inbox
        self._wanted = Nudge()
        self._session = 0

    def begin(self) -> None:
        """A session began in which events may be missing."""
        self._session += 1
        self._wanted.set()

    async def run(self) -> None:
        """Make a pass for every new session, until cancelled."""
        done = 0
        while True:
            while done != self._session:
                session = self._session
                try:
                    await self.pass_once()
                    done = session
                except BotError as problem:
                    log.warning("reconciliation cannot read the database: %s", problem)
                    await asyncio.sleep(_PAUSE_S)
            await self._wanted.wait(_DAY_MS / 1000)

    async def pass_once(self) -> None:
        """Read every young post once; returns early when another session begins."""
        session = self._session
        since_ms = self._services.clock() - _DAYS * _DAY_MS
        young = await self._services.gallery.recent_posts(since_ms, _POSTS_MAX)
        posts = deque((post, 1) for post in young)
        log.info("reconciling the reactions of %s posts", len(posts))
        async with asyncio.TaskGroup() as readers:
            for _ in range(_WIDTH):
                readers.create_task(self._take_from(posts, session), name="reconcile")

    async def _take_from(self, posts: deque[tuple[Post, int]], session: int) -> None:
        while posts and session == self._session:
            post, tries = posts.popleft()
            if await self.settled(post):
                continue
            if tries < _TRIES:
                posts.append((post, tries + 1))
            else:
                log.warning("reactions of message %s could not be read", post.message_id)

    async def settled(self, post: Post) -> bool:
        """True if the ledger is right about this post or never can be; False: try again later."""
        try:
            return await self._read(post)
        except (*DISCORD_ERRORS, BotError) as problem:
            if is_passing(problem):
                log.info("reactions not read yet: %s", problem)
                await asyncio.sleep(_PAUSE_S)
                return False
            if is_gone(problem):
                at_ms = self._services.clock()
                self._inbox.put(Deleted(message_ids=(post.message_id,), at_ms=at_ms))
            elif not is_forbidden(problem):
                log.warning("reactions of message %s not read: %s", post.message_id, problem)
            return True

    async def _read(self, post: Post) -> bool:
        """Read every reaction; False if an event came meanwhile, for then the reading is stale."""
        channel = self._bot.get_partial_messageable(post.channel_id, guild_id=post.guild_id)
        with self._inbox.watch(post.message_id) as watch:
            message = await channel.fetch_message(post.message_id)
            voters = {emoji_name(r.emoji): await _voters(r) for r in message.reactions}
            await self._inbox.flush()
            known = {emoji for _, emoji in await self._services.votes.standing(post.message_id)}
            if watch.events:
                return False
            for emoji in _with_gone(voters, known):
                self._inbox.put(
                    Standing(
                        message_id=post.message_id,
                        emoji=emoji,
                        voter_ids=voters.get(emoji, frozenset()),
                        at_ms=self._services.clock(),
                    )
                )
        return True


def _with_gone(found: Iterable[str], known: Iterable[str]) -> list[str]:
    """The emoji under the message, and those of the ledger that nobody uses there any more."""
    found = list(found)
    keys = {reaction_key(emoji) for emoji in found}
    return found + [emoji for emoji in known if reaction_key(emoji) not in keys]


async def _voters(reaction: discord.Reaction) -> frozenset[UserId]:
    """The people behind one reaction, made in the plain way or as a super reaction.

    Which emoji are votes, now or when the picture was posted, is the ledger's to say. One more is
    asked for than the count promises, so that the end of the list is seen.
    """
    if reaction.count == 1 and reaction.me:
        return frozenset()
    kinds = [discord.ReactionType.normal]
    if reaction.burst_count:
        kinds.append(discord.ReactionType.burst)
    return frozenset(
        [
            UserId(user.id)
            for kind in kinds
            async for user in reaction.users(limit=reaction.count + 1, type=kind)
            if not user.bot
        ]
    )


def emoji_name(emoji: discord.Emoji | discord.PartialEmoji | str) -> str:
    """An emoji as the domain writes it: "👍", or "name:id" for a custom one."""
    if isinstance(emoji, str):
        return emoji
    return f"{emoji.name}:{emoji.id}" if emoji.id else str(emoji.name)
