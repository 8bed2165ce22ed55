"""The panel behind `/policy panel`: answers every press of it, after any restart.

A press names the version of the policy that its moderator saw. If somebody changed it since,
nothing is done and they see what changed. Who may is looked at anew with every press.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from discord.ext import commands

from bot.client import Interaction, report_incident
from bot.words import panel as words
from bot.words.reviewing import NOT_ALLOWED
from cogs.governing import blanks, documents, record, trying
from cogs.governing.changing import Wish, carry_out, superseded, undo
from cogs.governing.controls import PanelPress, page, press_of, text
from cogs.governing.deeds import DEEDS
from cogs.governing.desk import Desk, seat
from cogs.governing.lists import LIST_PAGES
from cogs.governing.pages import RULE_PAGES, Page
from cogs.governing.places import PLACE_PAGES
from cogs.translating import tell

PAGES: Mapping[str, Page] = {**RULE_PAGES, **PLACE_PAGES, **LIST_PAGES}

_Deed: TypeAlias = Callable[[Interaction, Desk, PanelPress], Awaitable[None]]


class Panel(commands.Cog):
    """Hears every press whose id is the panel's."""

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Do what was pressed; an error gets the same report as a command's."""
        press = press_of(interaction)
        if press is None:
            return
        try:
            await _answer(interaction, press)
        except Exception as error:  # noqa: BLE001  the tree's on_error, for the panel
            await report_incident(interaction, error)


async def _answer(interaction: Interaction, press: PanelPress) -> None:
    desk = await seat(interaction)
    if desk is None:
        # What stands there was for a moderator's eyes.
        away = page(text(NOT_ALLOWED))
        await interaction.response.edit_message(view=away, attachments=[])
        return
    try:
        await _DEEDS.get(press.deed, _change)(interaction, desk, press)
    except (ValueError, KeyError, IndexError):
        if interaction.response.is_done():
            raise
        # It names what was there once, or was made up; nothing has been done.
        await _show(interaction, desk, ("home",), words.GONE)


async def _show(interaction: Interaction, desk: Desk, path: tuple[str, ...], note: str) -> None:
    """Put a page in the place of the one that stands there."""
    if path[0] == "log":
        view = await record.log_page(interaction, desk, path[1:], note)
    else:
        view = PAGES[path[0]](desk, path[1:], note)
    if interaction.response.is_done():
        await interaction.edit_original_response(view=view, attachments=[])
    else:
        await interaction.response.edit_message(view=view, attachments=[])


async def _open(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    await _show(interaction, desk, (*press.args, *press.values), "")


async def _form(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    form = blanks.BLANKS[press.arg(0)]
    await interaction.response.send_modal(form.draw(desk, press.args[1:]))


async def _submit(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    """What was filled into a form; what cannot be taken is given back as a file."""
    form = blanks.BLANKS[press.arg(0)]
    path = form.page(press.args[1:])
    if press.version != desk.version:
        await _show(interaction, desk, path, await superseded(interaction, press.version))
        await blanks.give_back(interaction, press, words.STALE)
        return
    wanted = form.take(desk, press)
    if isinstance(wanted, Wish):
        desk, note = await carry_out(interaction, desk, wanted)
        await _show(interaction, desk, path, note)
        return
    await _show(interaction, desk, path, wanted)
    await blanks.give_back(interaction, press, words.KEPT)


async def _change(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    deed = DEEDS[press.deed]
    path = (deed.page, *press.args[: deed.args])
    if press.version != desk.version:
        await _show(interaction, desk, path, await superseded(interaction, press.version))
        return
    wanted = deed.change(desk, press)
    if isinstance(wanted, str):
        await _show(interaction, desk, path, f"⚠️ {wanted}")
        return
    desk, note = await carry_out(interaction, desk, Wish(policy=wanted))
    await _show(interaction, desk, path, note)


async def _undo(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    if press.version != desk.version:
        await _show(interaction, desk, ("home",), await superseded(interaction, press.version))
        return
    desk, note = await undo(interaction, desk)
    await _show(interaction, desk, ("home",), note)


async def _try(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    prompt = press.fields.get("prompt", "")
    if not prompt.strip():
        await tell(interaction, words.NOTHING_TO_TRY)
        return
    attempt = trying.Attempt(place=desk.here)
    tried = trying.try_prompt(desk, attempt, prompt, press.fields.get("negative", ""))
    await tell(interaction, tried)


async def _try_form(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    del press
    await interaction.response.send_modal(blanks.try_form(desk))


async def _export(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    del press
    await documents.export(interaction, desk)


#: What is more than a change of one thing.
_DEEDS: Mapping[str, _Deed] = {
    "open": _open,
    "form": _form,
    "submit": _submit,
    "undo": _undo,
    "test": _try_form,
    "try": _try,
    "export": _export,
    "apply": documents.apply,
    "discard": documents.discard,
}
