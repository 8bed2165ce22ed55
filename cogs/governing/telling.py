"""Sends members the decisions about their pictures, appeals and cancelled jobs.

The rows of `tellings` are the truth: a message is owed from the decision on, is retried after
longer and longer pauses, through every outage and restart, and is given up after two days. The
decision holds either way. A crash between the message and its row can repeat it, if it outlasts
Discord's memory of a nonce.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

import discord

from bot.client import WaifuBot
from bot.domain import ChannelId
from bot.log import whereabouts
from bot.store.tellings import Telling
from bot.words.speaking import retell
from cogs.posting.faults import is_gone
from cogs.posting.lanes import Lanes, Openings, first_by_channel
from cogs.posting.looking import PollingCog
from cogs.translating import in_public

log = logging.getLogger(__name__)

#: How long the loop sleeps without a nudge, and the longest rest of a channel that refuses.
_POLL_S, _LONGEST_PAUSE_S = 10.0, 3600.0
#: Messages read at once, and channels served at once.
_LOOK, _WIDTH = 100, 4
#: After this time it is old news.
_OWED_MS = 2 * 86_400_000


class Messenger(PollingCog):
    """Sends one message at a time per channel."""

    def __init__(self, bot: WaifuBot) -> None:
        super().__init__(
            bot,
            Lanes[Telling](
                self._owed,
                self._send,
                about=lambda telling: whereabouts(guild=telling.guild_id),
                elapsed_s=bot.services.elapsed_s,
                nudge=bot.services.signals.telling,
                width=_WIDTH,
                longest_pause_s=_LONGEST_PAUSE_S,
                rest_key=lambda telling: telling.id,
            ),
            nudge=bot.services.signals.telling,
            what="messages to members",
            poll_s=_POLL_S,
        )

    async def _owed(self, openings: Openings) -> Mapping[ChannelId, Telling]:
        tellings = self._services.tellings
        if late := await tellings.drop_old(self._services.clock() - _OWED_MS):
            log.info("gave up %s message(s) to members: they could not be sent in time", late)
        return first_by_channel(
            await tellings.owed_tellings(_LOOK, openings.closed, skip_ids=openings.resting)
        )

    async def _send(self, telling: Telling) -> None:
        channel = self._bot.get_partial_messageable(telling.channel_id, guild_id=telling.guild_id)
        mentions = discord.AllowedMentions(
            everyone=False, roles=False, users=[discord.Object(telling.user_id)]
        )
        try:
            await channel.send(self._text(telling), allowed_mentions=mentions, nonce=telling.nonce)
        except discord.HTTPException as problem:
            if not is_gone(problem):
                raise
            log.info("a member could not be told a decision: %s", problem)
        await self._services.tellings.record_sent(telling.id)

    def _text(self, telling: Telling) -> str:
        """The text in the server's language, as far as it can still be translated."""
        with in_public(self._bot, telling.guild_id):
            return retell(telling.text, user=str(telling.user_id))


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Messenger(bot))
