"""What the buttons under pictures and status messages do, after any restart.

Everything a press needs is in its custom id and the database. A button that nothing answers any
more gets a kind word.
"""

from __future__ import annotations

from dataclasses import replace

import discord
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.domain import (
    ChannelId,
    Job,
    JobId,
    MessageId,
    MessageRef,
    Refused,
    RequestId,
    RequestKind,
    Ruling,
    UserId,
)
from bot.policy.asks import ask_again, typed_of
from bot.services import Services
from bot.words import refusals
from cogs.asking.editor import show_editor
from cogs.asking.pictures import is_readable, picture_of, tell_settings
from cogs.asking.press import Press
from cogs.asking.refusing import refuse_words
from cogs.asking.requests import fresh_seed, submit
from cogs.components import PREFIX, Action, template
from cogs.translating import guild_of, place_of, tell, user_of
from models.contract import Draw

_GONE = "That request is gone, so this button has nothing to work with any more."
_STALE = "This button is from an older version of me. Use `/show` to bring a picture back to life."
_NOT_YOURS = "Only the person who requested this, or a moderator, can do that."


class _OfPicture(Press, template="wd:none"):
    """A button whose target is a picture."""

    async def job(self, interaction: Interaction) -> Job | None:
        """The picture's job, if it is for whoever pressed; tells them if not."""
        return await picture_of(interaction, JobId(self.target))

    async def settings(self, interaction: Interaction) -> Job | None:
        """The job, if its settings can be read too; tells the user if not."""
        job = await self.job(interaction)
        return job if job is not None and await is_readable(interaction, job) else None


class Again(_OfPicture, template=template(Action.AGAIN)):
    """The same settings and the same seed once more."""

    action = Action.AGAIN

    async def pressed(self, interaction: Interaction) -> None:
        """Ask as the one who pressed, in the place of the press."""
        job = await self.settings(interaction)
        if job is None:
            return
        # The same settings and seed are the same picture.
        if await interaction.client.services.gallery.is_removed(job.id):
            await tell(interaction, refusals.REMOVED)
            return
        await _ask_again(interaction, job, RequestKind.AGAIN, job.draw)


class Vary(_OfPicture, template=template(Action.VARY)):
    """The same settings with a new seed."""

    action = Action.VARY

    async def pressed(self, interaction: Interaction) -> None:
        """Ask as the one who pressed, in the place of the press."""
        job = await self.settings(interaction)
        if job is not None:
            await _ask_again(
                interaction, job, RequestKind.VARY, replace(job.draw, seed=fresh_seed())
            )


async def _ask_again(interaction: Interaction, job: Job, kind: RequestKind, draw: Draw) -> None:
    services = interaction.client.services
    ask = ask_again(
        info=services.model(),
        user_id=user_of(interaction),
        place=place_of(interaction),
        draw=draw,
        kind=kind,
        parent_job_id=job.id,
        # Nobody publishes private words by a press.
        private=await services.views.is_private(job.id),
    )
    if isinstance(ask, Refused):
        await refuse_words(interaction, ask, typed_of(draw))
        return
    await submit(interaction, replace(ask, precedent=await _inherited(services, job)))


async def _inherited(services: Services, job: Job) -> Ruling | None:
    """What moderators put behind a spoiler has others like it come behind one too."""
    picture = await services.gallery.get(job.id)
    card_id = services.model().card_id if picture is None else picture.card_id
    found = await services.reviews.precedent(job.guild_id, [job.draw], card_id)
    covered = found is not None or job.ruling is Ruling.SPOILER
    return Ruling.SPOILER if covered else None


class Edit(_OfPicture, template=template(Action.EDIT)):
    """A form with the settings, to be changed and asked for by whoever pressed."""

    action = Action.EDIT

    async def pressed(self, interaction: Interaction) -> None:
        """The picture's seed stands there too: what stays the same is then seen best."""
        job = await self.settings(interaction)
        if job is not None:
            private = await interaction.client.services.views.is_private(job.id)
            await show_editor(interaction, replace(typed_of(job.draw), private=private))


class ShowSettings(_OfPicture, template=template(Action.SETTINGS)):
    """The settings, ready to copy."""

    action = Action.SETTINGS

    async def pressed(self, interaction: Interaction) -> None:
        """The command, and the text that AUTOMATIC1111's WebUI reads; as a file if it is long."""
        job = await self.settings(interaction)
        if job is not None:
            await tell_settings(interaction, job)


class Delete(_OfPicture, template=template(Action.DELETE)):
    """Remove a picture: its file, its row's life and every message that shows it."""

    action = Action.DELETE

    async def pressed(self, interaction: Interaction) -> None:
        """For the requester and for moderators."""
        job = await self.job(interaction)
        if job is None:
            return
        if not _may_touch(interaction, job.user_id):
            await tell(interaction, _NOT_YOURS)
            return
        await interaction.response.defer()
        services = interaction.client.services
        await services.gallery.delete(job.id, services.clock())
        if interaction.message is not None:
            # A crash may have left this very message without a row.
            await services.doomed.add(
                MessageRef(
                    message_id=MessageId(interaction.message.id),
                    channel_id=ChannelId(interaction.message.channel.id),
                    guild_id=guild_of(interaction),
                )
            )
        services.signals.doomed.set()
        await tell(interaction, "The picture is deleted, here and from my disk.")


class Cancel(Press, template=template(Action.CANCEL)):
    """Take a request back, whether it waits or is being drawn."""

    action = Action.CANCEL

    async def pressed(self, interaction: Interaction) -> None:
        """For the requester and for moderators."""
        services = interaction.client.services
        status = await services.views.status(RequestId(self.target))
        if status is None or status.guild_id != guild_of(interaction):
            await tell(interaction, _GONE)
            return
        if not _may_touch(interaction, status.user_id):
            await tell(interaction, _NOT_YOURS)
            return
        taken = await services.queue.cancel_request(
            status.request_id, status.user_id, services.clock()
        )
        services.signals.cancelled(taken)
        what = "1 picture" if len(taken) == 1 else f"{len(taken)} pictures"
        await tell(interaction, f"Cancelled: {what}." if taken else "There is nothing to cancel.")


def _may_touch(interaction: Interaction, owner: UserId) -> bool:
    return user_of(interaction) == owner or interaction.permissions.manage_messages


_PRESSES = (Again, Vary, Edit, ShowSettings, Delete, Cancel)


class Buttons(commands.Cog):
    """Answers what no template matches: a button of a version of us that was."""

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Discord shows "interaction failed" for a press that nobody answers; say why instead."""
        if interaction.type is not discord.InteractionType.component:
            return
        pressed = str((interaction.data or {}).get("custom_id", ""))
        known = any(template(action).fullmatch(pressed) for action in Action)
        if pressed.startswith(PREFIX) and not known:
            await tell(interaction, _STALE)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(*_PRESSES)
    await bot.add_cog(Buttons())


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(*_PRESSES)
