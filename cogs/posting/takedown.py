"""Deletes messages from Discord: posts of deleted pictures, messages of forgotten users.

The rows of doomed messages and of searches are the truth, written in the transaction that decided
the deletion; the nudge only saves waiting. A deletion that is not allowed now is retried for as
long as the channel exists. Must not know why a message goes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import discord

from bot.client import WaifuBot
from bot.domain import ChannelId, MessageId, MessageRef
from bot.log import whereabouts
from bot.store.doomed import Hunt
from cogs.posting.faults import is_archived, is_forbidden, is_gone, is_transient
from cogs.posting.finding import Patience, search_and_settle
from cogs.posting.lanes import Lanes, Openings, by_channel, first_by_channel
from cogs.posting.looking import PollingCog

log = logging.getLogger(__name__)

#: How long the loop sleeps without a nudge, and the longest rest of a channel that refuses.
_POLL_S, _LONGEST_PAUSE_S = 60.0, 3600.0
#: Messages in one search, and channels served at once.
_LOOK, _WIDTH = 100, 4


class Takedown(PollingCog):
    """Deletes one message at a time per channel; Discord limits deletions by channel."""

    def __init__(self, bot: WaifuBot) -> None:
        self._patience = Patience()
        # Separate, because a search that finds nothing yet must not delay known deletions.
        deleting = Lanes(
            self._owed_deletions,
            self._delete,
            about=lambda message: whereabouts(guild=message.guild_id),
            elapsed_s=bot.services.elapsed_s,
            nudge=bot.services.signals.doomed,
            width=_WIDTH,
            longest_pause_s=_LONGEST_PAUSE_S,
            rest_key=lambda message: message.message_id,
            in_order=True,
        )
        hunting = Lanes(
            self._owed_hunts,
            self._hunt,
            about=lambda hunts: whereabouts(guild=hunts[0].guild_id),
            elapsed_s=bot.services.elapsed_s,
            nudge=bot.services.signals.doomed,
            width=_WIDTH,
            longest_pause_s=_LONGEST_PAUSE_S,
        )
        super().__init__(
            bot,
            deleting,
            hunting,
            nudge=bot.services.signals.doomed,
            what="messages to delete",
            poll_s=_POLL_S,
        )

    async def _owed_deletions(self, openings: Openings) -> Mapping[ChannelId, MessageRef]:
        return first_by_channel(
            await self._services.doomed.messages(
                openings.free, openings.closed, skip_ids=openings.resting
            )
        )

    async def _owed_hunts(self, openings: Openings) -> Mapping[ChannelId, Sequence[Hunt]]:
        return by_channel(await self._services.doomed.hunts(_LOOK, openings.closed))

    async def _hunt(self, hunts: Sequence[Hunt]) -> None:
        """Search for the names; messages found are doomed, and deleted in the next round."""
        await search_and_settle(self._bot, hunts, self._settle_hunt)

    async def _settle_hunt(self, hunt: Hunt, found: Sequence[discord.Message]) -> bool:
        if not found and not self._patience.is_over(hunt.name):
            return False
        self._patience.forget(hunt.name)
        await self._services.doomed.end_hunt(hunt, [MessageId(message.id) for message in found])
        if found:
            self._services.signals.doomed.set()
        return True

    async def _delete(self, message: MessageRef) -> None:
        channel = self._bot.get_partial_messageable(message.channel_id, guild_id=message.guild_id)
        try:
            await channel.get_partial_message(message.message_id).delete()
        except discord.HTTPException as problem:
            if is_archived(problem):
                await self._delete_from_archive(message)
            elif is_transient(problem) or is_forbidden(problem):
                raise
            elif not is_gone(problem):
                log.warning("message %s can never be deleted: %s", message.message_id, problem)
        await self._services.doomed.record_deleted(message.message_id, self._services.clock())

    async def _delete_from_archive(self, message: MessageRef) -> None:
        """Reopen the thread for a moment; without the permission, retry later."""
        thread = await self._bot.fetch_channel(message.channel_id)
        assert isinstance(thread, discord.Thread), "only a thread is archived"
        await thread.edit(archived=False)
        await thread.get_partial_message(message.message_id).delete()
        await thread.edit(archived=True)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Takedown(bot))
