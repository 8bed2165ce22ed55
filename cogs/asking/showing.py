"""Shows a kept picture again: `/show`, and *Post alone* under several. Not a cog.

Code that shows a picture again must come through here or call `find_showable`.
"""

from __future__ import annotations

from dataclasses import replace

from bot.client import Interaction
from bot.domain import Job, JobId, Picture, Refused, StorageError
from bot.policy.showing import may_show
from bot.store.sends import SendKind
from bot.words import pictures, wording
from cogs.asking.handing import send_picture
from cogs.asking.private import show_privately
from cogs.asking.terms import require_licence
from cogs.audience import may_show_here
from cogs.posting.sending import answer_to, send_tracked
from cogs.translating import for_everybody, guild_of, place_of, roles_of, tell, user_of


async def show_again(interaction: Interaction, job_id: JobId) -> None:
    """Post a picture of this server again, or say why not; votes on the new post count too.

    If the interaction is already answered, the picture follows as a follow-up.
    """
    if not await require_licence(interaction):
        return
    found = await find_showable(interaction, job_id)
    if isinstance(found, str):
        await tell(interaction, found)
        return
    job, picture = found
    if await interaction.client.services.views.is_private(job.id):
        if not interaction.response.is_done():
            await interaction.response.defer(ephemeral=True)
        await show_privately(interaction, job, picture)
        return
    if not interaction.response.is_done():
        await interaction.response.defer(thinking=True)
    try:
        png = await interaction.client.services.gallery.read(picture)
        send = answer_to(interaction, SendKind.SHOW, [picture])
        with for_everybody(interaction):
            shown = await send_tracked(
                interaction,
                send,
                lambda: send_picture(interaction, job, picture, png, private=False),
            )
    except StorageError:
        await tell(interaction, pictures.UNREADABLE())
    except ValueError:
        await tell(interaction, pictures.TOO_LARGE())
    else:
        if not shown:
            await tell(interaction, pictures.DELETED())


async def find_showable(interaction: Interaction, job_id: JobId) -> tuple[Job, Picture] | str:
    """The picture with the spoiler it needs in this place, or the reason not to show it."""
    services, guild = interaction.client.services, interaction.guild
    job = await services.views.get(job_id)
    if job is None or guild is None or not await _may_see(interaction, job):
        return pictures.UNKNOWN(id=wording.named(job_id, 20))
    picture = await services.gallery.get(job.id)
    if picture is None:
        return pictures.DELETED()
    place = place_of(interaction)
    # Checked first, because the policy's answer about a picture hints at its words.
    if not may_show_here(guild, place.channel_id, job.channel_id):
        return pictures.ELSEWHERE()
    policy = await services.policy_at(place, roles_of(interaction))
    verdict = may_show(job, picture, policy)
    if isinstance(verdict, Refused):
        return verdict.text
    return job, replace(picture, spoiler=verdict.spoiler)


async def find_source(interaction: Interaction, job_id: JobId) -> tuple[Job, Picture] | None:
    """The picture as a source for another one; None after telling the member why not."""
    if not await require_licence(interaction):
        return None
    found = await find_showable(interaction, job_id)
    if isinstance(found, str):
        await tell(interaction, found)
        return None
    return found


async def _may_see(interaction: Interaction, job: Job) -> bool:
    """Whether the picture is of this server, and not somebody else's private one."""
    if job.guild_id != guild_of(interaction):
        return False
    mine = job.user_id == user_of(interaction)
    return mine or not await interaction.client.services.views.is_private(job.id)
