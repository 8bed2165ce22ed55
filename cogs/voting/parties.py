"""Keeps rating parties going, and posts and ends every duel owed to a channel.

The rows of parties and duels are the truth: after a restart a party goes on where it was. A party
shows one pair after another, each open for a while; a candidate's blind test opens duels of its
own, which are posted here too. Must not know what a choice is worth.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

import discord

from bot.ballot import Duel, DuelId, DuelOrigin, Party
from bot.client import WaifuBot
from bot.domain import ChannelId
from bot.ids import new_id
from bot.log import whereabouts
from cogs.posting.faults import is_gone
from cogs.posting.lanes import Lanes, Openings, attempt
from cogs.posting.looking import PollingCog
from cogs.translating import channel_at, place_at
from cogs.voting.duelling import post_duel, show_end
from cogs.voting.pairing import next_pair

log = logging.getLogger(__name__)

#: The time for which a party's pair is open.
PAIR_MS = 45_000
#: How long the loop sleeps without a nudge, and channels served at once.
_POLL_S, _WIDTH = 2.0, 4
_FAILURES_MAX = 2


class PartiesCog(PollingCog):
    """One lane per channel: a pair's result is shown before the next pair."""

    def __init__(self, bot: WaifuBot) -> None:
        super().__init__(
            bot,
            Lanes(
                self._owed,
                self._work,
                about=lambda duel: whereabouts(guild=duel.guild_id),
                elapsed_s=bot.services.elapsed_s,
                nudge=bot.services.signals.duels,
                width=_WIDTH,
                rest_key=lambda duel: duel.id,
            ),
            nudge=bot.services.signals.duels,
            what="duels to post",
            poll_s=_POLL_S,
        )

    async def look(self, tasks: asyncio.TaskGroup) -> bool:
        """Advance every party, and begin to post and end what is owed.

        True if there was something.
        """
        for party in await self._services.parties.running_parties():
            with whereabouts(guild=party.guild_id):
                await attempt(self._advance(party), f"the party in channel {party.channel_id}")
        return await super().look(tasks)

    async def _advance(self, party: Party) -> None:
        """Close a pair whose time is over and open the next one, or end the party."""
        now_ms = self._services.clock()
        duels = await self._services.parties.duels(party.id)
        current = next((duel for duel in duels if duel.closed_ms is None), None)
        over = now_ms >= party.ends_ms or _keeps_failing(duels)
        if current is not None and not over and not _is_time_over(current, now_ms):
            return
        next_duel = None if over else await self._next_duel(party, now_ms)
        await self._services.parties.step(party.id, next_duel, now_ms)

    async def _next_duel(self, party: Party, now_ms: int) -> Duel | None:
        """The next pair; None if there is none, or if the channel is gone or paused."""
        guild = self._bot.get_guild(party.guild_id)
        if guild is None:
            return None
        try:
            channel = await channel_at(self._bot, party.guild_id, party.channel_id)
        except discord.HTTPException as problem:
            if not is_gone(problem):
                raise
            return None
        place = place_at(party.guild_id, party.channel_id, channel=channel, guild=guild)
        policy = await self._services.policy_at(place)
        besides = {frozenset(duel.job_ids) for duel in await self._services.parties.duels(party.id)}
        pair = await next_pair(self._services, guild, policy, besides=besides)
        if isinstance(pair, str):
            return None
        return Duel(
            id=DuelId(new_id()),
            guild_id=party.guild_id,
            channel_id=party.channel_id,
            left_job=pair[0],
            right_job=pair[1],
            origin=DuelOrigin.PARTY,
            message_id=None,
            opened_ms=now_ms,
            closed_ms=None,
            party_id=party.id,
            since_id=party.since_id,
        )

    async def _owed(self, openings: Openings) -> Mapping[ChannelId, Duel]:
        duels = self._services.duels
        owed = [
            *await duels.unshown_results(openings.free, openings.closed, skip_ids=openings.resting),
            *await duels.unposted_duels(openings.free, openings.closed, skip_ids=openings.resting),
        ]
        first: dict[ChannelId, Duel] = {}
        for duel in owed:
            if duel.channel_id is not None:
                first.setdefault(duel.channel_id, duel)
        return first

    async def _work(self, duel: Duel) -> None:
        if duel.closed_ms is not None:
            await show_end(self._bot, duel)
        else:
            await post_duel(self._bot, duel, until_ms=await self._end_ms(duel))

    async def _end_ms(self, duel: Duel) -> int | None:
        """The end of a pair posted now; None if it has no fixed end."""
        if duel.party_id is None:
            return None
        party = await self._services.parties.get(duel.party_id)
        over_ms = self._services.clock() + PAIR_MS
        return min(over_ms, party.ends_ms) if party else over_ms


def _keeps_failing(duels: Sequence[Duel]) -> bool:
    """Whether the last two pairs could not be posted, so that the next would fail too."""
    latest = duels[:_FAILURES_MAX]
    return len(latest) == _FAILURES_MAX and all(
        duel.closed_ms is not None and duel.posted_ms is None for duel in latest
    )


def _is_time_over(duel: Duel, now_ms: int) -> bool:
    """Whether the pair's time is over. It begins when the pair is posted."""
    return duel.posted_ms is not None and now_ms >= duel.posted_ms + PAIR_MS


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(PartiesCog(bot))
