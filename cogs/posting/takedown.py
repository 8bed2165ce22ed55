"""Deletes from Discord what is to go: posts of deleted pictures, messages of forgotten users.

The rows of doomed messages and of hunts are the truth, written in the transaction that decided it;
the nudge only saves waiting. A message that may not be deleted now is tried again for as long as
its channel exists. It must not know why a message goes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import TypeVar

import discord
from discord.ext import commands

from bot.client import WaifuBot
from bot.domain import MessageId, MessageRef
from bot.log import whereabouts
from bot.store.doomed import Hunt
from cogs.posting.faults import is_archived, is_forbidden, is_gone, is_passing
from cogs.posting.finding import NotThereYetError, Patience, Stretch, found_by_name
from cogs.posting.lanes import Lanes, by_channel, keep_looking

log = logging.getLogger(__name__)

#: How long the loop sleeps when nobody nudges it, and the longest rest of a channel that refuses.
_POLL_S, _LONGEST_PAUSE_S = 60.0, 3600.0
#: Messages looked at in one round; channels that are worked for, and searched, at the same time.
_LOOK, _WIDTH, _HUNTS = 100, 4, 2

WorkT = TypeVar("WorkT")


class Takedown(commands.Cog):
    """One message of a channel after the other; Discord limits deletions by channel.

    What is hunted has lanes of its own: a long history, or one that we may not read, holds up no
    deletion.
    """

    def __init__(self, bot: WaifuBot) -> None:
        self._bot = bot
        self._services = bot.services
        self._patience = Patience()
        self._deleting = self._lanes_for(self._delete, _WIDTH)
        self._hunting = self._lanes_for(self._hunt, _HUNTS)

    def _lanes_for(
        self, work: Callable[[WorkT], Coroutine[None, None, None]], width: int
    ) -> Lanes[WorkT]:
        return Lanes(
            work,
            elapsed_s=self._services.elapsed_s,
            nudge=self._services.signals.doomed,
            width=width,
            longest_pause_s=_LONGEST_PAUSE_S,
        )

    async def cog_load(self) -> None:
        """Start as soon as the bot is connected."""
        self._bot.spawn(self._run(), name="takedown")

    async def _run(self) -> None:
        await self._bot.wait_until_ready()
        async with asyncio.TaskGroup() as tasks:
            await keep_looking(
                lambda: self.look(tasks), self._services.signals.doomed, _POLL_S, "what is to go"
            )

    async def look(self, tasks: asyncio.TaskGroup) -> None:
        """Open a lane for every channel from which something is to go."""
        doomed = self._services.doomed
        messages = await doomed.messages(_LOOK, self._deleting.closed())
        for channel_id, some in by_channel(messages).items():
            self._deleting.open(tasks, channel_id, some)
        hunts = await doomed.hunts(_LOOK, self._hunting.closed())
        for channel_id, hunted in by_channel(hunts).items():
            self._hunting.open(tasks, channel_id, [hunted])

    async def _hunt(self, hunts: Sequence[Hunt]) -> None:
        """Find what carries the names; what is found is doomed, and goes in the next round."""
        with whereabouts(guild=hunts[0].guild_id):
            stretch = Stretch(
                guild_id=hunts[0].guild_id,
                channel_id=hunts[0].channel_id,
                since_id=min(hunt.since_id for hunt in hunts),
            )
            found = await found_by_name(self._bot, stretch, [hunt.name for hunt in hunts])
            waiting = [hunt for hunt in hunts if not await self._is_over(hunt, found[hunt.name])]
        if waiting:
            raise NotThereYetError(f"{len(waiting)} hunted messages are not there yet")

    async def _is_over(self, hunt: Hunt, found: Sequence[discord.Message]) -> bool:
        if not found and not self._patience.is_over(hunt.name):
            return False
        self._patience.found(hunt.name)
        await self._services.doomed.caught(hunt, [MessageId(message.id) for message in found])
        if found:
            self._services.signals.doomed.set()
        return True

    async def _delete(self, message: MessageRef) -> None:
        with whereabouts(guild=message.guild_id):
            await self._take_down(message)

    async def _take_down(self, message: MessageRef) -> None:
        channel = self._bot.get_partial_messageable(message.channel_id, guild_id=message.guild_id)
        try:
            await channel.get_partial_message(message.message_id).delete()
        except discord.HTTPException as problem:
            if is_archived(problem):
                await self._delete_from_archive(message)
            elif is_passing(problem) or is_forbidden(problem):
                raise
            elif not is_gone(problem):
                log.warning("message %s can never be deleted: %s", message.message_id, problem)
        await self._services.doomed.gone(message.message_id, self._services.clock())

    async def _delete_from_archive(self, message: MessageRef) -> None:
        """Open the thread for a moment; without the permission it is tried again later."""
        thread = await self._bot.fetch_channel(message.channel_id)
        assert isinstance(thread, discord.Thread), "only a thread is archived"
        await thread.edit(archived=False)
        await thread.get_partial_message(message.message_id).delete()
        await thread.edit(archived=True)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Takedown(bot))
