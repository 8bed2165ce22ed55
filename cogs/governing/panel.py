"""The panel behind `/policy panel`: answers its presses after any restart.

A press names the policy version that its moderator saw. If somebody has changed the policy since,
the press does nothing and the moderator sees the changes. The permission is checked at every press.
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
from cogs.governing.changing import PolicyChange, changes_since, defer_if_slow, save_change, undo
from cogs.governing.controls import Blank, PanelPress, page, press_of, text
from cogs.governing.deeds import DEEDS
from cogs.governing.desk import Desk, open_desk
from cogs.governing.doubting import find_doubts
from cogs.governing.lists import LIST_PAGES, terms_in
from cogs.governing.pages import RULE_PAGES, Page
from cogs.governing.places import PLACE_PAGES
from cogs.translating import tell

PAGES: Mapping[str, Page] = {**RULE_PAGES, **PLACE_PAGES, **LIST_PAGES}

_PanelAction: TypeAlias = Callable[[Interaction, Desk, PanelPress], Awaitable[None]]


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
    desk = await open_desk(interaction)
    if desk is None:
        # The content of the message was for moderators only.
        away = page(text(NOT_ALLOWED()))
        await interaction.response.edit_message(view=away, attachments=[])
        return
    try:
        await _ACTIONS.get(press.deed, _change_policy)(interaction, desk, press)
    except (ValueError, KeyError, IndexError):
        if interaction.response.is_done():
            raise
        # The press names something deleted, or was forged; nothing has been changed.
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


async def _open_page(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    await _show(interaction, desk, (*press.args, *press.values), "")


async def _open_form(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    await interaction.response.send_modal(blanks.draw_form(desk, press.args))


async def _reopen_form(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    """Reopen a form as it was filled in; merge it if its list has changed since."""
    written = (await given_back.read_attachment(interaction)).decode()
    if _is_list_page_stale(desk, press):
        merged = await _merge_input(interaction, desk, press, written)
        if merged is None:
            await _return_input(
                interaction, desk, press, await changes_since(interaction, press.version), written
            )
            return
        about, fields = ("edit", press.arg(1), str(merged.at)), {"terms": merged.text}
    else:
        about, fields = press.args, given_back.fields_from_text(_blanks_of(desk, press), written)
    await interaction.response.send_modal(blanks.draw_form(desk, about, fields))


def _is_list_page_stale(desk: Desk, press: PanelPress) -> bool:
    """Whether a list page was drawn before somebody else changed the policy.

    Submitted unchanged, it would remove terms added meanwhile.
    """
    return press.arg(0) == "edit" and _seen_version(press) != desk.version


def _seen_version(press: PanelPress) -> int:
    """The policy version that a list page was edited from."""
    return int(press.arg(3)) if press.arg(3) else press.version


async def _merge_input(
    interaction: Interaction, desk: Desk, press: PanelPress, written: str
) -> Merged | None:
    """Merge edits of a list page; None if its base is unknown or it no longer fits a form."""
    guilds = interaction.client.services.guilds
    before = await guilds.version(desk.guild_id, _seen_version(press))
    if before is None:
        return None
    was, now = (terms_in(policy, press.arg(1)) for policy in (before.policy, desk.policy))
    return await asyncio.to_thread(merge, was, int(press.arg(2)), written, now)


def _blanks_of(desk: Desk, press: PanelPress) -> list[Blank]:
    return blanks.BLANKS[press.arg(0)].blanks(desk, press.args[1:])


async def _submit_form(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    """Handle a submitted form."""
    await _apply_input(interaction, desk, press)


async def _save_anyway(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    """Accept the earlier input after its moderator has read the warning."""
    written = (await given_back.read_attachment(interaction)).decode()
    fields = given_back.fields_from_text(_blanks_of(desk, press), written)
    await _apply_input(interaction, desk, replace(press, fields=fields), confirmed=True)


async def _apply_input(
    interaction: Interaction, desk: Desk, press: PanelPress, *, confirmed: bool = False
) -> None:
    """Make the input the policy, or return it with the reason."""
    form = blanks.BLANKS[press.arg(0)]
    written = given_back.input_as_text(_blanks_of(desk, press), press.fields)
    if press.version != desk.version:
        await _return_input(
            interaction, desk, press, await changes_since(interaction, press.version), written
        )
        return
    wanted = form.take(desk, press)
    if isinstance(wanted, str):
        await _return_input(interaction, desk, press, wanted, written)
        return
    await defer_if_slow(interaction, wanted.policy)
    if not confirmed and (doubt := await find_doubts(desk, wanted.policy)):
        await _return_input(interaction, desk, press, doubt, written, may_override=True)
        return
    after, note = await save_change(interaction, desk, wanted)
    if after.policy == wanted.policy:
        await _show(interaction, after, form.page(press.args[1:]), note)
    else:
        await _return_input(interaction, after, press, note, written)


async def _return_input(
    interaction: Interaction,
    desk: Desk,
    press: PanelPress,
    why: str,
    written: str,
    *,
    may_override: bool = False,
) -> None:
    """Return rejected input with the reason; for an empty form show only the reason."""
    path = blanks.BLANKS[press.arg(0)].page(press.args[1:])
    if not written:
        await _show(interaction, desk, path, why)
        return
    is_stale = _is_list_page_stale(desk, press)
    given = given_back.RejectedInput(
        about=(*press.args[:3], str(_seen_version(press))) if is_stale else press.args,
        path=path,
        version=desk.version,
        why=why,
        written=written,
        may_edit=not is_stale or await _merge_input(interaction, desk, press, written) is not None,
        may_override=may_override,
    )
    view, files = given_back.rejection_page(given)
    if interaction.response.is_done():
        await interaction.edit_original_response(view=view, attachments=files)
    else:
        await interaction.response.edit_message(view=view, attachments=files)


async def _change_policy(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    deed = DEEDS[press.deed]
    path = (deed.page, *press.args[: deed.args])
    if press.version != desk.version:
        await _show(interaction, desk, path, await changes_since(interaction, press.version))
        return
    wanted = deed.change(desk, press)
    if isinstance(wanted, str):
        await _show(interaction, desk, path, f"⚠️ {wanted}")
        return
    desk, note = await save_change(interaction, desk, PolicyChange(policy=wanted))
    await _show(interaction, desk, path, note)


async def _undo(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    if press.version != desk.version:
        await _show(interaction, desk, ("home",), await changes_since(interaction, press.version))
        return
    desk, note = await undo(interaction, desk)
    await _show(interaction, desk, ("home",), note)


async def _try_prompt(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    prompt = press.fields.get("prompt", "")
    if not prompt.strip():
        await tell(interaction, words.NOTHING_TO_TRY())
        return
    attempt = trying.Attempt(place=desk.here)
    tried = trying.try_prompt(desk, attempt, prompt, press.fields.get("negative", ""))
    await tell(interaction, tried)


async def _open_try_form(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    del press
    await interaction.response.send_modal(blanks.try_form(desk))


async def _export(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    del press
    await documents.export(interaction, desk)


#: The actions other than the changes in `DEEDS`.
_ACTIONS: Mapping[str, _PanelAction] = {
    "open": _open_page,
    "form": _open_form,
    "submit": _submit_form,
    "again": _reopen_form,
    "anyway": _save_anyway,
    "undo": _undo,
    "test": _open_try_form,
    "try": _try_prompt,
    "export": _export,
    "apply": documents.apply,
    "discard": documents.discard,
}
