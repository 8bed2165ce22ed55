"""A ring for duels: the bot's front with pairs of pictures, and the parties' rounds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import discord
from simcord.actors import MemberActor
from simcord.results import InteractionResult

from bot.ballot import Duel, DuelOrigin
from bot.domain import GuildId, Job, UserId
from cogs.components import Action, custom_id
from tests.stages.factories import make_duel, make_place
from tests.stages.front import Front
from tests.stages.simulated import scene

EXTENSIONS = (
    "cogs.asking.buttons", "cogs.asking.queue", "cogs.governing.privacy", "cogs.voting.votes",
    "cogs.voting.duels", "cogs.voting.parties", "cogs.posting.takedown", "cogs.posting.lost",
)  # fmt: skip
PROMPT = "1girl, blue hair"


class Ring(Front):
    """Members who choose between pictures."""

    async def pair(self, prompt: str = PROMPT, seeds: tuple[int, ...] = (1, 2)) -> list[Job]:
        """Pictures of one prompt of the member's, posted."""
        jobs: list[Job] = []
        for seed in seeds:
            (job,) = await self.queued(prompt=prompt, seed=seed)
            await self.drawn([job])
            await self.posted(job)
            jobs.append(job)
        return jobs

    async def fan(self, name: str = "fan") -> MemberActor:
        """A member who has accepted the licence and asked for nothing."""
        who = self.newcomer(name)
        await self.accepts(who)
        return who

    async def opened(self, jobs: list[Job], origin: DuelOrigin = DuelOrigin.PARTY) -> Duel:
        """A duel that is owed to the channel."""
        duel = make_duel(
            jobs[0].id, jobs[1].id, channel=self.channel.id, guild=self.guild.id, origin=origin
        )
        opened = await self.services.duels.open(duel)
        assert opened is not None
        return opened

    async def duel_rows(self) -> list[Duel]:
        rows = await self.services.duels._db.fetch_all("SELECT id FROM duels ORDER BY rowid")
        found = [await self.services.duels.get(row["id"]) for row in rows]
        return [duel for duel in found if duel is not None]

    def duels_shown(self) -> list[discord.Message]:
        """Messages of the channel that show two pictures of a duel, the oldest first."""
        found = [
            m for m in self.channel.history() if any("left." in a.filename for a in m.attachments)
        ]
        return sorted(found, key=lambda message: message.id)

    async def press(
        self, who: MemberActor, message: discord.Message, action: Action, target: str
    ) -> InteractionResult:
        return await who.click(message, custom_id=custom_id(action, target))

    async def goes_on(self, seconds: float = 0.0) -> None:
        """Advance the time, then run the parties' rounds until nothing more is owed."""
        if seconds:
            await self.env.advance_time(seconds)
        for _ in range(3):
            await self.looks("PartiesCog")

    async def rated(self, who: MemberActor) -> bool:
        """Whether they have a current choice."""
        chosen = await self.services.duels.chosen_pairs(GuildId(self.guild.id), UserId(who.id))
        return bool(chosen)


@asynccontextmanager
async def ring(tmp_path: Path) -> AsyncIterator[Ring]:
    async with scene(tmp_path, *EXTENSIONS, kind=Ring) as ready:
        # The rules load once, here: it takes longer than the simulation waits for an answer.
        await ready.services.policy_at(make_place(guild=ready.guild.id))
        yield ready
