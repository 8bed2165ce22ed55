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

    async def post_pair(self, prompt: str = PROMPT, seeds: tuple[int, ...] = (1, 2)) -> list[Job]:
        """Draw and post pictures of one prompt of the member's, one for each seed."""
        jobs: list[Job] = []
        for seed in seeds:
            (job,) = await self.queue_jobs(prompt=prompt, seed=seed)
            await self.draw_jobs([job])
            await self.deliver_job(job)
            jobs.append(job)
        return jobs

    async def add_fan(self, name: str = "fan") -> MemberActor:
        """Add a member who has accepted the licence and asked for nothing."""
        who = self.newcomer(name)
        await self.accept_licence(who)
        return who

    async def open_duel(self, jobs: list[Job], origin: DuelOrigin = DuelOrigin.PARTY) -> Duel:
        """Open a duel, which the bot must still post in the channel."""
        duel = make_duel(
            jobs[0].id, jobs[1].id, channel=self.channel.id, guild=self.guild.id, origin=origin
        )
        opened = await self.services.duels.open(duel)
        assert opened is not None
        return opened

    async def all_duels(self) -> list[Duel]:
        rows = await self.services.duels._db.fetch_all("SELECT id FROM duels ORDER BY rowid")
        found = [await self.services.duels.get(row["id"]) for row in rows]
        return [duel for duel in found if duel is not None]

    def duel_messages(self) -> list[discord.Message]:
        """Messages of the channel that show two pictures of a duel, the oldest first."""
        found = [
            m for m in self.channel.history() if any("left." in a.filename for a in m.attachments)
        ]
        return sorted(found, key=lambda message: message.id)

    async def press(
        self, who: MemberActor, message: discord.Message, action: Action, target: str
    ) -> InteractionResult:
        return await who.click(message, custom_id=custom_id(action, target))

    async def run_parties(self, seconds: float = 0.0) -> None:
        """Advance the time, then run rounds of the parties until they are idle."""
        if seconds:
            await self.env.advance_time(seconds)
        for _ in range(3):
            await self.run_rounds("PartiesCog")

    async def has_chosen(self, who: MemberActor) -> bool:
        """Whether this member has a current choice."""
        chosen = await self.services.duels.chosen_pairs(GuildId(self.guild.id), UserId(who.id))
        return bool(chosen)


@asynccontextmanager
async def ring(tmp_path: Path) -> AsyncIterator[Ring]:
    async with scene(tmp_path, *EXTENSIONS, kind=Ring) as built:
        # Loads the rules, which takes longer than the simulation waits for an answer.
        await built.services.policy_at(make_place(guild=built.guild.id))
        yield built
