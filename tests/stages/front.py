"""The cogs that members use, in a simulated server, for tests of commands and buttons."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import discord
from simcord.actors import MemberActor
from simcord.results import InteractionResult, ResponseMessage

from bot.client import WaifuBot
from bot.domain import Job, JobId, UserId
from models.contract import ModelInfo
from tests.stages.simulated import Scene, scene

EXTENSIONS = (
    "cogs.asking.waifu", "cogs.asking.buttons", "cogs.asking.editing", "cogs.asking.deleting",
    "cogs.asking.grids", "cogs.asking.varying", "cogs.asking.upscaling",
    "cogs.asking.presets", "cogs.asking.menus",
    "cogs.asking.helping", "cogs.asking.queue", "cogs.asking.history",
    "cogs.asking.exploring", "cogs.asking.surprising",
    "cogs.governing.styles",
    "cogs.governing.licence",
    "cogs.governing.policy", "cogs.governing.privacy", "cogs.governing.review",
    "cogs.governing.reporting", "cogs.governing.appealing", "cogs.governing.moderating",
    "cogs.governing.purging", "cogs.governing.telling",
    "cogs.posting.takedown", "cogs.posting.amending",
)  # fmt: skip
#: Discord's limits for messages and choices, which no answer may break.
CONTENT_CHARS_MAX = 2000


@dataclass(kw_only=True)
class Front(Scene):
    """`member` has accepted the licence; methods add a moderator or a newcomer."""

    @property
    def bot(self) -> WaifuBot:
        assert isinstance(self.env.bot, WaifuBot)
        return self.env.bot

    def newcomer(self, name: str = "newcomer") -> MemberActor:
        return self.guild.add_member(self.env.create_user(name))

    def moderator(self, **permissions: bool) -> MemberActor:
        role = self.guild.create_role("power", permissions=discord.Permissions(**permissions))
        return self.guild.add_member(self.env.create_user("mod"), roles=[role])

    def use_model(self, info: ModelInfo) -> None:
        self.bot.services = replace(self.services, model=lambda: info)

    async def ask(self, who: MemberActor | None = None, **options: Any) -> ResponseMessage:
        options.setdefault("prompt", "1girl")
        return answer_to(await (who or self.member).slash(self.channel, "waifu", **options))

    async def jobs_of(self, who: MemberActor | None = None) -> list[Job]:
        user_id = UserId((who or self.member).id)
        rows = await self.services.queue._db.fetch_all(
            "SELECT id FROM jobs WHERE user_id = :user ORDER BY seq", {"user": user_id}
        )
        found = [await self.services.views.get(JobId(row["id"])) for row in rows]
        return [job for job in found if job is not None]

    async def post_picture(
        self, prompt: str = "1girl, blue hair", *, seed: int = 7
    ) -> tuple[Job, discord.Message]:
        """Draw a picture of the member's and post it with its buttons."""
        from cogs.components import post_view

        (job,) = await self.queue_jobs(prompt=prompt, seed=seed)
        await self.draw_jobs([job])
        channel = self.env.bot.get_partial_messageable(job.channel_id, guild_id=job.guild_id)
        message = await channel.send(f"a picture {job.id}", view=post_view(job.id))
        await self.deliver_job(job, message)
        return job, message

    async def is_nothing_doomed(self) -> bool:
        """Whether no message waits for its deletion from Discord."""
        doomed = self.services.doomed
        return not await doomed.messages(9) and not await doomed.hunts(9)

    async def run_takedown(self, rounds: int = 8) -> None:
        """Run rounds with ever longer pauses, as a lane's rests require."""
        for number in range(rounds):
            await self.run_rounds("Takedown")
            await self.env.advance_time(2**number)

    def message_ids(self) -> list[int]:
        return [message.id for message in self.channel.history()]


def answer_to(result: InteractionResult) -> ResponseMessage:
    """The last answer to a command or a press, within Discord's limits."""
    answer = result.followups[-1] if result.followups else result.response
    assert answer is not None
    assert len(answer.content) <= CONTENT_CHARS_MAX
    return answer


def custom_ids(message: ResponseMessage) -> list[str]:
    return [item["custom_id"] for row in message.components for item in row.get("components", [])]


def form_values(form: InteractionResult) -> dict[str, Any]:
    """The values in the fields of a form; for a choice, the chosen one."""
    assert form.modal is not None
    fields = [row["component"] for row in form.modal["components"]]
    return {
        f["custom_id"]: [o["value"] for o in f["options"] if o.get("default")]
        if "options" in f
        else f.get("value") or ""
        for f in fields
    }


@asynccontextmanager
async def front(tmp_path: Path, *more: str) -> AsyncIterator[Front]:
    async with scene(tmp_path, *EXTENSIONS, *more, kind=Front) as built:
        yield built
