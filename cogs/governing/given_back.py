"""A page for rejected form input: the reason, and the ways to continue. Not a cog.

The input is attached to the message as a file, so that nothing typed is lost and *Edit again* works
after a restart. Must not know what a form is for.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import discord
from discord import ButtonStyle, ui

from bot.client import Interaction
from bot.words import panel as words
from cogs.governing.controls import Blank, button, file_part, line, page, press_id, row, text

_NAME = "what-you-wrote.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedInput:
    """Rejected input, and the ways to continue with it."""

    #: The form's name, and its subject.
    about: tuple[str, ...]
    #: The page to return to.
    path: tuple[str, ...]
    version: int
    why: str
    written: str
    #: Whether it can be edited further.
    may_edit: bool = True
    #: Whether a moderator who read the warning can save it unchanged.
    may_override: bool = False


def rejection_page(given: RejectedInput) -> tuple[ui.LayoutView, list[discord.File]]:
    """The page, and the file attached to it."""
    file = discord.File(io.BytesIO(given.written.encode()), _NAME)
    kept = f"{words.KEPT()} {words.AGAIN()}" if given.may_edit else words.KEPT()
    view = page(
        text(given.why), line(), text(kept), file_part(file), row(*_rejection_buttons(given))
    )
    return view, [file]


def _rejection_buttons(given: RejectedInput) -> list[ui.Button[ui.LayoutView]]:
    buttons = [button("← Back", press_id("open", given.version, *given.path))]
    if given.may_edit:
        again = press_id("again", given.version, *given.about)
        buttons.insert(0, button("Edit again …", again, ButtonStyle.primary))
    if given.may_override:
        anyway = press_id("anyway", given.version, *given.about)
        buttons.insert(0, button("Save anyway", anyway, ButtonStyle.danger))
    return buttons


async def read_attachment(interaction: Interaction, name: str = _NAME) -> bytes:
    """The content of our attachment with that name; empty if there is none."""
    files = interaction.message.attachments if interaction.message else []
    found = next((file for file in files if file.filename == name), None)
    return await found.read() if found else b""


def input_as_text(blanks: Sequence[Blank], fields: Mapping[str, str]) -> str:
    """The input as text: a single field as it is, several under their names."""
    if len(blanks) == 1:
        return fields.get(blanks[0].name, "")
    return "\n".join(f"{blank.label}: {fields.get(blank.name, '')}" for blank in blanks)


def fields_from_text(blanks: Sequence[Blank], text: str) -> dict[str, str]:
    """Read the text of `input_as_text`."""
    if len(blanks) == 1:
        return {blanks[0].name: text}
    found: dict[str, str] = {}
    for line_ in text.splitlines():
        label, _, value = line_.partition(": ")
        found[label] = value
    return {blank.name: found[blank.label] for blank in blanks if blank.label in found}
