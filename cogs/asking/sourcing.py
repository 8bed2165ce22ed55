"""Checks the source picture that a request names. Not a cog.

A source must be a picture that the member may be shown in this place. The new picture inherits
moderators' rulings on its source.
"""

from __future__ import annotations

from dataclasses import replace

from bot.client import Interaction
from bot.domain import Job, JobId, Ruling
from bot.services import Services
from bot.typed.options import Typed
from bot.words import asking
from cogs.asking.showing import find_showable


async def with_source(
    interaction: Interaction, typed: Typed
) -> tuple[Typed, Ruling | None, tuple[str, ...]]:
    """The input with its checked source, the ruling it inherits, and the faults of the source."""
    if typed.source is None:
        return typed, None, ()
    services = interaction.client.services
    found = await find_showable(interaction, JobId(typed.source.strip("`")))
    if isinstance(found, str):
        return typed, None, (asking.WITHOUT_SOURCE(why=found),)
    job, _ = found
    # Naming a private picture must not publish its words.
    private = typed.private or await services.views.is_private(job.id) or None
    typed = replace(typed, source=job.id, private=private)
    return typed, await inherited_ruling(services, job), ()


async def inherited_ruling(services: Services, job: Job) -> Ruling | None:
    """The ruling for pictures made from this job's: a spoiler if moderators put it behind one."""
    picture = await services.gallery.get(job.id)
    card_id = services.model().card_id if picture is None else picture.card_id
    found = await services.reviews.precedent(job.guild_id, [job.draw], card_id)
    covered = found is not None or job.ruling is Ruling.SPOILER
    return Ruling.SPOILER if covered else None
