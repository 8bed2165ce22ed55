"""What waits and what was drawn: `/queue`, `/cancel`, `/show`, `/history`."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.domain import (
    GuildId,
    Job,
    JobId,
    JobState,
    Picture,
    Refused,
    RequestId,
    StorageError,
)
from bot.policy.showing import may_show
from bot.store.sends import SendKind
from bot.words import wording
from cogs.asking.press import Press
from cogs.asking.private import show_all, show_alone
from cogs.asking.terms import licensed
from cogs.audience import may_show_here
from cogs.components import Action, post_view, row_of, template
from cogs.posting.sending import answer_to, send_tracked
from cogs.posting.uploads import upload
from cogs.translating import guild_of, place_of, roles_of, tell, user_of

#: Lines of `/queue` and of a page of `/history`; Discord's limit of choices.
_LINES, _PAGE, _CHOICES = 10, 10, 25
#: Lines of `/queue` about everybody in the server.
_NEXT = 5
_UNKNOWN = "I can't find picture `{id}` in this server. `/history` lists yours with their IDs."
_NOT_QUEUED = "You have no queued picture with that ID. `/queue` lists yours."
_DELETED = "That picture was deleted."
_ELSEWHERE = (
    "That picture was drawn in a channel that not everybody here can see, so I do not show it here."
)


class Queue(commands.Cog):
    """Reads the queue and the gallery for their members."""

    def __init__(self, bot: WaifuBot) -> None:
        self._services = bot.services

    @app_commands.command(description="Your place in the queue, and the server's")
    async def queue(self, interaction: Interaction) -> None:
        """Mine with place and ETA, then how busy the server is."""
        mine = await self._services.views.mine(user_of(interaction), guild_of(interaction))
        lines = [await self._line(job) for job in mine[:_LINES]]
        rest = "\n".join(await self._server(guild_of(interaction), hint=bool(mine)))
        heading = "**Yours**\n"
        yours = wording.fitting(
            lines, wording.CONTENT_CHARS_MAX - len(heading) - len(rest) - 1, total=len(mine)
        )
        await tell(interaction, f"{heading}{yours or 'You have nothing queued.'}\n{rest}")

    async def _server(self, guild_id: GuildId, *, hint: bool) -> list[str]:
        """How busy the server is."""
        counts = await self._services.views.counts(guild_id)
        everybody = await self._services.views.counts(None)
        busy = wording.busy(counts, everybody[JobState.QUEUED])
        lines = ["**This server**", busy, *await self._next(guild_id)]
        return [*lines, "-# `/cancel` cancels your queued pictures."] if hint else lines

    async def _next(self, guild_id: GuildId) -> list[str]:
        """Whose turn it is in this server; without the words, which may be of a private channel."""
        jobs = await self._services.views.of_guild(guild_id)
        lines = [
            f"{place}. <@{job.user_id}>: {await self._where(job)}"
            for place, job in enumerate(jobs[:_NEXT], 1)
        ]
        return lines + ([f"… and {len(jobs) - _NEXT} more"] if len(jobs) > _NEXT else [])

    async def _where(self, job: Job) -> str:
        standing = await self._services.views.standing(job.id)
        expected = None if standing is None else self._services.progress.expected(standing)
        return wording.where(job, standing, expected)

    async def _line(self, job: Job) -> str:
        standing = await self._services.views.standing(job.id)
        expected = None if standing is None else self._services.progress.expected(standing)
        return wording.in_queue(job, standing, expected)

    @app_commands.command(description="Cancel your queued pictures")
    @app_commands.describe(id="The picture to cancel; leave out to cancel all of yours here")
    async def cancel(self, interaction: Interaction, id: str | None = None) -> None:  # noqa: A002  the option's name
        """One of mine, or all of mine in this server."""
        services, user_id = self._services, user_of(interaction)
        if id is None:
            taken = await services.queue.cancel_user(
                user_id, guild_of(interaction), services.clock()
            )
        else:
            job = await services.views.get(JobId(id.strip().lower()))
            if job is None or job.user_id != user_id or job.guild_id != guild_of(interaction):
                await tell(interaction, _NOT_QUEUED)
                return
            gone = await services.queue.cancel_job(job.id, services.clock())
            taken = [job.id] if gone else []
        services.signals.cancelled(taken)
        what = "1 picture" if len(taken) == 1 else f"{len(taken)} pictures"
        await tell(interaction, f"Cancelled {what}." if taken else "You have nothing to cancel.")

    @cancel.autocomplete("id")
    async def _waiting(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return _choices(
            await self._services.views.mine(user_of(interaction), guild_of(interaction)), current
        )

    @app_commands.command(description="Repost a picture by its ID")
    @app_commands.describe(id="The ten characters under the picture")
    @app_commands.checks.cooldown(5, 30)
    async def show(self, interaction: Interaction, id: str) -> None:  # noqa: A002  the option's name
        """Post a picture of this server once more; votes on it count as ever."""
        if not await licensed(interaction):
            return
        found = await self._showable(interaction, JobId(id.strip().strip("`").lower()))
        if isinstance(found, str):
            await tell(interaction, found)
            return
        job, picture = found
        if await self._services.views.is_private(job.id):
            await interaction.response.defer(ephemeral=True)
            await show_alone(interaction, job, picture)
            return
        await interaction.response.defer()
        try:
            png = await self._services.gallery.read(picture)
            send = answer_to(interaction, SendKind.SHOW, [picture])
            shown = await send_tracked(
                interaction, send, lambda: _show(interaction, job, picture, png)
            )
        except StorageError:
            await tell(interaction, "The picture's file cannot be read. Tell the operator.")
        except ValueError:
            await tell(interaction, "I could not make the picture small enough for this server.")
        else:
            if not shown:
                await tell(interaction, _DELETED)

    async def _showable(self, interaction: Interaction, job_id: JobId) -> tuple[Job, Picture] | str:
        """The picture as it may be shown in this place, else why not."""
        guild = interaction.guild
        job = await self._services.views.get(job_id)
        if job is None or guild is None or not await self._is_theirs_to_see(interaction, job):
            return _UNKNOWN.format(id=wording.plain(job_id, 20))
        picture = await self._services.gallery.get(job.id)
        if picture is None:
            return _DELETED
        place = place_of(interaction)
        # First, for what the policy says of a picture tells something of its words.
        if not may_show_here(guild, place.channel_id, job.channel_id):
            return _ELSEWHERE
        policy = await self._services.policy_at(place, roles_of(interaction))
        verdict = may_show(job, picture, policy)
        if isinstance(verdict, Refused):
            return verdict.text
        return job, replace(picture, spoiler=verdict.spoiler)

    async def _is_theirs_to_see(self, interaction: Interaction, job: Job) -> bool:
        """It is of this server, and not somebody else's private one."""
        if job.guild_id != guild_of(interaction):
            return False
        mine = job.user_id == user_of(interaction)
        return mine or not await self._services.views.is_private(job.id)

    @show.autocomplete("id")
    async def _drawn(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        jobs = await self._services.views.history(
            user_of(interaction), guild_of(interaction), limit=100
        )
        return _choices(jobs, current)

    @app_commands.command(description="Your pictures in this server, newest first")
    async def history(self, interaction: Interaction) -> None:
        """The first page; a button brings the next."""
        content, view = await _page(interaction, None)
        await interaction.response.send_message(content, view=view, ephemeral=True)


async def _show(
    interaction: Interaction, job: Job, picture: Picture, png: bytes
) -> discord.WebhookMessage:
    return await upload(
        png,
        interaction.filesize_limit,
        lambda data, extension: interaction.followup.send(
            wording.caption(job, picture),
            file=discord.File(
                io.BytesIO(data),
                f"{job.id}.{extension}",
                spoiler=picture.spoiler,
                description="AI-made",
            ),
            view=post_view(job.id),
            wait=True,
        ),
    )


class Fetch(Press, template=template(Action.FETCH)):
    """*Show* under the acknowledgement of a private request."""

    action = Action.FETCH

    async def pressed(self, interaction: Interaction) -> None:
        """Show what is done by now, as often as it is pressed."""
        if not await licensed(interaction):
            return
        jobs = await interaction.client.services.views.of_request(RequestId(self.target))
        if not jobs or any(job.user_id != user_of(interaction) for job in jobs):
            await tell(interaction, _DELETED)
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        await show_all(interaction, jobs)


class Older(Press, template=template(Action.HISTORY)):
    """The next page of `/history`; the target is the last picture shown."""

    action = Action.HISTORY

    async def pressed(self, interaction: Interaction) -> None:
        """Turn the page in place."""
        content, view = await _page(interaction, JobId(self.target))
        await interaction.response.edit_message(content=content, view=view)


async def _page(interaction: Interaction, before: JobId | None) -> tuple[str, discord.ui.View]:
    services = interaction.client.services
    jobs = await services.views.history(
        user_of(interaction), guild_of(interaction), _PAGE + 1, before
    )
    head = await _awaited(interaction) if before is None else ""
    if not jobs:
        nothing = "No older pictures." if before else "You have no pictures here yet."
        return f"{head}{nothing}", row_of()
    lines = [await _entry(interaction, job) for job in jobs[:_PAGE]]
    # The next page begins where this one had no room any more.
    count = max(1, wording.fits(lines, wording.CONTENT_CHARS_MAX - len(head)))
    more = [(Action.HISTORY, jobs[count - 1].id)] if len(jobs) > count else []
    return wording.fit(head + "\n".join(lines[:count])), row_of(*more)


async def _awaited(interaction: Interaction) -> str:
    """A line about what is kept until a moderator has looked at it, if anything is."""
    mine = await interaction.client.services.views.mine(user_of(interaction), guild_of(interaction))
    held = sum(job.state is JobState.HELD for job in mine)
    return f"{wording.awaited(held)}\n" if held else ""


async def _entry(interaction: Interaction, job: Job) -> str:
    posts = await interaction.client.services.gallery.posts(job.id)
    where = (
        f" · [open](https://discord.com/channels/{p.guild_id}/{p.channel_id}/{p.message_id})"
        if (p := next(iter(posts), None))
        else ""
    )
    return f"`{job.id}` <t:{job.created_ms // 1000}:R> {wording.plain(job.draw.prompt, 70)}{where}"


def _choices(jobs: Sequence[Job], current: str) -> list[app_commands.Choice[str]]:
    wanted = current.strip().lower()
    fitting = (job for job in jobs if wanted in job.id or wanted in job.draw.prompt.lower())
    return [
        app_commands.Choice(name=wording.choice(job), value=job.id)
        for job, _ in zip(fitting, range(_CHOICES), strict=False)
    ]


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(Older, Fetch)
    await bot.add_cog(Queue(bot))


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(Older, Fetch)
