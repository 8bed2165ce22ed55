"""*Appeal*: asks the moderators to review a refusal, once per refusal.

Only a server's own decision can be appealed: its moderators cannot allow what the floor or the
model's licence forbids. The refused ask waits under the button, and the appeal takes it.
"""

from __future__ import annotations

from dataclasses import replace

from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.domain import Refused, RequestId
from bot.policy import decide
from bot.store.reviews import Filing
from bot.words import reviewing
from cogs.asking.press import Press
from cogs.asking.requests import with_precedent
from cogs.asking.terms import require_licence
from cogs.components import Action, template
from cogs.forms import SubmittedForm, answer_form, form, words_field
from cogs.translating import guild_of, place_of, roles_of, tell, user_of

_WHY = "why"
#: The most open appeals of a member in a server.
_OPEN_MAX = 3


class Appeal(Press, template=template(Action.APPEAL)):
    """The *Appeal* button under a refusal."""

    action = Action.APPEAL

    async def pressed(self, interaction: Interaction) -> None:
        """Ask for the member's reason; the licence comes first, because it covers drawing."""
        if not await require_licence(interaction):
            return
        waiting_id = RequestId(self.target)
        services = interaction.client.services
        if await services.consent.get_waiting_ask(waiting_id, user_of(interaction)) is None:
            await tell(interaction, reviewing.APPEAL_GONE())
            return
        await interaction.response.send_modal(
            form(
                Action.APPEAL,
                waiting_id,
                reviewing.APPEAL_TITLE(),
                words_field(
                    _WHY,
                    reviewing.APPEAL_WHY(),
                    chars_max=reviewing.REASON_CHARS,
                    needed=True,
                ),
            )
        )


class Appealing(commands.Cog):
    """Receives appeals."""

    def __init__(self, bot: WaifuBot) -> None:
        self._services = bot.services

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Handle a submitted appeal, however long ago its form was shown."""
        await answer_form(interaction, Action.APPEAL, self._file_appeal)

    async def _file_appeal(self, interaction: Interaction, filled: SubmittedForm) -> None:
        services, user_id = self._services, user_of(interaction)
        waiting_id = RequestId(filled.target)
        refused = await self._current_refusal(interaction, waiting_id)
        why = filled.fields.get(_WHY, "").strip()
        if isinstance(refused, str):
            await tell(interaction, reviewing.not_taken(refused, why))
            return
        filing = await services.reviews.file_appeal(
            waiting_id,
            user_id,
            findings=refused.found,
            why=why,
            now_ms=services.clock(),
            since_id=interaction.id,
            max_open=_OPEN_MAX,
        )
        services.signals.review.set()
        await tell(interaction, await self._answer_text(interaction, filing, why))

    async def _current_refusal(
        self, interaction: Interaction, waiting_id: RequestId
    ) -> Refused | str:
        """The refusal that the ask would get now, or the reason why it cannot be appealed."""
        services = self._services
        ask = await services.consent.get_waiting_ask(waiting_id, user_of(interaction))
        if ask is None:
            return reviewing.APPEAL_GONE()
        place = place_of(interaction)
        verdict = decide.admit(
            await with_precedent(services, replace(ask, place=place, precedent=None)),
            await services.policy_at(place, roles_of(interaction)),
        )
        if not isinstance(verdict, Refused):
            return reviewing.APPEAL_NEEDLESS()
        return verdict if verdict.appealable else reviewing.APPEAL_FRUITLESS()

    async def _answer_text(self, interaction: Interaction, filing: Filing, why: str) -> str:
        match filing:
            case Filing.OPENED:
                policy = await self._services.guilds.policy(guild_of(interaction))
                has_channel = policy.review_channel is not None
                return reviewing.APPEALED() if has_channel else reviewing.APPEALED_NO_CHANNEL()
            case Filing.TOO_MANY:
                return reviewing.not_taken(reviewing.APPEAL_TOO_MANY(most=_OPEN_MAX), why)
            case _:
                return reviewing.not_taken(reviewing.APPEAL_GONE(), why)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(Appeal)
    await bot.add_cog(Appealing(bot))


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(Appeal)
