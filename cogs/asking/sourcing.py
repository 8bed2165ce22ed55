"""The picture that a request starts from, where it names one. Not a cog.

Such a picture is looked at like one that is shown: it has to be one that may be shown in this place
to whoever asks. What moderators said of it goes over to what is made from it.
"""

from __future__ import annotations

from dataclasses import replace

from bot.client import Interaction
from bot.domain import Job, JobId, Ruling
from bot.services import Services
from bot.typed.options import Typed
from bot.words import asking
from cogs.asking.showing import showable


async def sourced(
    interaction: Interaction, typed: Typed
) -> tuple[Typed, Ruling | None, tuple[str, ...]]:
    """What was typed, what the picture it starts from brings along, and why it cannot be used."""
    if typed.source is None:
        return typed, None, ()
    services = interaction.client.services
    found = await showable(interaction, JobId(typed.source.strip("`")))
    if isinstance(found, str):
        return typed, None, (asking.WITHOUT_SOURCE(why=found),)
    job, _ = found
    # Nobody publishes private words by naming their picture.
    private = typed.private or await services.views.is_private(job.id) or None
    typed = replace(typed, source=job.id, private=private)
    return typed, await inherited(services, job), ()


async def inherited(services: Services, job: Job) -> Ruling | None:
    """What moderators put behind a spoiler has others like it come behind one too."""
    picture = await services.gallery.get(job.id)
    card_id = services.model().card_id if picture is None else picture.card_id
    found = await services.reviews.precedent(job.guild_id, [job.draw], card_id)
    covered = found is not None or job.ruling is Ruling.SPOILER
    return Ruling.SPOILER if covered else None
