"""`/learn`: training, the blind test, promotion and rollback, for the bot's owner.

Members do not see it. Its texts come from `bot/words/learning.py`; `services.learning` does the
work.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.ids import new_id
from bot.learning.runs import UNDER_WAY
from bot.learning.trial import as_test
from bot.reporting.lineage import history_png
from bot.store.trials import Trial, TrialOutcome
from bot.words import learning, wording
from cogs.translating import guild_of, place_of, tell, user_of
from models.catalogue.card import Card, CardError
from models.catalogue.verdict import Figure
from models.contract import ModelInfo

#: The gate's sheet of pictures, beside the card.
_SHEET = "gate.jpg"
_MOST_DUELS = 400
#: The characters left beside the text above the table.
_TABLE_CHARS = wording.CONTENT_CHARS_MAX - 200


class Learn(commands.Cog):
    """The owner's commands; every answer is private."""

    learn = app_commands.Group(
        name="learn",
        description="Train, try and change the model (whoever runs the bot)",
        guild_only=True,
        default_permissions=discord.Permissions(administrator=True),
    )
    trial = app_commands.Group(
        name="trial", description="Show a candidate blind beside the model in use", parent=learn
    )

    def __init__(self, bot: WaifuBot) -> None:
        self._services = bot.services
        self._desk = bot.services.learning

    async def interaction_check(self, interaction: Interaction, /) -> bool:  # pyright: ignore[reportIncompatibleMethodOverride]  our own interaction
        """Admit only the owner, whatever a server's administrators allowed."""
        if await interaction.client.is_owner(cast("discord.User", interaction.user)):
            return True
        await tell(interaction, learning.OWNER_ONLY)
        return False

    @learn.command(description="Show the model in use, the training and the trial")
    async def status(self, interaction: Interaction) -> None:
        """Show the serving model, the training and the trial in three lines."""
        await interaction.response.defer(ephemeral=True)
        serving = self._services.model().card_id
        text = learning.status(serving, self._run_text(), await self._trial_text())
        await tell(interaction, wording.fit(text))

    def _run_text(self) -> str:
        schooling = self._desk.schooling
        run = schooling.latest_run
        if run is None:
            return learning.NOTHING_TRAINS
        waits = schooling.is_waiting and run.stage in UNDER_WAY
        return learning.run(
            run.id, run.stage, schooling.last_line, waits=waits, restarts=run.restarts
        )

    async def _trial_text(self) -> str:
        """The running blind test, or the result of the last one."""
        trials = await self._desk.trials.history()
        if not trials:
            return learning.NO_TRIAL
        trial = trials[-1]
        test = as_test(trial, await self._desk.trials.steps(trial.id))
        if trial.outcome is not None:
            return learning.trial_over(
                trial.candidate, trial.parent, trial.outcome, test.wins, test.duels
            )
        return learning.trial(trial.candidate, trial.parent, test.wins, test.duels, test.e_value)

    @learn.command(description="Train a candidate from members' votes")
    async def start(self, interaction: Interaction) -> None:
        """Begin a training, or say why not."""
        await interaction.response.defer(ephemeral=True)
        await tell(interaction, await self._desk.schooling.start())

    @learn.command(description="Stop the running training")
    async def stop(self, interaction: Interaction) -> None:
        """Stop the training and delete its export."""
        await interaction.response.defer(ephemeral=True)
        await tell(interaction, await self._desk.schooling.stop())

    @learn.command(description="Show a candidate's pictures and what the gate measured")
    @app_commands.describe(card="Its name; /learn status shows the newest")
    async def sheet(self, interaction: Interaction, card: str) -> None:
        """Show as many figures as fit in a table; the pictures stand above and below each other."""
        await interaction.response.defer(ephemeral=True)
        try:
            found = await asyncio.to_thread(self._desk.catalogue.card, card)
        except CardError as problem:
            await tell(interaction, str(problem))
            return
        if found.verdict is None:
            await tell(interaction, learning.unjudged(found.id))
            return
        # Failed figures come first, because a message cannot hold all of them.
        figures = sorted(found.verdict.figures, key=lambda figure: figure.holds)
        table = wording.code(
            wording.fitting([_figure_line(each) for each in figures], _TABLE_CHARS)
        )
        file = self._desk.catalogue.folder(found.id) / _SHEET
        adult = found.can_draw_nudity and not place_of(interaction).age_restricted
        if adult or not await asyncio.to_thread(file.is_file):
            await tell(interaction, f"{learning.ADULT_SHEET}\n{table}" if adult else table)
            return
        await interaction.followup.send(table, file=_sheet_file(file, found), ephemeral=True)

    @learn.command(description="Switch to a candidate that passed the gate")
    async def promote(self, interaction: Interaction, card: str) -> None:
        """Promote a card: one row, one swap."""
        await interaction.response.defer(ephemeral=True)
        text = await self._desk.promotion.promote(
            card, by_id=user_of(interaction), why="the owner chose it"
        )
        await tell(interaction, text)

    @learn.command(description="Switch back to the previous model, exactly as it was")
    async def rollback(self, interaction: Interaction) -> None:
        """Roll back: one row, one swap."""
        await interaction.response.defer(ephemeral=True)
        text = await self._desk.promotion.rollback(
            by_id=user_of(interaction), why="the owner chose it"
        )
        await tell(interaction, text)

    @learn.command(description="Show every model used here and how its trial went")
    async def history(self, interaction: Interaction) -> None:
        """Show the history as a picture."""
        await interaction.response.defer(ephemeral=True)
        reigns = await self._desk.lineage.history()
        trials = {
            trial: await self._desk.trials.steps(trial.id)
            for trial in await self._desk.trials.history()
        }
        png = await asyncio.to_thread(history_png, reigns, trials)
        await interaction.followup.send(
            file=_png_file(
                png, "history.png", _history_alt_text([reign.card_id for reign in reigns])
            ),
            ephemeral=True,
        )

    @trial.command(
        name="start", description="Try a candidate against the model in use, blind, in this server"
    )
    @app_commands.describe(card="A candidate that passed", share="Percentage of requests")
    async def trial_start(
        self, interaction: Interaction, card: str, share: app_commands.Range[int, 1, 100] = 20
    ) -> None:
        """Begin a trial of a card that could be promoted."""
        await interaction.response.defer(ephemeral=True)
        try:
            found = await asyncio.to_thread(self._desk.catalogue.card, card)
        except CardError as problem:
            await tell(interaction, str(problem))
            return
        if not found.may_be_promoted:
            await tell(interaction, learning.not_passed(found.id))
            return
        # Its asks were admitted under the rules of the model in use.
        if not _is_under_the_same_rules(found, self._services.model()):
            await tell(interaction, learning.other_rules(found.id))
            return
        begun = await self._desk.trials.begin(self._new_trial(interaction, found.id, share / 100))
        text = (
            begun
            if isinstance(begun, str)
            else learning.trial_begun(begun.candidate, begun.parent, begun.share)
        )
        await tell(interaction, text)

    def _new_trial(self, interaction: Interaction, candidate: str, share: float) -> Trial:
        return Trial(
            id=new_id(),
            guild_id=guild_of(interaction),
            candidate=candidate,
            parent=self._services.model().card_id,
            share=share,
            max_duels=_MOST_DUELS,
            by_id=user_of(interaction),
            begun_ms=self._services.clock(),
        )

    @trial.command(name="stop", description="End the trial")
    async def trial_stop(self, interaction: Interaction) -> None:
        """Stop the trial; its findings are kept."""
        trial = await self._desk.trials.running_trial()
        if trial is None:
            await tell(interaction, learning.NO_TRIAL)
            return
        await self._desk.trials.end(
            trial.id,
            TrialOutcome.STOPPED,
            by_id=user_of(interaction),
            now_ms=self._services.clock(),
        )
        await tell(interaction, learning.TRIAL_STOPPED)

    @sheet.autocomplete("card")
    @promote.autocomplete("card")
    @trial_start.autocomplete("card")
    async def _card_choices(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        """Cards of the catalogue for the owner alone, the newest name first."""
        if not await interaction.client.is_owner(cast("discord.User", interaction.user)):
            return []
        ids = await asyncio.to_thread(self._desk.catalogue.ids)
        fitting = [card_id for card_id in reversed(ids) if current.lower() in card_id][:25]
        return [app_commands.Choice(name=card_id, value=card_id) for card_id in fitting]


def _is_under_the_same_rules(card: Card, model: ModelInfo) -> bool:
    """Whether both models' licences make the same demands."""
    demands = (card.licence.id, card.licence.rules or ())
    return demands == (model.licence_id, model.licence_rules)


def _figure_line(figure: Figure) -> str:
    match figure.least, figure.most:
        case None, None:
            bounds = ""
        case least, None:
            bounds = f">= {least:g}"
        case None, most:
            bounds = f"<= {most:g}"
        case least, most:
            bounds = f"{least:g} to {most:g}"
    value = f"{figure.value:.3g}" + (" %" if figure.unit.startswith("%") else "")
    return learning.verdict(figure.name, value, bounds, holds=figure.holds)


def _sheet_file(file: Path, card: Card) -> discord.File:
    return discord.File(
        file,
        f"{card.id}.jpg",
        spoiler=card.can_draw_nudity,
        description="AI-made pictures: the parent's above, the candidate's below",
    )


def _png_file(data: bytes, name: str, description: str) -> discord.File:
    return discord.File(io.BytesIO(data), name, description=wording.short(description, 1000))


def _history_alt_text(card_ids: Sequence[str]) -> str:
    return "Models used here, oldest first: " + ", ".join(card_ids)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Learn(bot))
