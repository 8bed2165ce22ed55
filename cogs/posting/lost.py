"""Searches for messages whose send was never confirmed, and completes them.

A `/show` that is found becomes an ordinary post; a list of `/votes top` or a notice gets its row
back, so that it is deleted when its content is. The rows of `sends` are the truth. `takedown.py`
deletes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import discord

from bot.client import WaifuBot
from bot.domain import BotError, ChannelId
from bot.log import whereabouts
from bot.store.sends import Send
from cogs.posting.finding import Patience, search_and_settle
from cogs.posting.lanes import Lanes, Openings, by_channel
from cogs.posting.looking import PollingCog
from cogs.posting.sending import note_sent

log = logging.getLogger(__name__)

#: How long the loop sleeps without a nudge.
_POLL_S = 60.0
#: Messages in one search, and channels searched at once.
_LOOK, _WIDTH = 100, 2


class Lost(PollingCog):
    """Searches one channel at a time for every message lost there."""

    def __init__(self, bot: WaifuBot) -> None:
        self._patience = Patience()
        super().__init__(
            bot,
            Lanes(
                self._owed,
                self._search,
                about=lambda sends: whereabouts(guild=sends[0].guild_id),
                elapsed_s=bot.services.elapsed_s,
                nudge=bot.services.signals.lost,
                width=_WIDTH,
            ),
            nudge=bot.services.signals.lost,
            what="lost messages",
            poll_s=_POLL_S,
        )

    async def cog_load(self) -> None:
        """Start once the bot is connected; count earlier unconfirmed sends as lost."""
        try:
            await self._services.sends.mark_all_lost()
        except BotError as problem:
            log.warning("earlier messages will be searched for after the next start: %s", problem)
        await super().cog_load()

    async def _owed(self, openings: Openings) -> Mapping[ChannelId, Sequence[Send]]:
        return by_channel(await self._services.sends.lost_sends(_LOOK, openings.closed))

    async def _search(self, sends: Sequence[Send]) -> None:
        await search_and_settle(self._bot, sends, self._settle_one)

    async def _settle_one(self, send: Send, found: Sequence[discord.Message]) -> bool:
        if found:
            log.info("found message %s, a lost %s", found[0].id, send.kind)
            self._patience.forget(send.name)
            await note_sent(self._services, send, found[0])
            return True
        if not self._patience.is_over(send.name):
            return False
        log.info("a %s was never sent, or its channel is gone", send.kind)
        await self._services.sends.abandon(send)
        return True


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Lost(bot))
