"""*Report*: tells the moderators about a picture, by its button or the message's menu.

Anybody who can see the message may report it. The picture stays until a moderator decides.
"""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.domain import JobId, MessageId
from bot.store.reviews import Filing
from bot.words import grids, reviewing
from cogs.asking.press import Press
from cogs.components import Action, menu_view, template
from cogs.forms import SubmittedForm, answer_form, choice_field, form, words_field
from cogs.posting.finding import button_ids
from cogs.translating import guild_of, tell, user_of

_REASON, _WORDS = "reason", "words"
_ANSWERS = {
    Filing.OPENED: reviewing.REPORTED,
    Filing.JOINED: reviewing.REPORTED_TOO,
    Filing.AGAIN: reviewing.REPORTED_AGAIN,
    Filing.DECIDED: reviewing.REPORT_DECIDED,
    Filing.GONE: reviewing.NOT_REPORTABLE,
}


class ReportPress(Press, template=template(Action.REPORT)):
    """The *Report* button under a picture."""

    action = Action.REPORT

    async def pressed(self, interaction: Interaction) -> None:
        """Ask for the reason."""
        await _open_report_form(interaction, JobId(self.target))


async def _is_here(interaction: Interaction, job_id: JobId) -> bool:
    """True if it is a picture of this server; otherwise tells the member."""
    job = await interaction.client.services.views.get(job_id)
    if job is not None and job.guild_id == interaction.guild_id:
        return True
    await tell(interaction, reviewing.NOT_REPORTABLE())
    return False


async def _open_report_form(interaction: Interaction, job_id: JobId) -> None:
    if not await _is_here(interaction, job_id):
        return
    await interaction.response.send_modal(
        form(
            Action.REPORT,
            job_id,
            reviewing.REPORT_TITLE(),
            choice_field(
                _REASON,
                reviewing.REPORT_WHAT(),
                {name: message() for name, message in reviewing.REPORT_REASONS.items()},
            ),
            words_field(
                _WORDS,
                reviewing.REPORT_WORDS(),
                chars_max=reviewing.REASON_CHARS,
                needed=False,
            ),
        )
    )


class Reporting(commands.Cog):
    """Receives reports."""

    def __init__(self, bot: WaifuBot) -> None:
        self._bot = bot
        self._services = bot.services
        self._menu = app_commands.ContextMenu(name="Report picture", callback=self.report_message)

    async def cog_load(self) -> None:
        """Add an entry to the context menu of every message."""
        self._bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Remove it."""
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)

    async def report_message(self, interaction: Interaction, message: discord.Message) -> None:
        """Report the message's picture; lists of the best and other messages have none."""
        me = self._bot.user
        ours = me is not None and message.author.id == me.id
        if ours and (grid := await self._services.grids.of_message(MessageId(message.id))):
            await interaction.response.send_message(
                grids.WHICH_TO_REPORT(),
                view=menu_view(grid.name, tuple(grid.shown)),
                ephemeral=True,
            )
            return
        for target in sorted(button_ids(message)) if ours else ():
            job = await self._services.views.get(JobId(target))
            if job is not None:
                await _open_report_form(interaction, job.id)
                return
        await tell(interaction, reviewing.NOT_REPORTABLE())

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Handle a submitted report, however long ago its form was shown."""
        await answer_form(interaction, Action.REPORT, self._file_report)

    async def _file_report(self, interaction: Interaction, filled: SubmittedForm) -> None:
        services, job_id = self._services, JobId(filled.target)
        if not await _is_here(interaction, job_id):
            return
        said = filled.fields.get(_WORDS, "").strip()
        filing = await services.reviews.file_report(
            job_id,
            user_of(interaction),
            reviewing.reason(filled.fields.get(_REASON, ""), said),
            services.clock(),
            since_id=interaction.id,
        )
        policy = await services.guilds.policy(guild_of(interaction))
        taken = filing in {Filing.OPENED, Filing.JOINED}
        answer_text = _ANSWERS[filing]()
        words = answer_text if taken else reviewing.not_taken(answer_text, said)
        if filing is Filing.OPENED and policy.review_channel is None:
            words = reviewing.REPORTED_NO_CHANNEL()
        services.signals.review.set()
        await tell(interaction, words)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(ReportPress)
    await bot.add_cog(Reporting(bot))


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(ReportPress)
