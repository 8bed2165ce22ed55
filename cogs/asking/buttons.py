"""The buttons under pictures and status messages, working after any restart.

The custom id and the database hold everything that a press needs. A button of an older version gets
a friendly reply.
"""

from __future__ import annotations

from dataclasses import replace

import discord
from discord.ext import commands

from bot.client import Interaction, WaifuBot, speak_to
from bot.domain import (
    ENDED,
    Job,
    JobId,
    JobState,
    OwedPostId,
    RequestId,
    RequestKind,
)
from bot.policy.asks import typed_of
from bot.words import knowing, pictures, refusals
from cogs.asking.again import submit_based_on
from cogs.asking.doubting import find_correction
from cogs.asking.editor import show_editor
from cogs.asking.pictures import find_picture, grid_of, require_readable_settings, tell_settings
from cogs.asking.press import Press, may_end_or_delete
from cogs.asking.requests import fresh_seed, send_remark, submit
from cogs.components import PREFIX, Action, template
from cogs.translating import guild_of, place_of, tell, user_of


class _PictureButton(Press, template="wd:none"):
    """A button whose target is a picture."""

    async def job(self, interaction: Interaction) -> Job | None:
        """The picture's job, if the member may use it; otherwise tells them why not."""
        return await find_picture(interaction, JobId(self.target))

    async def readable_job(self, interaction: Interaction) -> Job | None:
        """The job, if its settings can be read too; otherwise tells the member.

        For an enlarged picture this is the job that drew the original, which can be requested
        again.
        """
        job = await self.job(interaction)
        if job is not None and job.draw.enlarged:
            job = await interaction.client.services.views.get(JobId(job.draw.source or "")) or job
        return (
            job if job is not None and await require_readable_settings(interaction, job) else None
        )


class Again(_PictureButton, template=template(Action.AGAIN)):
    """Repeats the same settings and the same seed."""

    action = Action.AGAIN

    async def pressed(self, interaction: Interaction) -> None:
        """Ask for the member who pressed, in the place of the press."""
        job = await self.readable_job(interaction)
        if job is None:
            return
        # The same settings and seed give the same picture.
        if await interaction.client.services.gallery.is_removed(job.id):
            await tell(interaction, refusals.REMOVED())
            return
        await submit_based_on(interaction, job, RequestKind.AGAIN, job.draw)


class Reroll(_PictureButton, template=template(Action.REROLL)):
    """Repeats the settings with a new seed."""

    action = Action.REROLL

    async def pressed(self, interaction: Interaction) -> None:
        """Ask for the member who pressed, in the place of the press."""
        job = await self.readable_job(interaction)
        if job is not None:
            await submit_based_on(
                interaction, job, RequestKind.VARY, replace(job.draw, seed=fresh_seed())
            )


class RerollAll(Press, template=template(Action.REROLL_ALL)):
    """Repeats all pictures of a post with new seeds; the target is the post's name."""

    action = Action.REROLL_ALL

    async def pressed(self, interaction: Interaction) -> None:
        """Ask for the member who pressed, in the place of the press."""
        grid = await grid_of(interaction, OwedPostId(self.target))
        if grid is None:
            await tell(interaction, pictures.REQUEST_GONE())
            return
        job = grid.jobs[1]
        if not await require_readable_settings(interaction, job):
            return
        draw = replace(job.draw, seed=fresh_seed())
        await submit_based_on(interaction, job, RequestKind.VARY, draw, count=len(grid.jobs))


class Edit(_PictureButton, template=template(Action.EDIT)):
    """Opens a form with the settings, to change and submit."""

    action = Action.EDIT

    async def pressed(self, interaction: Interaction) -> None:
        """Open the form with the picture's seed, so that a change shows its own effect."""
        job = await self.readable_job(interaction)
        if job is not None:
            services = interaction.client.services
            private = await services.views.is_private(job.id)
            await show_editor(interaction, typed_of(job.draw, services.model(), private=private))


class ShowSettings(_PictureButton, template=template(Action.SETTINGS)):
    """Shows the settings, ready to copy."""

    action = Action.SETTINGS

    async def pressed(self, interaction: Interaction) -> None:
        """Show the command and AUTOMATIC1111's WebUI text; as a file if they are long."""
        job = await self.readable_job(interaction)
        if job is not None:
            await tell_settings(interaction, job)


