"""`/privacy`: what the bot knows of a member, to see, to take along and to erase.

What is stored of whom is `bot/store/privacy.py`'s to know.
"""

from __future__ import annotations

from contextlib import closing

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.words import wording
from cogs.asking.press import Press
from cogs.components import Action, row_of, template
from cogs.translating import tell, user_of

_FORGET = (
    "**Erase everything?** Your requests, your pictures (here and from my disk), your settings and "
    "your acceptance of the licence go, and your name goes from every vote.\n"
    "Votes stay as numbers without a name, so that no picture loses them: those that you gave to "
    "other members' pictures, and those that others gave to yours. Your reactions stay on Discord "
    "until you take them back, what you decided as a moderator stays decided, and a time-out or "
    "ban stays without your name.\n"
    "There is no way back."
)
_FORGOTTEN = (
    "Done. Everything I stored about you is erased. Your pictures leave Discord over the next "
    "minutes."
)
_STILL_PACKING = "Your data are still being packed from the last time you asked. They come soon."
_LEFT_OUT = (
    "\nDiscord lets me send {limit} here. Older pictures that did not fit: {count}. "
    "`everything.json` names each of them, and `/show` brings it."
)
#: Table names as members understand them. What only says how these belong together (which post is
#: owed, which picture is in it) is exported, but is nothing more to count.
_NAMES = {
    "jobs": "pictures you asked for",
    "requests": "your requests",
    "pictures": "pictures of yours that I keep",
    "curations": "pictures of yours that my operator marked or described for training",
    "posts": "messages that show your pictures",
    "votes": "your current votes",
    "vote_events": "your reactions and choices, with their times",
    "choices": "your current choices between two pictures",
    "duels": "duels with one of your pictures",
    "parties": "rating parties you started",
    "standing_reactions": "reactions of yours that stand under pictures",
    "acceptances": "licences you accepted",
    "sharing": "your choice about sharing prompts",
    "waiting_asks": "requests that wait until you accept the licence or press *Draw anyway*",
    "drafts": "drafts of requests that I did not take",
    "presets": "your presets",
    "styles": "styles you made as a moderator",
    "sends": "messages I sent about your pictures",
    "send_jobs": "your pictures in those messages",
    "forget_wishes": "your request to be forgotten",
    "turns": "when it was last your turn, so that everybody gets one",
    "audit_log": "changes you made as a moderator",
    "cases": "pictures and requests of yours that moderators looked at, or will",
    "reports": "pictures you reported",
    "strikes": "your strikes",
    "tellings": "notices I still have to give you",
    "lineage": "models you promoted or rolled back",
    "trials": "blind tests you started",
    "trial_ends": "blind tests you ended",
    "trial_pairs": "pairs of your requests in blind tests",
    "exclusions": "your time-outs and bans",
    "decisions": "decisions about your requests and pictures",
}


class PrivacyCog(commands.Cog):
    """A member's own data."""

    privacy = app_commands.Group(
        name="privacy", description="What I store about you, and your choices"
    )

    def __init__(self, bot: WaifuBot) -> None:
        self._services = bot.services

    @privacy.command(description="What I store about you")
    async def show(self, interaction: Interaction) -> None:
        """A count for each kind of thing."""
        summary = await self._services.privacy.show(user_of(interaction))
        lines = [
            f"- {_NAMES[table]}: {count}"
            for table, count in summary.counts.items()
            if table in _NAMES
        ]
        shares = "may" if summary.shares_prompts else "may not"
        await tell(
            interaction,
            "\n".join(
                [
                    "**What I store about you**, in all servers:",
                    *(lines or ["Nothing."]),
                    f"Your prompts {shares} be used to improve the model (`/privacy share`).",
                    "-# `/privacy export` gives you all of it, `/privacy forget` erases it.",
                ]
            ),
        )

    @privacy.command(description="Download everything I store about you")
    @app_commands.checks.cooldown(1, 60)
    async def export(self, interaction: Interaction) -> None:
        """A zip of rows and pictures; as much of it as Discord carries."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        limit_bytes = interaction.filesize_limit
        privacy = self._services.privacy
        async with privacy.export(user_of(interaction), limit_bytes=limit_bytes) as export:
            if export is None:
                await tell(interaction, _STILL_PACKING)
                return
            more = _LEFT_OUT.format(limit=wording.size(limit_bytes), count=export.left_out)
            # discord.py takes `close` away from what it sends, and gives it back here.
            with closing(discord.File(export.file, "waifu-my-data.zip")) as file:
                await interaction.followup.send(
                    "Everything I store about you." + (more if export.left_out else ""),
                    file=file,
                    ephemeral=True,
                )

    @privacy.command(description="Erase everything I store about you")
    async def forget(self, interaction: Interaction) -> None:
        """Ask first."""
        view = row_of((Action.FORGET, str(user_of(interaction))))
        await interaction.response.send_message(_FORGET, view=view, ephemeral=True)

    @privacy.command(description="Let your prompts help to improve the model")
    @app_commands.describe(allow="Off by default")
    async def share(self, interaction: Interaction, allow: bool) -> None:  # noqa: FBT001  the option itself
        """Only what is exported from now on is concerned."""
        await self._services.consent.set_sharing(
            user_of(interaction), allow, self._services.clock()
        )
        await tell(
            interaction,
            "Thank you: your prompts may help to improve the model."
            if allow
            else "Your prompts stay out of the training data.",
        )


class Forget(Press, template=template(Action.FORGET)):
    """Yes, erase everything."""

    action = Action.FORGET

    async def pressed(self, interaction: Interaction) -> None:
        """One transaction; the files and the messages follow by themselves."""
        services, user_id = interaction.client.services, user_of(interaction)
        if self.target != str(user_id):
            await tell(interaction, "That button was not for you.")
            return
        services.tails.forget(user_id)
        # The wish is a row before anything is answered, and the answer comes after the deed: what
        # dies in between is made up for at the next start.
        await services.privacy.wish(user_id, services.clock())
        try:
            await interaction.response.defer()
            forgotten = await services.privacy.forget(user_id)
        finally:
            # Whatever became of it, what is left of the wish is carried out now and not some day.
            services.signals.erase.set()
        services.signals.cancelled(forgotten.job_ids)
        services.signals.taken_away()
        await interaction.edit_original_response(content=_FORGOTTEN, view=None)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(Forget)
    await bot.add_cog(PrivacyCog(bot))


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(Forget)
