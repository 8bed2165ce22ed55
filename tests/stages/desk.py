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

    async def make_request(self, **options: Any) -> tuple[list[Job], discord.Message]:
        """Make a request with its status message, as the command does."""
        jobs = await self.queue_jobs(**options)
        channel_id = jobs[0].channel_id
        channel = self.env.bot.get_partial_messageable(channel_id, guild_id=self.guild.id)
        message = await channel.send("asked", view=cancel_view(jobs[0].request_id))
        await self.services.views.set_status_message(jobs[0].request_id, self.message_ref(message))
        return jobs, message

    async def update_statuses(self) -> None:
        """Run one round of the status cog, with all its edits."""
        await self.run_rounds("Status")

    async def start_job(self, job: Job) -> None:
        """Let the worker claim the job, which must be the next in the queue."""
        claimed = await self.services.queue.claim(OWNER, 600_000, self.services.clock())
        assert claimed is not None
        assert claimed.id == job.id
        self.services.progress.record_start(job, self.services.clock())

    def report_step(self, job: Job, step: int, preview: bytes | None = None) -> None:
        self.services.progress.record_report(
            StepReport(row_id=job.id, step=step, steps=job.draw.steps, preview_png=preview)
        )

    def end_drawing(self, job: Job) -> None:
        self.services.progress.record_end(job.id, self.services.clock(), drawn=True)

    async def fail_job(self, job_id: JobId, reason: str) -> None:
        await self.services.queue.fail(OWNER, job_id, reason, self.services.clock())

    def current_message(self, message: discord.Message) -> discord.Message | None:
        return next((m for m in self.channel.history() if m.id == message.id), None)

    def text_of(self, message: discord.Message) -> str:
        current = self.current_message(message)
        assert current is not None
        return current.content

    def set_age_restricted(self, *, restricted: bool) -> None:
        """Make the channel age-restricted, or not."""
        channel = self.env.bot.get_channel(self.channel.id)
        assert isinstance(channel, discord.TextChannel)
        channel.nsfw = restricted

    def edit_count(self) -> int:
        return sum(request.method == "PATCH" for request in self.env.http_requests)

    async def has_open_status(self, job: Job) -> bool:
        open_ = await self.services.views.open_statuses()
        return job.request_id in {status.request_id for status in open_}
