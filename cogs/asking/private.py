"""Private pictures, which only the member who asked sees. Not a cog.

They count as delivered once kept, because from then on their member can fetch them with *Show*
under the acknowledgement or with `/show`. The bot also shows them once by itself while the
interaction's token lives, which only saves a press. Must not know how pictures are drawn.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from bot.client import Interaction
from bot.domain import (
    ENDED,
    BotError,
    Job,
    JobState,
    MessageId,
    Picture,
    Refused,
    RequestId,
    StorageError,
)
from bot.policy.showing import may_show
from bot.words import asking, pictures, wording
from cogs.asking.handing import send_picture
from cogs.components import fetch_view
from cogs.posting.faults import DISCORD_ERRORS
from cogs.translating import place_of, roles_of, tell

log = logging.getLogger(__name__)

_PACE_S = 1.0
#: A token lives for fifteen minutes; the last upload needs some of them.
_TOKEN_S = 14 * 60


async def show_when_done(
    interaction: Interaction, request_id: RequestId, answer_id: MessageId | None
) -> None:
    """Show the pictures of a private request when they are done, if the token still lives.

    The acknowledgement `answer_id` then says so.
    """
    services = interaction.client.services
    until_s = services.elapsed_s() + _TOKEN_S
    try:
        while services.elapsed_s() < until_s:
            jobs = await services.views.of_request(request_id)
            if all(job.state in ENDED or job.state is JobState.HELD for job in jobs):
                if answer_id is None or any(job.state is JobState.DELIVERED for job in jobs):
                    await show_all(interaction, jobs)
                if answer_id is not None:
                    await _close_acknowledgement(interaction, answer_id, jobs)
                return
            await asyncio.sleep(_PACE_S)
    except (*DISCORD_ERRORS, BotError) as problem:
        log.info("request %s waits behind its button: %s", request_id, problem)


async def _close_acknowledgement(
    interaction: Interaction, answer_id: MessageId, jobs: list[Job]
) -> None:
    """Report the outcome in the acknowledgement, keeping only the buttons that still work."""
    delivered = sum(job.state is JobState.DELIVERED for job in jobs)
    if any(job.state is JobState.HELD for job in jobs):
        text = asking.for_member_only(_status_text(jobs))
        await interaction.followup.edit_message(answer_id, content=text)
        return
    text = _status_text(jobs) if delivered == len(jobs) else wording.ended(jobs)
    await interaction.followup.edit_message(
        answer_id,
        content=asking.shown_to_member_only(text) if delivered else text,
        view=fetch_view(jobs[0].request_id) if delivered else None,
    )


def _status_text(jobs: list[Job]) -> str:
    return wording.status(jobs, standing=None, expected=None, progress={})


async def show_all(interaction: Interaction, jobs: list[Job]) -> None:
    """Show the finished pictures of a private request, and report the others."""
    shown = 0
    for job in jobs:
        picture = await interaction.client.services.gallery.get(job.id)
        if picture is not None and job.state is JobState.DELIVERED:
            await show_privately(interaction, job, picture)
            shown += 1
    if jobs and all(job.state in ENDED for job in jobs):
        if shown < len(jobs):
            await tell(interaction, wording.ended(jobs))
    elif not shown:
        held = any(job.state is JobState.HELD for job in jobs)
        await tell(interaction, _status_text(jobs) if held else pictures.NOT_YET())


async def show_privately(interaction: Interaction, job: Job, picture: Picture) -> None:
    """Show one picture to this member alone, if policy still allows it here."""
    services = interaction.client.services
    place = place_of(interaction)
    verdict = may_show(job, picture, await services.policy_at(place, roles_of(interaction)))
    if isinstance(verdict, Refused):
        await tell(interaction, verdict.text)
        return
    try:
        png = await services.gallery.read(picture)
        shown = replace(picture, spoiler=verdict.spoiler)
        await send_picture(interaction, job, shown, png, private=True)
    except StorageError:
        await tell(interaction, pictures.UNREADABLE())
    except ValueError:
        await tell(interaction, pictures.TOO_LARGE())
