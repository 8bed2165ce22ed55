"""`/queue`, `/cancel` and `/show`: a member's waiting and finished pictures."""

from __future__ import annotations

from collections.abc import Sequence

from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.domain import (
    GuildId,
    Job,
    JobId,
    JobState,
    RequestId,
)
from bot.words import pictures, wording
from cogs.asking.press import Press
from cogs.asking.private import show_all
from cogs.asking.showing import show_again
from cogs.asking.terms import require_licence
from cogs.components import Action, template
from cogs.translating import guild_of, tell, user_of

#: Lines of `/queue`, and Discord's limit of choices.
_LINES, _CHOICES = 10, 25
#: Lines of `/queue` about the whole server.
_NEXT = 5


class Queue(commands.Cog):
    """Reads the queue and the gallery for their members."""

    def __init__(self, bot: WaifuBot) -> None:
        self._services = bot.services

    @app_commands.command(description="Your place in the queue, and the server's")
    async def queue(self, interaction: Interaction) -> None:
        """Show the member's own jobs with place and ETA, then how busy the server is."""
        mine = await self._services.views.unfinished_jobs(
            user_of(interaction), guild_of(interaction)
        )
        lines = [await self._own_job_line(job) for job in mine[:_LINES]]
        rest = "\n".join(await self._server_lines(guild_of(interaction), hint=bool(mine)))
        heading = pictures.YOURS() + "\n"
        yours = wording.fitting(
            lines, wording.CONTENT_CHARS_MAX - len(heading) - len(rest) - 1, total=len(mine)
        )
        await tell(interaction, f"{heading}{yours or pictures.NOTHING_QUEUED()}\n{rest}")

    async def _server_lines(self, guild_id: GuildId, *, hint: bool) -> list[str]:
        """Lines about how busy the server is."""
        counts = await self._services.views.count_states(guild_id)
        everybody = await self._services.views.count_states(None)
        busy = wording.busy(counts, everybody[JobState.QUEUED])
        lines = [pictures.THIS_SERVER(), busy, *await self._next_lines(guild_id)]
        return [*lines, pictures.HOW_TO_CANCEL()] if hint else lines

    async def _next_lines(self, guild_id: GuildId) -> list[str]:
        """Lines about the next jobs of this server, without prompts: a channel may be private."""
        jobs = await self._services.views.guild_jobs(guild_id)
        lines = [
            f"{place}. <@{job.user_id}>: {await self._position_text(job)}"
            for place, job in enumerate(jobs[:_NEXT], 1)
        ]
        return lines + ([wording.more(len(jobs) - _NEXT)] if len(jobs) > _NEXT else [])

    async def _position_text(self, job: Job) -> str:
        standing = await self._services.views.standing(job.id)
        expected = await self._services.outlook.estimate([job], standing)
        return wording.where(job, standing, expected)

    async def _own_job_line(self, job: Job) -> str:
        standing = await self._services.views.standing(job.id)
        expected = await self._services.outlook.estimate([job], standing)
        return wording.in_queue(job, standing, expected)

    @app_commands.command(description="Cancel your queued pictures")
    @app_commands.describe(id="The picture to cancel; leave out to cancel all of yours here")
    async def cancel(self, interaction: Interaction, id: str | None = None) -> None:  # noqa: A002  the option's name
        """Cancel one of the member's jobs, or all of them in this server."""
        services, user_id = self._services, user_of(interaction)
        if id is None:
            cancelled_ids = await services.queue.cancel_user(
                user_id, guild_of(interaction), services.clock()
            )
        else:
            job = await services.views.get(JobId(id.strip().lower()))
            if job is None or job.user_id != user_id or job.guild_id != guild_of(interaction):
                await tell(interaction, pictures.NOT_QUEUED())
                return
            gone = await services.queue.cancel_job(job.id, services.clock())
            cancelled_ids = [job.id] if gone else []
        services.signals.notify_cancelled(cancelled_ids)
        await tell(interaction, pictures.cancelled(len(cancelled_ids)))

    @cancel.autocomplete("id")
    async def _queued_choices(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return _choices(
            await self._services.views.unfinished_jobs(user_of(interaction), guild_of(interaction)),
            current,
        )

    @app_commands.command(description="Repost a picture by its ID")
    @app_commands.describe(id="The ten characters under the picture")
    @app_commands.checks.cooldown(5, 30)
    async def show(self, interaction: Interaction, id: str) -> None:  # noqa: A002  the option's name
        """Post a picture of this server again; votes on the new post count too."""
        await show_again(interaction, JobId(id.strip().strip("`").lower()))

    @show.autocomplete("id")
    async def _drawn_choices(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        jobs = await self._services.views.history(
            user_of(interaction), guild_of(interaction), limit=100
        )
        return _choices(jobs, current)


class Fetch(Press, template=template(Action.FETCH)):
    """*Show* under the acknowledgement of a private request."""

    action = Action.FETCH

    async def pressed(self, interaction: Interaction) -> None:
        """Show the pictures finished so far, at every press."""
        if not await require_licence(interaction):
            return
        jobs = await interaction.client.services.views.of_request(RequestId(self.target))
        if not jobs or any(job.user_id != user_of(interaction) for job in jobs):
            await tell(interaction, pictures.DELETED())
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        await show_all(interaction, jobs)


def _choices(jobs: Sequence[Job], current: str) -> list[app_commands.Choice[str]]:
    wanted = current.strip().lower()
    fitting = (job for job in jobs if wanted in job.id or wanted in job.draw.prompt.lower())
    return [
        app_commands.Choice(name=wording.choice(job), value=job.id)
        for job, _ in zip(fitting, range(_CHOICES), strict=False)
    ]


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(Fetch)
    await bot.add_cog(Queue(bot))


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(Fetch)
