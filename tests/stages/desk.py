"""The scene for tests of status messages."""

from __future__ import annotations

from typing import Any

import discord

from bot.domain import Job, JobId
from cogs.components import cancel_view
from models.contract import StepReport
from tests.stages.simulated import OWNER, Scene

PREVIEWS = (b"\x89PNG one", b"\x89PNG two")


class Desk(Scene):
    """The scene with the status cog."""

    async def asked(self, **options: Any) -> tuple[list[Job], discord.Message]:
        """Make a request with its status message, as the command does."""
        jobs = await self.queued(**options)
        channel_id = jobs[0].channel_id
        channel = self.env.bot.get_partial_messageable(channel_id, guild_id=self.guild.id)
        message = await channel.send("asked", view=cancel_view(jobs[0].request_id))
        await self.services.views.set_status_message(jobs[0].request_id, self.message_ref(message))
        return jobs, message

    async def tends(self) -> None:
        """Run one round, until its edits are done."""
        await self.looks("Status")

    async def begins(self, job: Job) -> None:
        """Have the worker take the job, which must be the next in the queue."""
        claimed = await self.services.queue.claim(OWNER, 600_000, self.services.clock())
        assert claimed is not None
        assert claimed.id == job.id
        self.services.progress.record_start(job, self.services.clock())

    def steps(self, job: Job, step: int, preview: bytes | None = None) -> None:
        self.services.progress.record_report(
            StepReport(row_id=job.id, step=step, steps=job.draw.steps, preview_png=preview)
        )

    def leaves_engine(self, job: Job) -> None:
        self.services.progress.record_end(job.id, self.services.clock(), drawn=True)

    async def fails(self, job_id: JobId, why: str) -> None:
        await self.services.queue.fail(OWNER, job_id, why, self.services.clock())

    def shown(self, message: discord.Message) -> discord.Message | None:
        return next((m for m in self.channel.history() if m.id == message.id), None)

    def text(self, message: discord.Message) -> str:
        shown = self.shown(message)
        assert shown is not None
        return shown.content

    def is_adult(self, *, adult: bool) -> None:
        """Make the channel age-restricted, or not."""
        channel = self.env.bot.get_channel(self.channel.id)
        assert isinstance(channel, discord.TextChannel)
        channel.nsfw = adult

    def edits(self) -> int:
        return sum(request.method == "PATCH" for request in self.env.http_requests)

    async def is_open(self, job: Job) -> bool:
        open_ = await self.services.views.open_statuses()
        return job.request_id in {status.request_id for status in open_}
