"""Turns a press under a picture or a request into a new request. Not a cog.

A picture is repeated, rerolled or varied; a request with a typo is corrected.
"""

from __future__ import annotations

from dataclasses import replace

from bot.client import Interaction
from bot.domain import Job, Refused, Request, RequestKind
from bot.policy.asks import ask_again, typed_of
from cogs.asking.refusing import refuse_input
from cogs.asking.requests import submit
from cogs.asking.sourcing import inherited_ruling
from cogs.translating import place_of, user_of
from models.contract import Draw


async def submit_based_on(
    interaction: Interaction,
    job: Job,
    kind: RequestKind,
    draw: Draw,
    *,
    count: int = 1,
    instead: bool = False,
) -> Request | None:
    """Submit a request based on this job's picture, for the member who pressed.

    With `instead`, it takes the place of the job's own request, of which something must be undrawn.
    Returns the queued request; None if nothing was queued.
    """
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
        await refuse_input(interaction, ask, typed)
        return None
    ask = replace(ask, precedent=await inherited_ruling(services, job))
    if not instead:
        return await submit(interaction, ask)
    # A question would come between the two: the member has just answered one.
    return await submit(interaction, ask, confirmed=True, instead_of=job.request_id)
