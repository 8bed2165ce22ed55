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
from tests.stages.front import EXTENSIONS, Front, answer_to
from tests.stages.simulated import OWNER, scene


@dataclass(kw_only=True)
class Court(Front):
    """`boss` may decide cases. Only moderators and the bot see `review_channel`."""

    boss: MemberActor
    review_channel: ChannelHandle

    async def change_policy(self, **changes: Any) -> None:
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

    async def hold_picture(
        self, prompt: str = "1girl, blue hair", rating: Rating = Rating.GENERAL
    ) -> Job:
        """Hold a picture of the member's. Its case is not posted yet."""
        (job,) = await self.queue_jobs(prompt=prompt, rating=rating)
        claimed = await self.services.queue.claim(OWNER, 60_000, self.services.clock())
        assert claimed is not None
        assert claimed.id == job.id
        held = replace(make_held(claimed), rating=rating, scores=Scores(values={"nudity": 0.6}))
        await self.keep_picture(claimed, held)
        return job

    async def run_all_rounds(self) -> None:
        """Run a round of every background task on cases and pictures."""
        for name in ("Review", "Delivery", "Amending", "Takedown"):
            await self.run_rounds(name)

    async def open_cases(self) -> list[Case]:
        return await self.services.reviews.open_cases(GuildId(self.guild.id), 99)

    async def case(self, case_id: CaseId) -> Case:
        found = await self.services.reviews.get(case_id)
        assert found is not None
        return found

    async def post_case(self) -> discord.Message:
        """Post the case; return its message, the only one in the review channel."""
        await self.run_rounds("Review")
        (message,) = self.review_channel.history()
        return message

    def case_message(self) -> discord.Message:
        """The current state of the only message in the review channel."""
        (message,) = self.review_channel.history()
        return message

    async def press_action(self, message: discord.Message, action: str) -> ResponseMessage | None:
        """Press a button of a case as the moderator; return the private answer, if any."""
        result = await self.boss.click(message, custom_id=button_of(message, action))
        await self.run_rounds("Messenger")
        return result.followups[-1] if result.followups else None

    async def let_see_reviews(self, who: MemberActor | discord.Member) -> None:
        """Give somebody access to the review channel, which gives no right to decide."""
        allowed, _ = discord.PermissionOverwrite(view_channel=True).pair()
        self.env.backend.set_overwrite(
            self.review_channel.id, Overwrite(who.id, OverwriteType.MEMBER, allow=allowed.value)
        )
        await self.env.settle()

    async def state(self, job: Job) -> JobState:
        found = await self.services.views.get(job.id)
        assert found is not None
        return found.state

    def texts_in_channel(self) -> list[str]:
        """The messages in the channel, the oldest first."""
        return [message.content for message in self.channel.history()]

    def spoilers(self) -> list[bool]:
        """Whether each picture in the channel is behind a spoiler."""
        return [a.is_spoiler() for m in self.channel.history() for a in m.attachments]

    async def fill_form(
        self, who: MemberActor, form: InteractionResult, **values: Any
    ) -> ResponseMessage:
        """Fill in a form and submit it."""
        assert form.modal is not None
        return answer_to(await who.submit_modal(form, values))


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
async def court(
    tmp_path: Path, *more: str, has_review_channel: bool = True
) -> AsyncIterator[Court]:
    """A server with a review channel, which its policy names if `has_review_channel`."""
    extensions = (*EXTENSIONS, "cogs.posting.delivery", *more)
    async with scene(tmp_path, *extensions, kind=Front) as front:
        role = front.guild.create_role(
            "mods", permissions=discord.Permissions(manage_guild=True, manage_messages=True)
        )
        boss = front.guild.add_member(front.env.create_user("boss"), roles=[role])
        me = front.guild.me
        assert me is not None
        review_channel = front.guild.create_text_channel(
            "review",
            overwrites={
                front.guild.default_role: discord.PermissionOverwrite(view_channel=False),
                role: discord.PermissionOverwrite(view_channel=True),
                me: discord.PermissionOverwrite(view_channel=True),
            },
        )
        await front.env.settle()
        built = Court(
            env=front.env, services=front.services, guild=front.guild, channel=front.channel,
            member=front.member, extensions=front.extensions, boss=boss,
            review_channel=review_channel,
        )  # fmt: skip
        await built.accept_licence(boss)
        if has_review_channel:
            await built.change_policy(review_channel=ChannelId(review_channel.id))
        yield built
