"""`/licence`, and the buttons under the terms: *Accept*, *Decline*, and reading them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.domain import Ask, ChannelId, RequestId
from bot.policy.asks import typed_of
from bot.words import licensing
from cogs.asking.press import Press
from cogs.asking.refusing import with_words
from cogs.asking.requests import submit_licensed
from cogs.asking.terms import (
    NOTHING_WAITS,
    close_terms,
    licence_file,
    read_terms_target,
    show_terms_again,
    terms_view,
)
from cogs.components import Action, row_of, template
from cogs.translating import place_of, user_of


class LicenceCog(commands.Cog):
    """Shows the licence of the model in use on demand."""

    @app_commands.command(description="What the model's licence asks of you, and its whole text")
    async def licence(self, interaction: Interaction) -> None:
        """Show the plain summary, the file, and whether and when it was accepted."""
        services = interaction.client.services
        info = services.model()
        accepted_ms = await services.consent.accepted_ms(user_of(interaction), info.licence_sha256)
        waiting = await _asks_waiting(interaction)
        undecided = accepted_ms is None or bool(waiting.here)
        await interaction.response.send_message(
            licensing.licence(info, services.rulebook.clauses, accepted_ms),
            file=licence_file(info),
            view=terms_view(info, NOTHING_WAITS) if undecided else discord.utils.MISSING,
            ephemeral=True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _WaitingAsks:
    """A member's asks that wait for the licence."""

    #: Those made in this channel, oldest first, and the one under the pressed button.
    here: dict[RequestId, Ask]
    #: The other channels with one.
    elsewhere: Sequence[ChannelId]


async def _asks_waiting(
    interaction: Interaction, pressed_id: RequestId = NOTHING_WAITS
) -> _WaitingAsks:
    services = interaction.client.services
    asks = await services.consent.unlicensed_asks(
        user_of(interaction), pressed_id, services.clock()
    )
    here_id = place_of(interaction).channel_id
    here = {
        waiting_id: ask
        for waiting_id, ask in asks.items()
        if waiting_id == pressed_id or ask.place.channel_id == here_id
    }
    others = (ask.place.channel_id for waiting_id, ask in asks.items() if waiting_id not in here)
    return _WaitingAsks(here=here, elsewhere=list(dict.fromkeys(others)))


class Accept(Press, template=template(Action.ACCEPT)):
    """Accepts the licence; the requests that wait for it here then continue by themselves."""

    action = Action.ACCEPT

    async def pressed(self, interaction: Interaction) -> None:
        """Record the licence's hash, then submit each ask that was made in this channel.

        Those of other channels wait for a press there: nobody expects their words here.
        """
        services, user_id = interaction.client.services, user_of(interaction)
        info, place = services.model(), place_of(interaction)
        pressed_id, is_current = read_terms_target(self.target, info)
        if not is_current:
            await services.consent.note_new_terms(user_id, place.channel_id, info.licence_sha256)
            await show_terms_again(interaction, pressed_id, licensing.CHANGED())
            return
        await services.consent.accept(user_id, info.licence_sha256, info.card_id, services.clock())
        waiting = await _asks_waiting(interaction, pressed_id)
        if not waiting.here:
            came_to_read = pressed_id == NOTHING_WAITS
            thanks = licensing.ASK_NOW if came_to_read else licensing.WAITS_NO_MORE
            await close_terms(interaction, licensing.accepted(thanks, waiting.elsewhere))
            return
        await submit_licensed(
            interaction,
            {waiting_id: replace(ask, place=place) for waiting_id, ask in waiting.here.items()},
            licensing.accepted(licensing.THANKS, waiting.elsewhere),
        )


class Decline(Press, template=template(Action.DECLINE)):
    """Declines the shown licence; every ask that waited for one is dropped."""

    action = Action.DECLINE

    async def pressed(self, interaction: Interaction) -> None:
        """Drop the waiting asks, return all their words, and leave a button to reconsider."""
        services = interaction.client.services
        info = services.model()
        pressed_id, _ = read_terms_target(self.target, info)
        asks = await services.consent.take_unlicensed_asks(user_of(interaction), pressed_id)
        typed = [typed_of(a.draw, info, private=a.private, count=a.count) for a in asks]
        content, files = with_words(licensing.DECLINED(), *typed)
        await interaction.response.edit_message(
            content=content, attachments=files, view=row_of((Action.RECONSIDER, NOTHING_WAITS))
        )


class Reconsider(Press, template=template(Action.RECONSIDER)):
    """Shows the terms again: after a decline, or where an earlier message showed them."""

    action = Action.RECONSIDER

    async def pressed(self, interaction: Interaction) -> None:
        """Show the terms of the model now in use, unless they were accepted meanwhile."""
        services = interaction.client.services
        accepted = await services.consent.has_accepted(
            user_of(interaction), services.model().licence_sha256
        )
        pressed_id = RequestId(self.target)
        if accepted and not (await _asks_waiting(interaction, pressed_id)).here:
            await close_terms(interaction, licensing.ASK_NOW())
            return
        await show_terms_again(interaction, pressed_id)


_PRESSES = (Accept, Decline, Reconsider)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(*_PRESSES)
    await bot.add_cog(LicenceCog())


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(*_PRESSES)
