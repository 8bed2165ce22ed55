"""*Delete*: after a confirmation, deletes the picture from disk and messages; can be undone.

The deletion is immediate. For one minute this process keeps the bytes in memory only, so a restart
ends the chance to undo.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import cast

from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.domain import (
    BotError,
    ChannelId,
    Job,
    JobId,
    MessageId,
    MessageRef,
    Picture,
    UserId,
)
from bot.words import pictures
from cogs.asking.press import Press, may_end_or_delete
from cogs.asking.showing import show_again
from cogs.components import Action, row_of, template
from cogs.translating import guild_of, tell, user_of

#: How long a deletion can be undone, and the most that are kept; the oldest are dropped first.
_UNDO_S, _KEPT_MAX = 60.0, 32
#: A job's id has ten characters; the rest of the target is the id of the message pressed.
_ID_CHARS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deleted:
    """A deleted picture, and the member who can restore it."""

    picture: Picture
    data: bytes
    by: UserId


class Deletions(commands.Cog):
    """This process's latest deletions, each kept for a minute."""

    def __init__(self) -> None:
        self._latest: OrderedDict[JobId, _Deleted] = OrderedDict()

    def keep(self, picture: Picture, data: bytes, by: UserId) -> None:
        """Keep a picture that is about to be deleted."""
        kept = _Deleted(picture=picture, data=data, by=by)
        self._latest[picture.job_id] = kept
        asyncio.get_running_loop().call_later(_UNDO_S, self._expire, kept)
        while len(self._latest) > _KEPT_MAX:
            self._latest.popitem(last=False)

    def _expire(self, kept: _Deleted) -> None:
        # It may have been restored and deleted again meanwhile.
        if self._latest.get(kept.picture.job_id) is kept:
            self.drop(kept.picture.job_id)

    def get(self, job_id: JobId, by: UserId) -> tuple[Picture, bytes] | None:
        """A picture deleted by this member, to restore; None if it is too late."""
        found = self._latest.get(job_id)
        return None if found is None or found.by != by else (found.picture, found.data)

    def drop(self, job_id: JobId) -> None:
        """Drop a picture that is restored, or gone for good."""
        self._latest.pop(job_id, None)


def _deletions(interaction: Interaction) -> Deletions:
    # After a reload, its class may be another object than ours.
    return cast("Deletions", interaction.client.get_cog("Deletions"))


async def _deletable_job(interaction: Interaction, job_id: JobId) -> Job | None:
    """The job, if the member may delete it in this server; otherwise tells them why not."""
    job = await interaction.client.services.views.get(job_id)
    if job is None or job.guild_id != interaction.guild_id:
        await tell(interaction, pictures.GONE_ALREADY())
        return None
    if may_end_or_delete(interaction, job.user_id):
        return job
    await tell(interaction, pictures.NOT_YOURS())
    return None


class Delete(Press, template=template(Action.DELETE)):
    """The *Delete* button under a picture."""

    action = Action.DELETE

    async def pressed(self, interaction: Interaction) -> None:
        """Ask the requester or a moderator to confirm."""
        job, message = await _deletable_job(interaction, JobId(self.target)), interaction.message
        if job is None:
            return
        target: str = job.id
        if message is not None and not message.flags.ephemeral:
            target += str(message.id)
        await interaction.response.send_message(
            pictures.DELETE(), view=row_of((Action.DELETE_YES, target)), ephemeral=True
        )


class DeleteYes(Press, template=template(Action.DELETE_YES)):
    """Confirms the deletion."""

    action = Action.DELETE_YES

    async def pressed(self, interaction: Interaction) -> None:
        """Delete the picture's file, its row and every message that shows it."""
        job = await _deletable_job(interaction, JobId(self.target[:_ID_CHARS]))
        if job is None:
            return
        await interaction.response.defer()
        services = interaction.client.services
        kept = await _keep_for_undo(interaction, job.id)
        await services.gallery.delete(job.id, services.clock())
        if asked_under := self.target[_ID_CHARS:]:
            await _doom_unrecorded_message(interaction, asked_under)
        services.signals.notify_removed()
        view = row_of((Action.UNDO, job.id)) if kept else None
        await interaction.edit_original_response(
            content=pictures.IS_DELETED() if kept else pictures.IS_DELETED_FOR_GOOD(), view=view
        )


async def _keep_for_undo(interaction: Interaction, job_id: JobId) -> bool:
    """Keep the picture's bytes for a minute; False if they cannot be restored.

    On a second press the bytes are already kept. If somebody else deleted the picture first, it
    can no longer be restored, because both wanted it gone.
    """
    deletions, by = _deletions(interaction), user_of(interaction)
    gallery = interaction.client.services.gallery
    picture = await gallery.get(job_id)
    if picture is None:
        if deletions.get(job_id, by):
            return True
        deletions.drop(job_id)
        return False
    try:
        data = await gallery.read(picture)
    except BotError:
        return False
    deletions.keep(picture, data, by)
    return True


async def _doom_unrecorded_message(interaction: Interaction, message_id: str) -> None:
    """Doom the message that was pressed, if a crash left it without a row."""
    services = interaction.client.services
    if not message_id.isdecimal() or await services.gallery.post(MessageId(int(message_id))):
        return
    assert interaction.channel_id is not None, "buttons stand in a channel"
    await services.doomed.add(
        MessageRef(
            message_id=MessageId(int(message_id)),
            channel_id=ChannelId(interaction.channel_id),
            guild_id=guild_of(interaction),
        )
    )


class Undo(Press, template=template(Action.UNDO)):
    """Undoes a deletion."""

    action = Action.UNDO

    async def pressed(self, interaction: Interaction) -> None:
        """Restore the picture in its former posts, or in a new post."""
        services, job_id = interaction.client.services, JobId(self.target)
        deletions = _deletions(interaction)
        kept = deletions.get(job_id, user_of(interaction))
        posts = None if kept is None else await services.gallery.bring_back(*kept)
        if posts is None:
            # On a second press it is already back.
            text = pictures.IS_BACK() if await services.gallery.get(job_id) else pictures.TOO_LATE()
            await interaction.response.edit_message(content=text, view=None)
            return
        deletions.drop(job_id)
        services.signals.review.set()
        await interaction.response.edit_message(content=pictures.IS_BACK(), view=None)
        if posts:
            services.signals.amend.set()
        else:
            await show_again(interaction, job_id)


_PRESSES = (Delete, DeleteYes, Undo)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(*_PRESSES)
    await bot.add_cog(Deletions())


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(*_PRESSES)
