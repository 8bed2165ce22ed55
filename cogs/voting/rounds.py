"""Works off what posts are owed: one post of a channel at a time, several channels at once.

The seeder and the reconciler each run one. Rows say what is owed; here is only remembered who
rests. A channel that does not answer rests as a whole, a post that cannot be done now rests alone,
each with a growing pause, and the others go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from enum import StrEnum
from typing import Protocol

from bot.domain import BotError, ChannelId, MessageId, Post
from bot.drawing.signals import Nudge
from bot.log import whereabouts
from cogs.voting.rests import Rests

log = logging.getLogger(__name__)

#: How long the loop sleeps when nobody nudges it and nobody's rest ends.
_POLL_S = 30.0


class Outcome(StrEnum):
    """How it went with a post."""

    #: The post is owed nothing more, and its row says so.
    DONE = "done"
    #: Not now: this post rests.
    LATER = "later"
    #: Its channel does not answer: all of it rests.
    SICK = "sick"


class Owed(Protocol):
    """Looks for posts that are owed something, without those that rest; the first ones first."""

    async def __call__(
        self, limit: int, *, besides: Collection[ChannelId], nor: Collection[MessageId]
    ) -> list[Post]:
        """At most `limit` posts, none in the channels `besides`, and none of the posts `nor`."""
        ...


class Rounds:
    """A loop over what is owed; neither one channel nor one post can stop it."""

    def __init__(
        self,
        owed: Owed,
        work: Callable[[Post], Awaitable[Outcome]],
        nudge: Nudge,
        *,
        width: int,
        first_pause_s: float,
        longest_pause_s: float,
    ) -> None:
        self._owed = owed
        self._work = work
        self._nudge = nudge
        self._width = width
        self._busy: set[ChannelId] = set()
        self._channels = Rests[ChannelId](first_pause_s, longest_pause_s)
        # A post rests longer than its channel, so that its neighbours are tried before it is again.
        self._posts = Rests[MessageId](2 * first_pause_s, 2 * longest_pause_s)

    def wake_all(self) -> None:
        """Let nobody rest any longer: Discord is back."""
        self._channels.clear()
        self._posts.clear()
        self._nudge.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self.round()
            await self._sleep()

    async def round(self) -> bool:
        """Work off what is owed and does not rest. True if somebody rests in the end."""
        async with asyncio.TaskGroup() as group:
            # Asked before looking: a lane that ends meanwhile was still busy for the look.
            while bool(self._busy) | await self._begin(group):
                await self._sleep()
        return bool(self._channels.resting() or self._posts.resting())

    async def _sleep(self) -> None:
        ends = (rests.next_end_s() for rests in (self._channels, self._posts))
        await self._nudge.wait(min([_POLL_S, *(end for end in ends if end is not None)]))

    async def _begin(self, group: asyncio.TaskGroup) -> bool:
        """Fill the free lanes. True if one was filled."""
        begun = False
        while len(self._busy) < self._width and (post := await self._next()):
            self._busy.add(post.channel_id)
            group.create_task(self._take(post))
            begun = True
        return begun

    async def _next(self) -> Post | None:
        try:
            posts = await self._owed(
                1, besides=self._busy | self._channels.resting(), nor=self._posts.resting()
            )
        except BotError as problem:
            log.warning("cannot look for posts that are owed something: %s", problem)
            return None
        return posts[0] if posts else None

    async def _take(self, post: Post) -> None:
        try:
            with whereabouts(job=post.job_id, guild=post.guild_id):
                self._note(post, await self._try(post))
        finally:
            self._busy.discard(post.channel_id)
            self._nudge.set()

    async def _try(self, post: Post) -> Outcome:
        try:
            return await self._work(post)
        except BotError as problem:
            log.warning("message %s waits: %s", post.message_id, problem)
        except Exception:
            # A fault about one post must not end the loop for all of them.
            log.exception("message %s waits after a fault of ours", post.message_id)
        return Outcome.LATER

    def _note(self, post: Post, outcome: Outcome) -> None:
        if outcome is Outcome.DONE:
            self._posts.recover(post.message_id)
            self._channels.recover(post.channel_id)
            return
        self._posts.tire(post.message_id)
        if outcome is Outcome.SICK:
            self._channels.tire(post.channel_id)