class Cancel(Press, template=template(Action.CANCEL)):
    """Cancels a request, queued or running."""

    action = Action.CANCEL

    async def pressed(self, interaction: Interaction) -> None:
        """Cancel for the requester or for moderators."""
        services = interaction.client.services
        status = await services.views.status(RequestId(self.target))
        if status is None or status.guild_id != guild_of(interaction):
            await tell(interaction, pictures.REQUEST_GONE())
            return
        if not may_end_or_delete(interaction, status.user_id):
            await tell(interaction, pictures.NOT_YOURS())
            return
        cancelled_ids = await services.queue.cancel_request(
            status.request_id, status.user_id, services.clock()
        )
        services.signals.notify_cancelled(cancelled_ids)
        await tell(interaction, pictures.cancelled(len(cancelled_ids)))


class DrawCorrectedInstead(Press, template=template(Action.MEANT_INSTEAD)):
    """Draws a request with its typos corrected, instead of the request; the target is that."""

    action = Action.MEANT_INSTEAD

    async def pressed(self, interaction: Interaction) -> None:
        """Queue the correction for the requester, and cancel what is not drawn of the request.

        Both or neither: if the correction is refused, the request stays.
        """
        services, request_id = interaction.client.services, RequestId(self.target)
        jobs = await services.views.of_request(request_id)
        if not jobs or jobs[0].guild_id != guild_of(interaction):
            await tell(interaction, pictures.REQUEST_GONE())
            return
        if jobs[0].user_id != user_of(interaction):
            await tell(interaction, knowing.NOT_YOUR_TYPO())
            return
        draw = jobs[0].draw
        prompt = await find_correction(interaction, draw)
        if prompt is None or all(job.state in ENDED for job in jobs):
            await tell(interaction, knowing.TOO_LATE())
            return
        queued = await submit_based_on(
            interaction,
            jobs[0],
            RequestKind.VARY,
            replace(draw, prompt=prompt),
            count=len(jobs),
            instead=True,
        )
        if queued is None:
            return
        after = await services.views.of_request(request_id)
        services.signals.notify_cancelled(j.id for j in after if j.state is JobState.CANCELLED)
        await send_remark(interaction, knowing.INSTEAD())


class _WaitingAskButton(Press, template="wd:none"):
    """A button whose target is an ask that waits for confirmation."""

    async def pressed(self, interaction: Interaction) -> None:
        """Queue the ask in this place, if it is the member's own and still waits."""
        waiting_id = RequestId(self.target)
        ask = await interaction.client.services.consent.get_waiting_ask(
            waiting_id, user_of(interaction)
        )
        if ask is None:
            await tell(interaction, pictures.REQUEST_EXPIRED())
            return
        ask = replace(ask, place=place_of(interaction))
        await submit(interaction, ask, waiting_id, confirmed=True)


class DrawUnknownWords(_WaitingAskButton, template=template(Action.ANYWAY)):
    """Draws words that the model does not know."""

    action = Action.ANYWAY


class DrawExisting(_WaitingAskButton, template=template(Action.DRAW_ANYWAY)):
    """Draws a picture that already exists."""

    action = Action.DRAW_ANYWAY


class DrawCorrected(_WaitingAskButton, template=template(Action.MEANT)):
    """Draws a prompt with its typos corrected."""

    action = Action.MEANT


_PRESSES = (
    Again,
    Reroll,
    RerollAll,
    Edit,
    ShowSettings,
    Cancel,
    DrawUnknownWords,
    DrawExisting,
    DrawCorrected,
    DrawCorrectedInstead,
)


class Buttons(commands.Cog):
    """Answers buttons that no template matches: those of an older version."""

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Answer an unknown press; otherwise Discord only shows "interaction failed"."""
        if interaction.type is not discord.InteractionType.component:
            return
        speak_to(interaction)
        pressed = str((interaction.data or {}).get("custom_id", ""))
        known = any(template(action).fullmatch(pressed) for action in Action)
        if pressed.startswith(PREFIX) and not known:
            await tell(interaction, pictures.OLD_BUTTON())


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(*_PRESSES)
    await bot.add_cog(Buttons())


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(*_PRESSES)
