"""Points to an existing picture before drawing it again. Not a cog.

Called by `requests.submit`. The same draw gives the same picture, so that one can be shown at once
if policy allows it in this place. The ask waits under *Draw it anyway* as it would for the licence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.client import Interaction
from bot.domain import Ask, Job, Post
from bot.policy.asks import bound_to_model
from bot.policy.layers import EffectivePolicy
from bot.policy.showing import Shown, may_show
from bot.words import alike
from cogs.audience import may_show_here
from cogs.components import Action, row_of
from cogs.translating import answer, url_of
from models.contract import Draw


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingPictures:
    """The requested pictures that already exist, in the order of the seeds."""

    jobs: Sequence[Job]
    #: The posts; None for a private one.
    urls: Sequence[str | None]


async def find_existing(
    interaction: Interaction, ask: Ask, policy: EffectivePolicy
) -> ExistingPictures | None:
    """Every requested picture, if all of them exist and may be shown here."""
    services, jobs, urls = interaction.client.services, list[Job](), list[str | None]()
    for draw in bound_to_model(ask, services.model()).draws:
        found = await _find_shown(interaction, ask, draw, policy)
        if found is None:
            return None
        job, post = found
        jobs.append(job)
        urls.append(post and url_of(post))
    return ExistingPictures(jobs=jobs, urls=urls)


async def _find_shown(
    interaction: Interaction, ask: Ask, draw: Draw, policy: EffectivePolicy
) -> tuple[Job, Post | None] | None:
    """The newest job with the same draw, and a post that all readers of this place can read.

    A private ask finds only the member's own private pictures, a public one only posts: neither
    leads to the other.
    """
    services, guild = interaction.client.services, interaction.guild
    here_id = ask.place.channel_id
    for job in await services.views.identical_jobs(ask.place.guild_id, draw):
        if await services.views.is_private(job.id) is not ask.private:
            continue
        if ask.private and job.user_id != ask.user_id:
            continue
        if guild is None or not may_show_here(guild, here_id, job.channel_id):
            continue
        picture = await services.gallery.get(job.id)
        if picture is None or not isinstance(may_show(job, picture, policy), Shown):
            continue
        if ask.private:
            return job, None
        for post in await services.gallery.posts(job.id):
            if may_show_here(guild, here_id, post.channel_id):
                return job, post
    return None


async def show_existing(interaction: Interaction, ask: Ask, found: ExistingPictures) -> None:
    """Point the member to the pictures, with buttons to show one here or to draw anyway."""
    services = interaction.client.services
    waiting_id = await services.consent.add_waiting_ask(ask, services.clock())
    here = [(Action.SHOW_HERE, found.jobs[0].id)] if len(found.jobs) == 1 else []
    await answer(
        interaction,
        alike.there_already(found.jobs, found.urls),
        row_of(*here, (Action.DRAW_ANYWAY, waiting_id)),
        private=True,
    )
