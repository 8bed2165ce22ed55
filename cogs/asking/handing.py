"""Sends a kept picture as the answer to an interaction. Not a cog.

Callers first check whether it may be shown: in public (`showing.py`) or privately (`private.py`).
"""

from __future__ import annotations

import io

import discord

from bot.client import Interaction
from bot.domain import Job, Picture
from bot.words import wording
from cogs.components import post_view
from cogs.posting.noting import unknown_words_note
from cogs.posting.uploads import upload, with_compression_note


async def send_picture(
    interaction: Interaction, job: Job, picture: Picture, png: bytes, *, private: bool
) -> discord.WebhookMessage:
    """Send the picture with its caption and buttons, shrunk to fit.

    Raises what Discord raises, and ValueError if it cannot be made small enough.
    """
    unknown_words = await unknown_words_note(interaction.client.services, job)
    return await upload(
        [png],
        interaction.filesize_limit,
        lambda fitting: interaction.followup.send(
            with_compression_note(wording.caption(job, picture, unknown_words), fitting),
            file=discord.File(
                io.BytesIO(fitting[0].data),
                f"{job.id}.{fitting[0].extension}",
                spoiler=picture.spoiler,
                description=wording.alt_text(job),
            ),
            view=post_view(job.id),
            ephemeral=private,
            wait=True,
        ),
    )
