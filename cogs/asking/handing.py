"""A kept picture as the answer to an interaction. Not a cog.

What may be shown where is asked before, by whoever calls: in public (`showing.py`), or for one pair
of eyes (`private.py`).
"""

from __future__ import annotations

import io

import discord

from bot.client import Interaction
from bot.domain import Job, Picture
from bot.words import wording
from cogs.components import post_view
from cogs.posting.noting import note
from cogs.posting.uploads import told_of, upload


async def hand_over(
    interaction: Interaction, job: Job, picture: Picture, png: bytes, *, alone: bool
) -> discord.WebhookMessage:
    """Send it with its words and buttons, made to fit; `alone` for who asked only.

    Raises what Discord raises, and ValueError if it cannot be made small enough.
    """
    told = await note(interaction.client.services, job)
    return await upload(
        [png],
        interaction.filesize_limit,
        lambda fitting: interaction.followup.send(
            told_of(wording.caption(job, picture, told), fitting),
            file=discord.File(
                io.BytesIO(fitting[0].data),
                f"{job.id}.{fitting[0].extension}",
                spoiler=picture.spoiler,
                description=wording.alt_text(job),
            ),
            view=post_view(job.id),
            ephemeral=alone,
            wait=True,
        ),
    )
