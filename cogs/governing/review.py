"""Maintains the messages of cases in the review channels: posts, edits, and replaces deleted ones.

The rows of cases record the messages owed; the nudge only saves waiting. If a review channel is not
set, gone or not writable, nothing is lost: the case stays open and owed, and moderators find it
with `/moderate cases`. `verdicts.py` carries out decisions.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

import discord
from discord.ext import commands

from bot.client import WaifuBot
from bot.domain import ChannelId, GuildId, MessageId, MessageRef
from bot.log import whereabouts
from bot.store.case_posts import CasePosting
from bot.store.case_rows import Case
from cogs.governing.cases import case_message
from cogs.governing.verdicts import PRESSES
from cogs.posting.faults import DISCORD_ERRORS, is_gone, is_transient
from cogs.posting.finding import Stretch, carries, newest_own
from cogs.posting.lanes import Lanes, Openings, first_by_channel
from cogs.posting.looking import PollingCog

log = logging.getLogger(__name__)

#: How long the loop sleeps without a nudge, and channels served at once.
_POLL_S, _WIDTH = 10.0, 4
#: Cases read at once.
_LOOK = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """A case whose message in that channel must be posted or edited."""

    channel_id: ChannelId
    case: Case


class Review(PollingCog):
    """One lane for each review channel."""

    def __init__(self, bot: WaifuBot) -> None:
        super().__init__(
            bot,
            Lanes[_Due](
                self._owed,
                self._post_or_edit,
                about=lambda due: whereabouts(guild=due.case.guild_id),
                elapsed_s=bot.services.elapsed_s,
                nudge=bot.services.signals.review,
                width=_WIDTH,
                rest_key=lambda due: due.case.id,
            ),
            nudge=bot.services.signals.review,
            what="cases to show",
            poll_s=_POLL_S,
        )

    async def _owed(self, openings: Openings) -> Mapping[ChannelId, _Due]:
        cases = await self._services.case_posts.owed_cases(
            _LOOK, openings.closed, skip_ids=openings.resting
        )
        return first_by_channel(
            _Due(channel_id=case.review_channel_id, case=case)
            for case in cases
            if case.review_channel_id is not None
        )

    async def _post_or_edit(self, due: _Due) -> None:
        """Post the case's message, or update the existing one."""
        message = due.case.message
        if message is None:
            await self._post(due.case)
            return
        try:
            await self._edit(due.case, message)
        except discord.HTTPException as problem:
            if not is_gone(problem):
                raise
            await self._services.case_posts.record_deleted_message(message.message_id)

    async def _edit(self, case: Case, message: MessageRef) -> None:
        shown = await case_message(self._bot, case, message.channel_id)
        channel = self._bot.get_partial_messageable(message.channel_id, guild_id=case.guild_id)
        await channel.get_partial_message(message.message_id).edit(
            content=shown.content, attachments=shown.files, view=shown.view
        )
        await self._services.case_posts.record_edit(case)

    async def _post(self, case: Case) -> None:
        posts = self._services.case_posts
        posting = await posts.begin_posting(case, self._services.clock())
        if posting is None:
            return
        message = None if posting.is_first else await self._find(case, posting)
        if message is None:
            message = await self._post_tracked(case, posting)
        ref = MessageRef(
            message_id=MessageId(message.id),
            channel_id=posting.channel_id,
            guild_id=case.guild_id,
        )
        if not await asyncio.shield(posts.record_message(case, ref)):
            self._services.signals.doomed.set()

    async def _find(self, case: Case, posting: CasePosting) -> discord.Message | None:
        """The message of an earlier attempt whose answer was lost; None if the channel is gone."""
        stretch = Stretch(
            guild_id=case.guild_id, channel_id=posting.channel_id, since_id=posting.since_id
        )
        try:
            return await newest_own(self._bot, stretch, lambda m: carries(m, case.id))
        except discord.HTTPException as problem:
            if not is_gone(problem):
                raise
            await self._services.case_posts.abandon(case)
            raise

    async def _post_tracked(self, case: Case, posting: CasePosting) -> discord.Message:
        shown = await case_message(self._bot, case, posting.channel_id)
        channel = self._bot.get_partial_messageable(posting.channel_id, guild_id=case.guild_id)
        try:
            return await channel.send(
                shown.content, files=shown.files, view=shown.view, nonce=case.nonce
            )
        except DISCORD_ERRORS as problem:
            if is_transient(problem):
                await self._services.case_posts.record_lost_answer(case, posting)
                self._services.signals.doomed.set()
            else:
                log.warning("case %s cannot be shown in its review channel: %s", case.id, problem)
                await self._services.case_posts.abandon(case)
            raise

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """A case's message was deleted: an undecided case is posted again."""
        await self._note_deleted(payload.guild_id, payload.channel_id, {payload.message_id})

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """The same for many messages at once."""
        await self._note_deleted(payload.guild_id, payload.channel_id, payload.message_ids)

    async def _note_deleted(
        self, guild_id: int | None, channel_id: int, message_ids: set[int]
    ) -> None:
        """Note deleted messages of the review channel; in a former one the next edit notices."""
        if guild_id is None:
            return
        policy = await self._services.guilds.policy(GuildId(guild_id))
        if policy.review_channel != channel_id:
            return
        for message_id in message_ids:
            await self._services.case_posts.record_deleted_message(MessageId(message_id))
        self._services.signals.review.set()

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """The review channel's messages are gone with it."""
        guild_id, channel_id = GuildId(channel.guild.id), ChannelId(channel.id)
        await self._services.case_posts.record_deleted_channel(guild_id, channel_id)
        self._services.signals.review.set()


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(*PRESSES)
    await bot.add_cog(Review(bot))


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(*PRESSES)
