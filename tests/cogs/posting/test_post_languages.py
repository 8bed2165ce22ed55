"""Messages to a whole channel use the server's language, whoever nudged the loop."""

from __future__ import annotations

from pathlib import Path

import discord

from tests.stages.desk import Desk
from tests.stages.office import Office
from tests.stages.simulated import Scene, scene


def is_german(here: Scene) -> None:
    guild = here.env.bot.get_guild(here.guild.id)
    assert guild is not None
    guild.preferred_locale = discord.Locale.german


async def test_a_post_is_in_the_servers_language(tmp_path: Path) -> None:
    async with scene(tmp_path, "cogs.posting.delivery", kind=Office) as office:
        is_german(office)
        job = await office.draw_picture()
        await office.run_delivery()
        message = office.channel.last_message
        assert message is not None
        assert f"{job.draw.steps} Schritte" in message.content


async def test_a_status_is_edited_in_the_servers_language(tmp_path: Path) -> None:
    async with scene(tmp_path, "cogs.posting.status", kind=Desk) as desk:
        is_german(desk)
        (job,), message = await desk.make_request()
        await desk.start_job(job)
        desk.report_step(job, 2)
        await desk.env.advance_time(4)
        await desk.update_statuses()
        assert "Schritt 2 von" in desk.text_of(message)
