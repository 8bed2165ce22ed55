"""Turns a press under a picture into another ask: repeat, reroll or vary. Not a cog."""

from __future__ import annotations

from dataclasses import replace

from bot.client import Interaction
from bot.domain import Job, Refused, RequestKind, Ruling
from bot.policy.asks import ask_again, typed_of
from bot.services import Services
from cogs.asking.refusing import refuse_words
from cogs.asking.requests import submit
from cogs.translating import place_of, user_of
from models.contract import Draw


async def ask_for(
    interaction: Interaction, job: Job, kind: RequestKind, draw: Draw, *, count: int = 1
) -> None:
    """Ask, for the member who pressed, for something based on this job's picture."""
    services = interaction.client.services
    # A press must not publish a private prompt.
    private = await services.views.is_private(job.id)
    ask = ask_again(
        info=services.model(),
        user_id=user_of(interaction),
        place=place_of(interaction),
        draw=draw,
        count=count,
        kind=kind,
        parent_job_id=job.id,
        private=private,
    )
    if isinstance(ask, Refused):
        typed = typed_of(draw, services.model(), private=private, count=count)
        await refuse_words(interaction, ask, typed)
        return
    await submit(interaction, replace(ask, precedent=await inherited(services, job)))


async def inherited(services: Services, job: Job) -> Ruling | None:
    """The spoiler that moderators gave this picture; it carries over to pictures like it."""
    picture = await services.gallery.get(job.id)
    card_id = services.model().card_id if picture is None else picture.card_id
    found = await services.reviews.precedent(job.guild_id, [job.draw], card_id)
    covered = found is not None or job.ruling is Ruling.SPOILER
    return Ruling.SPOILER if covered else None
