"""The scene for tests of delivery."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from simcord.builders import ChannelHandle

from bot.domain import Job, JobState
from models.provenance import encode_png
from tests.stages.simulated import OWNER, Scene


class Office(Scene):
    """The scene with the delivery cog."""

    async def run_delivery(self) -> None:
        """Run rounds of the delivery until its lanes are idle."""
        await self.run_rounds("Delivery")

    async def die_while_posting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Kill the process after Discord has the picture and before the answer arrives."""
        self.lose_next_answer(monkeypatch, asyncio.CancelledError())
        async with asyncio.TaskGroup() as tasks:
            await self.cog("Delivery").look(tasks)

    async def draw_picture(self, **options: Any) -> Job:
        jobs = await self.queue_jobs(**options)
        await self.draw_jobs(jobs)
        return jobs[0]

    async def draw_large_picture(self) -> tuple[Job, bytes]:
        """Draw a picture that barely compresses; return its job and its file."""
        (job,) = await self.queue_jobs()
        assert await self.services.queue.claim(OWNER, 60_000, self.services.clock()) is not None
        png = encode_png(random.Random(3).randbytes(3 * 128 * 128), 128, 128)
        await self.keep_picture(job, data=png)
        return job, png

    async def state(self, job: Job) -> tuple[JobState, str]:
        now = await self.services.views.get(job.id)
        assert now is not None
        return now.state, now.error or ""

    def pictures(self, channel: ChannelHandle | None = None) -> list[str]:
        """The names of the pictures in a channel, in order."""
        messages = (channel or self.channel).history()
        return [file.filename for message in messages for file in message.attachments]
