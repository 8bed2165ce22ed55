"""Finds the picture of a press or menu, and shows its settings. Not a cog."""

from __future__ import annotations

import io

import discord

from bot.client import Interaction
from bot.domain import Job, JobId, MessageId, OwedPostId
from bot.store.grids import Grid
from bot.words import history, knowing, pictures, wording
from cogs.audience import may_read_channel
from cogs.posting.finding import button_ids
from cogs.translating import tell, user_of
from models.provenance import Provenance, a1111_parameters


async def find_picture(interaction: Interaction, job_id: JobId) -> Job | None:
    """The picture's job, if the member may see it in this server; otherwise tells them why not.

    A button's id can be forged, so read access is checked as anywhere else.
    """
    job = await _visible_job(interaction, job_id)
    if job is None:
        await tell(interaction, pictures.PICTURE_GONE())
    elif not await may_read(interaction, job):
        await tell(interaction, history.ELSEWHERE())
    else:
        return job
    return None


async def may_read(interaction: Interaction, job: Job) -> bool:
    """Whether the picture is the member's own, or they can read a channel that shows it."""
    services = interaction.client.services
    if job.user_id == user_of(interaction):
        return True
    posts = await services.gallery.posts(job.id)
    places = {job.channel_id, *(post.channel_id for post in posts)}
    if hangs_in := await services.showpieces.gallery_channel_of(job.id):
        places.add(hangs_in)
    # A member who presses in a channel can read it, even if its threads are unknown to us.
    return interaction.channel_id in places or any(
        may_read_channel(interaction.user, at) for at in places
    )


async def grid_of(interaction: Interaction, name: OwedPostId) -> Grid | None:
    """The multi-picture post that a button names; None if the member may not see it."""
    grid = await interaction.client.services.grids.get(name)
    if grid is None or grid.message.guild_id != interaction.guild_id:
        return None
    return grid if await may_read(interaction, grid.jobs[1]) else None


async def find_picture_in(interaction: Interaction, message: discord.Message) -> Job | None:
    """The job of a message's first picture that exists; tells the member if there is none."""
    me = interaction.client.user
    ours = me is not None and message.author.id == me.id
    grid = await interaction.client.services.grids.of_message(MessageId(message.id))
    shown = [] if grid is None else [grid.shown[place] for place in sorted(grid.shown)]
    for job_id in [*shown, *map(JobId, sorted(button_ids(message)))] if ours else ():
        job = await _visible_job(interaction, job_id)
        if job is not None:
            return job
    await tell(interaction, pictures.NONE_OF_MINE())
    return None


async def _visible_job(interaction: Interaction, job_id: JobId) -> Job | None:
    views = interaction.client.services.views
    job = await views.get(job_id)
    if job is None or job.guild_id != interaction.guild_id:
        return None
    if job.user_id != user_of(interaction) and await views.is_private(job.id):
        return None
    return job


async def require_readable_settings(interaction: Interaction, job: Job) -> bool:
    """Whether this version understands all settings of a job; tells the member if not."""
    if job.fault is not None:
        await tell(interaction, pictures.FOREIGN())
    return job.fault is None


async def tell_settings(interaction: Interaction, job: Job) -> None:
    """Show the command and AUTOMATIC1111's WebUI text; as a file if they are long."""
    info = interaction.client.services.model()
    command = wording.command(job, completes=info.completes)
    parameters = a1111_parameters(Provenance.of(job.request(), info))
    text = (
        f"{pictures.DRAW_AGAIN()}\n{wording.code(command)}\n"
        f"{pictures.FOR_A1111()}\n{wording.code(parameters)}" + knowing.filled(job.draw.completion)
    )
    if len(text) <= wording.CONTENT_CHARS_MAX and "```" not in command:
        await tell(interaction, text)
        return
    whole = f"{command}\n\n{parameters}\n".encode()
    await interaction.response.send_message(
        pictures.SETTINGS_IN_FILE(),
        file=discord.File(io.BytesIO(whole), f"{job.id}.txt"),
        ephemeral=True,
    )
