"""The panel's forms: how each is drawn, and what it makes of the policy when it comes back.

What was written into a form is never lost: what cannot be taken is given back as a file.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import discord
from discord import ui

from bot.client import Interaction
from bot.domain import RoleId
from bot.policy.editing import role_terms, with_role
from bot.policy.layers import GuildPolicy, RoleTerms, StrikeTerms
from bot.words import panel as words
from cogs.governing.changing import Wish
from cogs.governing.controls import Blank, PanelPress, form, press_id
from cogs.governing.desk import Desk
from cogs.governing.lists import add_form, edit_form, submitted

_NUMBER_CHARS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelForm:
    """One form."""

    draw: Callable[[Desk, tuple[str, ...]], ui.Modal]
    #: The policy that is wanted, or in words why nothing is changed. ValueError for made-up names.
    take: Callable[[Desk, PanelPress], Wish | str]
    #: The page that is shown then, by what the form is about.
    page: Callable[[tuple[str, ...]], tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Number:
    """A whole number that a form asks for; empty means none."""

    name: str
    label: str
    about: str
    least: int
    most: int

    def blank(self, value: int | None) -> Blank:
        """Its field, as it stands."""
        shown = "" if value is None else str(value)
        return Blank(name=self.name, label=self.label, about=self.about, value=shown,
                     chars_max=_NUMBER_CHARS)  # fmt: skip

    def read(self, press: PanelPress) -> int | None:
        """What was filled in. `_NotTaken` for what is no such number."""
        written = press.fields.get(self.name, "").strip()
        if not written:
            return None
        number = int(written) if written.isascii() and written.isdecimal() else -1
        if not self.least <= number <= self.most:
            raise _NotTakenError(
                words.NOT_A_NUMBER.format(label=self.label, least=self.least, most=self.most)
            )
        return number


class _NotTakenError(Exception):
    """A field was filled in wrongly; the message says how it is right."""


_LIMIT = _Number(name="limit", label="Strikes until a time-out", about="0: they are only counted",
                 least=0, most=100)  # fmt: skip
_EXPIRE = _Number(name="expire", label="Days until a strike is forgotten", about="1 to 3650",
                  least=1, most=3650)  # fmt: skip
_TIMEOUT = _Number(name="timeout", label="Minutes of a time-out", about="1 to 40320 (four weeks)",
                   least=1, most=40_320)  # fmt: skip
_COOLDOWN = _Number(name="cooldown", label="Seconds between two requests", about="Empty: none",
                    least=0, most=86_400)  # fmt: skip
_PER_DAY = _Number(name="day", label="Pictures in 24 hours", about="Empty: as many as they like",
                   least=0, most=10_000)  # fmt: skip
_WAITING = _Number(name="waiting", label="Pictures that may wait at once",
                   about="Empty: as for everybody", least=1, most=1000)  # fmt: skip
_ROLE_DAY = replace(_PER_DAY, about="Empty: as for everybody")
_ROLE_COOLDOWN = replace(_COOLDOWN, about="Empty: as for everybody")


def _members_form(desk: Desk, args: tuple[str, ...]) -> ui.Modal:
    del args
    policy, strikes = desk.policy, desk.policy.strikes
    return form("Members", press_id("submit", desk.version, "members"), [
        _LIMIT.blank(strikes.limit),
        _EXPIRE.blank(strikes.expire_days),
        _TIMEOUT.blank(strikes.timeout_minutes),
        _COOLDOWN.blank(policy.cooldown_s or None),
        _PER_DAY.blank(policy.per_day_max),
    ])  # fmt: skip


def _members_taken(desk: Desk, press: PanelPress) -> Wish | str:
    before = desk.policy.strikes
    try:
        strikes = StrikeTerms(
            limit=_or(_LIMIT.read(press), before.limit),
            expire_days=_or(_EXPIRE.read(press), before.expire_days),
            timeout_minutes=_or(_TIMEOUT.read(press), before.timeout_minutes),
        )
        policy = replace(
            desk.policy,
            strikes=strikes,
            cooldown_s=_or(_COOLDOWN.read(press), 0),
            per_day_max=_PER_DAY.read(press),
        )
    except _NotTakenError as fault:
        return str(fault)
    return Wish(policy=policy)


def _or(number: int | None, otherwise: int) -> int:
    return otherwise if number is None else number


def _role_form(desk: Desk, args: tuple[str, ...]) -> ui.Modal:
    terms = role_terms(desk.policy, RoleId(int(args[0])))
    return form("A role's numbers", press_id("submit", desk.version, "role", args[0]), [
        _WAITING.blank(terms.waiting_max),
        _ROLE_DAY.blank(terms.per_day_max),
        _ROLE_COOLDOWN.blank(terms.cooldown_s),
    ])  # fmt: skip


def _role_taken(desk: Desk, press: PanelPress) -> Wish | str:
    role = RoleId(int(press.arg(1)))
    try:
        terms: RoleTerms = replace(
            role_terms(desk.policy, role),
            waiting_max=_WAITING.read(press),
            per_day_max=_ROLE_DAY.read(press),
            cooldown_s=_ROLE_COOLDOWN.read(press),
        )
    except _NotTakenError as fault:
        return str(fault)
    return Wish(policy=with_role(desk.policy, role, terms))


def _added(desk: Desk, press: PanelPress) -> Wish | str:
    return _list_taken(desk, press, None)


def _edited(desk: Desk, press: PanelPress) -> Wish | str:
    return _list_taken(desk, press, int(press.arg(2)))


def _list_taken(desk: Desk, press: PanelPress, at: int | None) -> Wish | str:
    outcome = submitted(desk, press.arg(1), at, press.fields.get("terms", ""))
    if isinstance(outcome, GuildPolicy):
        return Wish(policy=outcome)
    return outcome if isinstance(outcome, str) else words.faulty_lines(outcome)


BLANKS: Mapping[str, PanelForm] = {
    "members": PanelForm(draw=_members_form, take=_members_taken, page=lambda _: ("members",)),
    "role": PanelForm(draw=_role_form, take=_role_taken, page=lambda about: ("role", *about)),
    "add": PanelForm(draw=add_form, take=_added, page=lambda about: about),
    "edit": PanelForm(draw=edit_form, take=_edited, page=lambda about: about),
}


def try_form(desk: Desk) -> ui.Modal:
    """Words that are to be tried, as a member would give them to `/waifu`."""
    return form("What would happen?", press_id("try", desk.version), [
        Blank(name="prompt", label="Prompt", about="Nothing is drawn", chars_max=2000, long=True),
        Blank(name="negative", label="What to keep out of the picture", chars_max=1000, long=True),
    ])  # fmt: skip


async def give_back(interaction: Interaction, press: PanelPress, why: str) -> None:
    """What somebody wrote, as a file for their eyes only; nothing if they wrote nothing."""
    written = "\n\n".join(filter(None, press.fields.values()))
    if written:
        paper = discord.File(io.BytesIO(written.encode()), "what-you-wrote.txt")
        await interaction.followup.send(why, file=paper, ephemeral=True)
