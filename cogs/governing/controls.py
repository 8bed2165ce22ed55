"""The panel's building blocks: parsed presses, and buttons, menus and forms.

A press names its deed, the version of the policy that was shown, and its subject, so its meaning
survives any restart. Must not know what a deed does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import discord
from discord import ui

from bot.client import Interaction
from bot.words.speaking import say

#: The prefix of the panel's custom ids; buttons under pictures have another.
_PREFIX = "wp:"
#: Discord's limits for a layout's text, a menu's options and a custom id.
TEXT_CHARS_MAX, OPTIONS_MAX, _ID_CHARS_MAX = 4000, 25, 100
_LABEL_CHARS_MAX = 100
_ACCENT = discord.Colour(0x7C6DF2)

Part: TypeAlias = "ui.Item[ui.LayoutView]"


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelPress:
    """A press on a button, a choice in a menu, or a submitted form."""

    #: The action.
    deed: str
    #: The policy version that they saw.
    version: int
    #: The subject of the action.
    args: tuple[str, ...] = ()
    #: The values chosen in a menu.
    values: tuple[str, ...] = ()
    #: The values of a form, by field name.
    fields: dict[str, str]

    def arg(self, at: int) -> str:
        """The argument at this index; empty if there is none."""
        return self.args[at] if at < len(self.args) else ""


def press_id(deed: str, version: int, *args: object) -> str:
    """The custom id of a press."""
    made = _PREFIX + ":".join((deed, str(version), *map(str, args)))
    assert len(made) <= _ID_CHARS_MAX, made
    return made


def press_of(interaction: Interaction) -> PanelPress | None:
    """The panel press in an interaction; None if it is not the panel's."""
    data = cast("dict[str, Any]", interaction.data or {})
    found = str(data.get("custom_id", ""))
    if not found.startswith(_PREFIX):
        return None
    deed, _, rest = found.removeprefix(_PREFIX).partition(":")
    version, *args = rest.split(":")
    return PanelPress(
        deed=deed,
        version=int(version) if version.isdecimal() else -1,
        args=tuple(args),
        values=tuple(data.get("values") or ()),
        fields=_fields_of(data.get("components") or []) if "components" in data else {},
    )


def _fields_of(components: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The values of a form's fields."""
    return {
        str(field["custom_id"]): str(field.get("value", ""))
        for component in components
        if (field := cast("dict[str, Any]", component.get("component") or {}))
    }


def text(words: str) -> Part:
    """Words in Discord's markdown."""
    return ui.TextDisplay(words)


def line() -> Part:
    """A line between two parts."""
    return ui.Separator()


def file_part(file: discord.File) -> Part:
    """A file sent with the page."""
    part: ui.File[ui.LayoutView] = ui.File(file)
    return part


def button(
    label: str,
    press: str,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    *,
    disabled: bool = False,
) -> ui.Button[ui.LayoutView]:
    """A button."""
    return ui.Button(label=say(label), custom_id=press, style=style, disabled=disabled)


def row(*buttons: ui.Button[ui.LayoutView]) -> Part:
    """At most five buttons side by side."""
    return ui.ActionRow(*buttons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a menu."""

    label: str
    value: str
    about: str = ""
    chosen: bool = False


def menu(placeholder: str, press: str, options: Sequence[Option], *, several: bool = False) -> Part:
    """A menu of at most 25 options; with `several`, any number can be chosen."""
    return ui.ActionRow(
        ui.Select(
            placeholder=say(placeholder),
            custom_id=press,
            min_values=0 if several else 1,
            max_values=len(options) if several else 1,
            options=[
                discord.SelectOption(
                    label=option.label[:_LABEL_CHARS_MAX],
                    value=option.value,
                    description=option.about[:_LABEL_CHARS_MAX] or None,
                    default=option.chosen,
                )
                for option in options
            ],
        )
    )


def channel_menu(
    placeholder: str,
    press: str,
    kinds: Sequence[discord.ChannelType],
    chosen: int | None = None,
) -> Part:
    """A menu of the server's channels; it can be cleared."""
    return ui.ActionRow(
        ui.ChannelSelect(
            placeholder=say(placeholder),
            custom_id=press,
            channel_types=list(kinds),
            min_values=0,
            default_values=[discord.Object(chosen)] if chosen else [],
        )
    )


def role_menu(placeholder: str, press: str, chosen: int | None = None) -> Part:
    """A menu of the server's roles; it can be cleared."""
    return ui.ActionRow(
        ui.RoleSelect(
            placeholder=say(placeholder),
            custom_id=press,
            min_values=0,
            default_values=[discord.Object(chosen)] if chosen else [],
        )
    )


def page(*parts: Part) -> ui.LayoutView:
    """One page. It is stopped before it is sent: presses are answered by custom id."""
    view: ui.LayoutView = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*parts, accent_colour=_ACCENT))
    view.stop()
    return view


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """A field of a form."""

    name: str
    label: str
    about: str = ""
    value: str = ""
    chars_max: int
    long: bool = False
    needed: bool = False


def form(title: str, press: str, blanks: Iterable[Blank]) -> ui.Modal:
    """A form."""
    modal = ui.Modal(title=say(title), custom_id=press)
    for blank in blanks:
        style = discord.TextStyle.paragraph if blank.long else discord.TextStyle.short
        field: ui.TextInput[ui.Modal] = ui.TextInput(
            custom_id=blank.name,
            style=style,
            default=blank.value or None,
            required=blank.needed,
            max_length=blank.chars_max,
        )
        modal.add_item(
            ui.Label(text=say(blank.label), description=say(blank.about) or None, component=field)
        )
    modal.stop()
    return modal
