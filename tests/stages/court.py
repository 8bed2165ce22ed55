"""The scene for review tests: a moderator, a private review channel, a policy to change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import discord
from simcord.actors import MemberActor
from simcord.backend.models import Overwrite
from simcord.builders import ChannelHandle
from simcord.enums import OverwriteType
from simcord.results import InteractionResult, ResponseMessage

from bot.domain import ChannelId, GuildId, Job, JobState, Rating, UserId
from bot.store.case_rows import Case, CaseId
from bot.store.guilds import Superseded
from models.contract import Scores
from tests.stages.factories import make_held
from tests.stages.front import EXTENSIONS, Front, said
from tests.stages.simulated import OWNER, scene


@dataclass(kw_only=True)
class Court(Front):
    """`boss` may decide; `benches` is the review channel, which nobody else sees."""

    boss: MemberActor
    benches: ChannelHandle

    async def decides(self, **changes: Any) -> None:
        """Change the server's policy."""
        current = await self.services.guilds.current(GuildId(self.guild.id))
        saved = await self.services.guilds.save(
            replace(current.policy, **changes),
            current.number,
            UserId(self.boss.id),
            self.services.clock(),
            summary="changed by a test",
        )
        assert not isinstance(saved, Superseded)

    async def held(self, prompt: str = "1girl, blue hair", rating: Rating = Rating.GENERAL) -> Job:
        """A held picture of the member's, whose case has not been posted yet."""
        (job,) = await self.queued(prompt=prompt, rating=rating)
        claimed = await self.services.queue.claim(OWNER, 60_000, self.services.clock())
        assert claimed is not None
        assert claimed.id == job.id
        held = replace(make_held(claimed), rating=rating, scores=Scores(values={"nudity": 0.6}))
        await self.kept(claimed, held)
        return job

    async def sits(self) -> None:
        """Run a round of every background task on cases and pictures."""
        for name in ("Review", "Delivery", "Amending", "Takedown"):
            await self.looks(name)

    async def cases(self) -> list[Case]:
        return await self.services.reviews.open_cases(GuildId(self.guild.id), 99)

    async def case(self, case_id: CaseId) -> Case:
        found = await self.services.reviews.get(case_id)
        assert found is not None
        return found

    async def presented(self) -> discord.Message:
        """The case's message, the only one in the review channel."""
        await self.looks("Review")
        (message,) = self.benches.history()
        return message

    def bench(self) -> discord.Message:
        """The only message of the review channel, as it is now."""
        (message,) = self.benches.history()
        return message

    async def rules(self, message: discord.Message, action: str) -> ResponseMessage | None:
        """Press a button of a case as the moderator; return their private answer, if any."""
        result = await self.boss.click(message, custom_id=button_of(message, action))
        await self.looks("Messenger")
        return result.followups[-1] if result.followups else None

    async def lets_in(self, who: MemberActor | discord.Member) -> None:
        """Let them see the review channel, whether they may decide or not."""
        allowed, _ = discord.PermissionOverwrite(view_channel=True).pair()
        self.env.backend.set_overwrite(
            self.benches.id, Overwrite(who.id, OverwriteType.MEMBER, allow=allowed.value)
        )
        await self.env.settle()

    async def state(self, job: Job) -> JobState:
        found = await self.services.views.get(job.id)
        assert found is not None
        return found.state

    def told(self) -> list[str]:
        """The messages in the channel, the oldest first."""
        return [message.content for message in self.channel.history()]

    def spoilers(self) -> list[bool]:
        """Whether each picture in the channel is behind a spoiler."""
        return [a.is_spoiler() for m in self.channel.history() for a in m.attachments]

    async def fills(
        self, who: MemberActor, shown: InteractionResult, **values: Any
    ) -> ResponseMessage:
        """Fill in a form and submit it."""
        assert shown.modal is not None
        return said(await who.submit_modal(shown, values))


def buttons_of(message: discord.Message) -> dict[str, str]:
    """The custom ids under a message, by action."""
    ids = [
        child.custom_id
        for row in message.components
        if isinstance(row, discord.ActionRow)
        for child in row.children
        if isinstance(child, discord.Button) and child.custom_id
    ]
    return {custom_id.split(":")[1]: custom_id for custom_id in ids}


def button_of(message: discord.Message, action: str) -> str:
    return buttons_of(message)[action]


@asynccontextmanager
async def court(tmp_path: Path, *more: str, review: bool = True) -> AsyncIterator[Court]:
    """`review`: whether the server has chosen its review channel."""
    extensions = (*EXTENSIONS, "cogs.posting.delivery", *more)
    async with scene(tmp_path, *extensions, kind=Front) as front:
        role = front.guild.create_role(
            "mods", permissions=discord.Permissions(manage_guild=True, manage_messages=True)
        )
        boss = front.guild.add_member(front.env.create_user("boss"), roles=[role])
        me = front.guild.me
        assert me is not None
        benches = front.guild.create_text_channel(
            "review",
            overwrites={
                front.guild.default_role: discord.PermissionOverwrite(view_channel=False),
                role: discord.PermissionOverwrite(view_channel=True),
                me: discord.PermissionOverwrite(view_channel=True),
            },
        )
        await front.env.settle()
        ready = Court(
            env=front.env, services=front.services, guild=front.guild, channel=front.channel,
            member=front.member, extensions=front.extensions, boss=boss, benches=benches,
        )  # fmt: skip
        await ready.accepts(boss)
        if review:
            await ready.decides(review_channel=ChannelId(benches.id))
        yield ready
