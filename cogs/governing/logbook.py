"""Posts each server's log lines in its log channel: changes, alerts, removals.

The log's rows are the truth: a line is owed until its message exists, through every outage, and
goes to the server's log channel at that time. The nudge only saves waiting. A crash between the
message and its row can repeat the message, if it outlasts Discord's memory of a nonce. Must not
know who changed what, and why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.client import WaifuBot
from bot.domain import ChannelId
from bot.log import whereabouts
from bot.store.audit_rows import AuditEntry
from bot.words.wording import CONTENT_CHARS_MAX, fits
from cogs.governing.record import entry_line
from cogs.posting.lanes import Lanes, Openings
from cogs.posting.looking import PollingCog
from cogs.translating import in_public

#: How long the loop sleeps without a nudge, and the longest rest of a channel that refuses.
_POLL_S, _LONGEST_PAUSE_S = 10.0, 3600.0
#: Lines read at once, and channels served at once.
_LOOK, _WIDTH = 200, 4


class Logbook(PollingCog):
    """Sends one message at a time per channel, with as many lines as fit."""

    def __init__(self, bot: WaifuBot) -> None:
        super().__init__(
            bot,
            Lanes[tuple[ChannelId, Sequence[AuditEntry]]](
                self._owed,
                self._write,
                about=lambda owed: whereabouts(guild=owed[1][0].guild_id),
                elapsed_s=bot.services.elapsed_s,
                nudge=bot.services.signals.logged,
                width=_WIDTH,
                longest_pause_s=_LONGEST_PAUSE_S,
            ),
            nudge=bot.services.signals.logged,
            what="lines for log channels",
            poll_s=_POLL_S,
        )

    async def _owed(
        self, openings: Openings
    ) -> Mapping[ChannelId, tuple[ChannelId, Sequence[AuditEntry]]]:
        owed = await self._services.guilds.unposted_entries(_LOOK, openings.closed)
        return {channel_id: (channel_id, entries) for channel_id, entries in owed.items()}

    async def _write(self, owed: tuple[ChannelId, Sequence[AuditEntry]]) -> None:
        """Write the first lines that fit in a message; the rest stays owed."""
        channel_id, entries = owed
        with in_public(self._bot, entries[0].guild_id):
            lines = [entry_line(entry) for entry in entries]
        told = entries[: max(fits(lines, CONTENT_CHARS_MAX), 1)]
        channel = self._bot.get_partial_messageable(channel_id, guild_id=told[0].guild_id)
        text = "\n".join(lines[: len(told)])
        await channel.send(text, nonce=f"log-{told[0].id}-{told[-1].id}"[:25], silent=True)
        await self._services.guilds.record_posted(told)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Logbook(bot))
