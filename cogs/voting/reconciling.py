"""Reads the vote reactions back from Discord and makes the ledger agree with them.

A post is owed a reading (`posts.settled = 0`) when it is new, because somebody may have reacted
before the ledger knew it, and when a session began, because events may have been lost (a resumed
session replays them). `cogs/voting/votes.py` runs it. Every living post is read, the newest first,
however long it takes: rows record the remaining ones. Events during or just before a reading are
newer than it and stay, so one reading settles a post, however busy it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import discord

from bot.client import WaifuBot
from bot.domain import BotError, ChannelId, Post, UserId
from bot.drawing.signals import Nudge
from bot.log import whereabouts
from bot.store.gallery import PostDebt
from bot.words.emoji import reaction_key
from cogs.posting.faults import DISCORD_ERRORS, is_forbidden, is_gone, is_transient
from cogs.posting.lanes import Lanes, Openings, first_by_channel, keep_looking
from cogs.voting.inbox import EmojiVoters, Inbox, VotersByEmoji
from cogs.voting.watching import Touch

log = logging.getLogger(__name__)

#: Channels read at once, and the time limit for an answer of Discord's.
_WIDTH, _PATIENCE_S = 4, 60.0
#: How long the loop sleeps without a nudge.
_POLL_S = 5.0
#: Pauses after a failed reading.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 600.0
#: The most users that Discord lists per page.
_PAGE = 100

#: The users who react, by emoji and whether it is a super reaction.
_Reading: TypeAlias = Mapping[tuple[str, bool], frozenset[UserId]]


class StaleReadingError(BotError):
    """The reading may be older than an event that came meanwhile, so it is repeated."""


class Reconciler:
    """Works in the background on posts that are not settled."""

    def __init__(self, bot: WaifuBot, inbox: Inbox) -> None:
        self._bot = bot
        self._services = bot.services
        self._inbox = inbox
        self._nudge = Nudge()
        #: The number of the current session, and of the last one for which every post was marked.
        self._session = self._marked = 0
        self._lanes = Lanes(
            self._owed,
            self._settle,
            about=lambda post: whereabouts(
                job=",".join(post.pictures.values()), guild=post.guild_id
            ),
            rest_key=lambda post: post.message_id,
            elapsed_s=bot.services.elapsed_s,
            nudge=self._nudge,
            width=_WIDTH,
            first_pause_s=_FIRST_PAUSE_S,
            longest_pause_s=_LONGEST_PAUSE_S,
        )

    def begin_session(self) -> None:
        """Note that a session began, in which events may be missing."""
        self._session += 1
        self._inbox.begin_session()
        self._lanes.wake_all()

    def wake(self) -> None:
        """Note a new post."""
        self._nudge.set()

    async def run(self) -> None:
        """Read what is owed, until cancelled."""
        await keep_looking(self._lanes.look, self._nudge, poll_s=_POLL_S, what="reactions to read")

    async def _owed(self, openings: Openings) -> Mapping[ChannelId, Post]:
        """The posts to read next; none before the first session."""
        session = self._session
        if not session:
            return {}
        if self._marked != session:
            await self._services.gallery.owe_readings()
            self._marked = session
        posts = await self._services.gallery.posts_with_debt(
            PostDebt.READING, openings.free, closed=openings.closed, skip_ids=openings.resting
        )
        return first_by_channel(posts)

    async def _settle(self, post: Post) -> None:
        session = self._session
        try:
            await self._read(post)
        except DISCORD_ERRORS as problem:
            if is_transient(problem):
                raise
            if is_gone(problem):
                at_ms = self._services.clock()
                await self._services.gallery.record_deleted_messages([post.message_id], at_ms)
            else:
                await self._services.votes.mark_unreadable(post.message_id)
                if not is_forbidden(problem):
                    log.warning("reactions of message %s not read: %s", post.message_id, problem)
        # A post read before a session began is owed another reading.
        if session == self._session:
            await self._services.gallery.clear_debt(PostDebt.READING, post.message_id)

    async def _read(self, post: Post) -> None:
        """Read every reaction. Raises `StaleReadingError` if the reading cannot be trusted."""
        message_id = post.message_id
        with self._inbox.watch(message_id) as watch:
            begun = await self._services.votes.begin_reading()
            found = await self._fetch_reading(post)
            # First the ledger gets everything received before. Events that it accepts are newer
            # than the reading; those that it rejects came before it knew the post.
            await self._inbox.flush()
            standing = await self._services.votes.standing_reactions(message_id)
            if watch.stale:
                raise StaleReadingError(
                    "its reactions were cleared or its message was deleted during the reading"
                )
            for (emoji, burst), voter_ids in _with_removed_emoji(found, standing).items():
                self._inbox.put(
                    EmojiVoters(
                        message_id=message_id,
                        emoji=emoji,
                        burst=burst,
                        voter_ids=voter_ids,
                        besides=watch.besides(emoji, burst=burst),
                        at_ms=self._services.clock(),
                    )
                )
            reacting = _voters_by_emoji(found, watch.touched)
            self._inbox.put(VotersByEmoji(message_id=message_id, voter_ids=reacting, begun=begun))
        await self._inbox.flush()

    async def _fetch_reading(self, post: Post) -> _Reading:
        """Fetch all users who react, from Discord."""
        channel = self._bot.get_partial_messageable(post.channel_id, guild_id=post.guild_id)
        found: dict[tuple[str, bool], frozenset[UserId]] = {}
        async with asyncio.timeout(_PATIENCE_S) as patience:
            message = await channel.fetch_message(post.message_id)
            pages = sum(2 + reaction.count // _PAGE for reaction in message.reactions)
            patience.reschedule(asyncio.get_running_loop().time() + (1 + pages) * _PATIENCE_S)
            for reaction in message.reactions:
                name = emoji_name(reaction.emoji)
                if reaction.count != 1 or not reaction.me:
                    found[name, False] = await _fetch_voters(reaction, discord.ReactionType.normal)
                if reaction.burst_count:
                    found[name, True] = await _fetch_voters(reaction, discord.ReactionType.burst)
        return found


def _with_removed_emoji(found: _Reading, standing: Iterable[tuple[UserId, str, bool]]) -> _Reading:
    """The reading, with empty lists for emoji of the ledger that are no longer used."""
    keys = {(reaction_key(emoji), burst) for emoji, burst in found}
    gone = {
        (emoji, burst): frozenset[UserId]()
        for _, emoji, burst in standing
        if (reaction_key(emoji), burst) not in keys
    }
    return {**found, **gone}


def _voters_by_emoji(found: _Reading, touched: Iterable[Touch]) -> dict[str, frozenset[UserId]]:
    """All users who react with each emoji in any form, or may do so according to events."""
    together: defaultdict[str, set[UserId]] = defaultdict(set)
    for (emoji, _), voter_ids in found.items():
        together[emoji] |= voter_ids
    for voter_id, emoji, _ in touched:
        together[emoji].add(voter_id)
    return {emoji: frozenset(voter_ids) for emoji, voter_ids in together.items()}


async def _fetch_voters(
    reaction: discord.Reaction, kind: discord.ReactionType
) -> frozenset[UserId]:
    """Fetch the users of one reaction, page by page to the end: the count may be out of date.

    The ledger decides which emoji are votes, now or when the picture was posted.
    """
    people: dict[int, bool] = {}
    after: discord.Object | None = None
    while True:
        page = {
            user.id: user.bot
            async for user in reaction.users(limit=_PAGE, after=after, type=kind)
            if user.id not in people
        }
        people.update(page)
        if len(page) < _PAGE:
            return frozenset(UserId(user_id) for user_id, bot in people.items() if not bot)
        after = discord.Object(max(page))


def emoji_name(emoji: discord.Emoji | discord.PartialEmoji | str) -> str:
    """An emoji in the domain's form: "👍", or "name:id" for a custom one."""
    if isinstance(emoji, str):
        return emoji
    return f"{emoji.name}:{emoji.id}" if emoji.id else str(emoji.name)
