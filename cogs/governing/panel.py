"""The panel behind `/policy panel`: answers its presses after any restart.

A press names the policy version that its moderator saw. If somebody has changed the policy since,
nothing is done and the moderator sees the changes. The permission is checked at every press.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from discord.ext import commands

from bot.client import Interaction, report_incident, speak_to
from bot.policy.term_lists import Merged, merge
from bot.words import panel as words
from bot.words.reviewing import NOT_ALLOWED
from cogs.governing import blanks, documents, given_back, record, trying
from cogs.governing.changing import Wish, ask_for_patience, carry_out, superseded, undo
from cogs.governing.controls import Blank, PanelPress, page, press_of, text
from cogs.governing.deeds import DEEDS
from cogs.governing.desk import Desk, seat
from cogs.governing.doubting import doubts
from cogs.governing.lists import LIST_PAGES, terms_in
from cogs.governing.pages import RULE_PAGES, Page
from cogs.governing.places import PLACE_PAGES
from cogs.translating import tell

PAGES: Mapping[str, Page] = {**RULE_PAGES, **PLACE_PAGES, **LIST_PAGES}

_Deed: TypeAlias = Callable[[Interaction, Desk, PanelPress], Awaitable[None]]


class Panel(commands.Cog):
    """Answers every press whose id is the panel's."""

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Carry out a press; an error gets the same report as a command's."""
        press = press_of(interaction)
        if press is None:
            return
        speak_to(interaction)
        try:
            await _answer(interaction, press)
        except Exception as error:  # noqa: BLE001  the tree's on_error, for the panel
            await report_incident(interaction, error)


async def _answer(interaction: Interaction, press: PanelPress) -> None:
    desk = await seat(interaction)
    if desk is None:
        # What the message shows was for a moderator only.
        away = page(text(NOT_ALLOWED()))
        await interaction.response.edit_message(view=away, attachments=[])
        return
    try:
        await _DEEDS.get(press.deed, _change)(interaction, desk, press)
    except (ValueError, KeyError, IndexError):
        if interaction.response.is_done():
            raise
        # It names something deleted, or was forged; nothing has been done.
        await _show(interaction, desk, ("home",), words.GONE())


async def _show(interaction: Interaction, desk: Desk, path: tuple[str, ...], note: str) -> None:
    """Replace the current page."""
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
    await interaction.response.send_modal(blanks.draw(desk, press.args))


async def _again(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    """Reopen a form as it was filled in; merge it if its list has changed since."""
    written = (await given_back.hanging(interaction)).decode()
    if _is_behind(desk, press):
        merged = await _merged(interaction, desk, press, written)
        if merged is None:
            await _hand_back(interaction, desk, press, await superseded(interaction, press.version),
                             written)  # fmt: skip
            return
        about, fields = ("edit", press.arg(1), str(merged.at)), {"terms": merged.text}
    else:
        about, fields = press.args, given_back.filled(_blanks_of(desk, press), written)
    await interaction.response.send_modal(blanks.draw(desk, about, fields))


def _is_behind(desk: Desk, press: PanelPress) -> bool:
    """Whether its page of a list was drawn before somebody else changed the policy.

    Submitted unchanged, it would remove what was added meanwhile.
    """
    return press.arg(0) == "edit" and _seen(press) != desk.version


def _seen(press: PanelPress) -> int:
    """The version that a page of a list was edited from, as the returned input records."""
    return int(press.arg(3)) if press.arg(3) else press.version


async def _merged(
    interaction: Interaction, desk: Desk, press: PanelPress, written: str
) -> Merged | None:
    """The merged page; None if its base is no longer known, or it no longer fits a form."""
    guilds = interaction.client.services.guilds
    before = await guilds.version(desk.guild_id, _seen(press))
    if before is None:
        return None
    was, now = (terms_in(policy, press.arg(1)) for policy in (before.policy, desk.policy))
    return await asyncio.to_thread(merge, was, int(press.arg(2)), written, now)


def _blanks_of(desk: Desk, press: PanelPress) -> list[Blank]:
    return blanks.BLANKS[press.arg(0)].blanks(desk, press.args[1:])


async def _submit(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    """Handle a submitted form."""
    await _take(interaction, desk, press)


async def _anyway(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    """Accept earlier input from somebody who has read the warning."""
    written = (await given_back.hanging(interaction)).decode()
    fields = given_back.filled(_blanks_of(desk, press), written)
    await _take(interaction, desk, replace(press, fields=fields), sure=True)


async def _take(
    interaction: Interaction, desk: Desk, press: PanelPress, *, sure: bool = False
) -> None:
    """Make the input the policy, or return it with the reason."""
    form = blanks.BLANKS[press.arg(0)]
    written = given_back.written(_blanks_of(desk, press), press.fields)
    if press.version != desk.version:
        await _hand_back(interaction, desk, press, await superseded(interaction, press.version),
                         written)  # fmt: skip
        return
    wanted = form.take(desk, press)
    if isinstance(wanted, str):
        await _hand_back(interaction, desk, press, wanted, written)
        return
    await ask_for_patience(interaction, wanted.policy)
    if not sure and (doubt := await doubts(desk, wanted.policy)):
        await _hand_back(interaction, desk, press, doubt, written, anyway=True)
        return
    after, note = await carry_out(interaction, desk, wanted)
    if after.policy == wanted.policy:
        await _show(interaction, after, form.page(press.args[1:]), note)
    else:
        await _hand_back(interaction, after, press, note, written)


async def _hand_back(
    interaction: Interaction,
    desk: Desk,
    press: PanelPress,
    why: str,
    written: str,
    *,
    anyway: bool = False,
) -> None:
    """Show on the current page why it was rejected; an empty form leaves nothing to keep."""
    path = blanks.BLANKS[press.arg(0)].page(press.args[1:])
    if not written:
        await _show(interaction, desk, path, why)
        return
    behind = _is_behind(desk, press)
    given = given_back.GivenBack(
        about=(*press.args[:3], str(_seen(press))) if behind else press.args,
        path=path,
        version=desk.version,
        why=why,
        written=written,
        again=not behind or await _merged(interaction, desk, press, written) is not None,
        anyway=anyway,
    )
    view, files = given_back.page_of(given)
    if interaction.response.is_done():
        await interaction.edit_original_response(view=view, attachments=files)
    else:
        await interaction.response.edit_message(view=view, attachments=files)


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
        await tell(interaction, words.NOTHING_TO_TRY())
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


#: Actions beyond changing one thing.
_DEEDS: Mapping[str, _Deed] = {
    "open": _open,
    "form": _form,
    "submit": _submit,
    "again": _again,
    "anyway": _anyway,
    "undo": _undo,
    "test": _try_form,
    "try": _try,
    "export": _export,
    "apply": documents.apply,
    "discard": documents.discard,
}
