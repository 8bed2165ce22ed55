"""*Edit* under a refusal or a doubt, and the handler of the form that all *Edit* buttons open."""

from __future__ import annotations

from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.store.drafts import DraftId
from bot.words import asking
from cogs.asking.editor import read_fields, show_editor
from cogs.asking.press import Press
from cogs.asking.requests import submit_typed
from cogs.components import Action, template
from cogs.forms import SubmittedForm, answer_form
from cogs.translating import tell, user_of


class Revise(Press, template=template(Action.REVISE)):
    """Opens an input that was not taken in a form; the target is the draft."""

    action = Action.REVISE

    async def pressed(self, interaction: Interaction) -> None:
        """Open the form for its author, while the draft is kept."""
        services = interaction.client.services
        typed = await services.drafts.get(
            DraftId(self.target), user_of(interaction), services.clock()
        )
        if typed is None:
            await tell(interaction, asking.DRAFT_GONE())
            return
        await show_editor(interaction, typed)


class Editing(commands.Cog):
    """Receives the form."""

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Handle a submitted form, however long ago it was shown."""
        await answer_form(interaction, Action.EDIT, _submit_form)


async def _submit_form(interaction: Interaction, filled: SubmittedForm) -> None:
    await submit_typed(interaction, read_fields(filled.target, filled.fields))


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(Revise)
    await bot.add_cog(Editing())


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(Revise)
