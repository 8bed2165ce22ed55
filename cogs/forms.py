"""Forms that are answered after any restart, and their submitted fields. Not a cog.

A form's custom id is `wd:<action>:<target>`, like a button's; it is stopped before it is shown, and
its cog answers every submission with such an id. Must not know what a form is for.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, cast

import discord
from discord import ui

from bot.client import Interaction, report_incident, speak_to
from cogs.components import Action, custom_id, template


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedForm:
    """A submitted form: its target, and the values by field name."""

    target: str
    fields: Mapping[str, str]


#: Discord's limit for a text field.
FIELD_CHARS_MAX = 4000


def words_field(
    name: str,
    label: str,
    *,
    chars_max: int,
    needed: bool,
    words: str = "",
    long: bool = True,
    hint: str | None = None,
) -> ui.Label[ui.Modal]:
    """A field for a line or for a few sentences, prefilled with `words`."""
    style = discord.TextStyle.paragraph if long else discord.TextStyle.short
    field: ui.TextInput[ui.Modal] = ui.TextInput(
        custom_id=name, style=style, max_length=chars_max, required=needed, default=words or None
    )
    return ui.Label(text=label, component=field, description=hint)


def choice_field(
    name: str, label: str, choices: Mapping[str, str], *, chosen: str | None = None
) -> ui.Label[ui.Modal]:
    """A field with these choices, each a value and its label."""
    options = [
        discord.SelectOption(label=words, value=value, default=value == chosen)
        for value, words in choices.items()
    ]
    field: ui.Select[ui.Modal] = ui.Select(custom_id=name, options=options)
    return ui.Label(text=label, component=field)


def form(action: Action, target: str, title: str, *fields: ui.Label[ui.Modal]) -> ui.Modal:
    """A form about `target`."""
    modal = ui.Modal(title=title, custom_id=custom_id(action, target))
    for field in fields:
        modal.add_item(field)
    modal.stop()
    return modal


async def answer_form(
    interaction: Interaction,
    action: Action,
    answer: Callable[[Interaction, SubmittedForm], Coroutine[None, None, None]],
) -> None:
    """Answer a form of this action; an error gets the same incident report as a command's."""
    if interaction.type is not discord.InteractionType.modal_submit:
        return
    data = cast("dict[str, Any]", interaction.data or {})
    match = template(action).fullmatch(str(data.get("custom_id", "")))
    if match is None:
        return
    speak_to(interaction)
    try:
        await answer(interaction, SubmittedForm(target=match["id"], fields=_fields_of(data)))
    except Exception as error:  # noqa: BLE001  the tree's on_error, for forms
        await report_incident(interaction, error)


def _fields_of(data: Mapping[str, Any]) -> dict[str, str]:
    components = cast("list[dict[str, Any]]", data.get("components") or [])
    inner: list[dict[str, Any]] = [component.get("component") or {} for component in components]
    return {str(field["custom_id"]): _field_value(field) for field in inner if field}


def _field_value(field: Mapping[str, Any]) -> str:
    """The text written, or the option chosen."""
    return str(field.get("value") or next(iter(field.get("values") or ()), ""))
