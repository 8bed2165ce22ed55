"""The base of cogs that work off owed items for as long as the bot runs.

Each cog defines its owed items and the work on them; `lanes.py` lets channels take turns.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from discord.ext import commands

from bot.client import WaifuBot
from bot.drawing.signals import Nudge
from cogs.posting.lanes import keep_looking


class Lane(Protocol):
    """Something that begins owed items: `Lanes` of any kind."""

    async def look(self, tasks: asyncio.TaskGroup) -> bool:
        """Begin the items that may begin. True if there were any."""
        ...


class PollingCog(commands.Cog):
    """Looks from the first connection on, at every nudge and at every poll."""

    def __init__(
        self,
        bot: WaifuBot,
        *lanes: Lane,
        nudge: Nudge,
        what: str,
        poll_s: float,
        pace_s: float = 0.0,
    ) -> None:
        """`what` describes the items in the log; the rest as for `keep_looking`."""
        self._bot = bot
        self._services = bot.services
        self._lanes = lanes
        self._nudge = nudge
        self._what = what
        self._poll_s = poll_s
        self._pace_s = pace_s

    async def cog_load(self) -> None:
        """Start as soon as the bot is connected."""
        self._bot.spawn(self._run(), name=self._what)

    async def _run(self) -> None:
        await self._bot.wait_until_ready()
        await keep_looking(
            self.look, self._nudge, poll_s=self._poll_s, what=self._what, pace_s=self._pace_s
        )

    async def look(self, tasks: asyncio.TaskGroup) -> bool:
        """Begin the owed items, lane by lane. True if there were any."""
        begun = [await lane.look(tasks) for lane in self._lanes]
        return any(begun)
