"""The panel's forms: the fields of each, and the policy that a submission makes.

No input is ever lost: `given_back.py` returns rejected input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from discord import ui

from bot.domain import RoleId
from bot.policy.arrangements import StrikeTerms
from bot.policy.editing import role_terms, with_role
from bot.policy.layers import GuildPolicy
from bot.words import panel as words
from bot.words.speaking import say
from cogs.governing.changing import PolicyChange
from cogs.governing.controls import Blank, PanelPress, form, press_id
from cogs.governing.desk import Desk
from cogs.governing.lists import blank_to_add, blank_to_edit, form_title, policy_with_input

_NUMBER_CHARS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelForm:
    """One form; its subject is the words after its name in a press."""

    title: Callable[[tuple[str, ...]], str]
    #: The fields with their current values.
    blanks: Callable[[Desk, tuple[str, ...]], list[Blank]]
    #: The change, or the reason why nothing changes. Raises ValueError for forged names.
    take: Callable[[Desk, PanelPress], PolicyChange | str]
    #: The page shown afterwards.
    page: Callable[[tuple[str, ...]], tuple[str, ...]]


def draw_form(
    desk: Desk, about: tuple[str, ...], filled: Mapping[str, str] | None = None
) -> ui.Modal:
    """Draw the form named first in `about`, with current values or those of earlier input."""
    name, *args = about
    chosen, filled = BLANKS[name], filled or {}
    blanks = [
        replace(blank, value=filled.get(blank.name, blank.value))
        for blank in chosen.blanks(desk, tuple(args))
    ]
    return form(chosen.title(tuple(args)), press_id("submit", desk.version, *about), blanks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Number:
    """An integer field of a form; empty means none."""

    name: str
    label: str
    about: str
    least: int
    most: int

    def blank(self, value: int | None) -> Blank:
        """The field with its current value."""
        shown = "" if value is None else str(value)
        return Blank(name=self.name, label=self.label, about=self.about, value=shown,
                     chars_max=_NUMBER_CHARS)  # fmt: skip

    def fault(self, press: PanelPress) -> str:
        """Why the input is not a valid number; empty if it is one."""
        written = press.fields.get(self.name, "").strip()
        number = int(written) if written.isascii() and written.isdecimal() else -1
        if not written or self.least <= number <= self.most:
            return ""
        return words.no_number(say(self.label), self.least, self.most, written)

    def read(self, press: PanelPress) -> int | None:
        """The number entered; call it only if there is no fault."""
        written = press.fields.get(self.name, "").strip()
        return int(written) if written else None


def _faults(numbers: Iterable[_Number], press: PanelPress) -> str:
    """Every fault in a form, to be corrected together; empty if there is none."""
    found = [fault for number in numbers if (fault := number.fault(press))]
    return words.no_numbers(found) if found else ""


_LIMIT = _Number(name="limit", label="Strikes until a time-out", about="0: they are only counted",
                 least=0, most=100)  # fmt: skip
_EXPIRE = _Number(name="expire", label="Days until a strike expires", about="1 to 3650",
                  least=1, most=3650)  # fmt: skip
_TIMEOUT = _Number(name="timeout", label="Minutes of a time-out", about="1 to 40320 (four weeks)",
                   least=1, most=40_320)  # fmt: skip
_COOLDOWN = _Number(name="cooldown", label="Seconds between two requests", about="Empty: no pause",
                    least=0, most=86_400)  # fmt: skip
_PER_DAY = _Number(name="day", label="Pictures in 24 hours", about="Empty: no limit",
                   least=0, most=10_000)  # fmt: skip
_WAITING = _Number(name="waiting", label="Pictures that may wait at once",
                   about="Empty: as for everybody", least=1, most=1000)  # fmt: skip
_ROLE_DAY = replace(_PER_DAY, about="Empty: as for everybody")
_ROLE_COOLDOWN = replace(_COOLDOWN, about="Empty: as for everybody")


_MEMBER_NUMBERS = (_LIMIT, _EXPIRE, _TIMEOUT, _COOLDOWN, _PER_DAY)
_ROLE_NUMBERS = (_WAITING, _ROLE_DAY, _ROLE_COOLDOWN)


def _member_blanks(desk: Desk, args: tuple[str, ...]) -> list[Blank]:
    del args
    policy, strikes = desk.policy, desk.policy.strikes
    return [
        _LIMIT.blank(strikes.limit),
        _EXPIRE.blank(strikes.expire_days),
        _TIMEOUT.blank(strikes.timeout_minutes),
        _COOLDOWN.blank(policy.cooldown_s or None),
        _PER_DAY.blank(policy.per_day_max),
    ]


def _take_members(desk: Desk, press: PanelPress) -> PolicyChange | str:
    if faults := _faults(_MEMBER_NUMBERS, press):
        return faults
    before = desk.policy.strikes
    strikes = StrikeTerms(
        limit=_default_to(_LIMIT.read(press), before.limit),
        expire_days=_default_to(_EXPIRE.read(press), before.expire_days),
        timeout_minutes=_default_to(_TIMEOUT.read(press), before.timeout_minutes),
    )
    policy = replace(
        desk.policy,
        strikes=strikes,
        cooldown_s=_default_to(_COOLDOWN.read(press), 0),
        per_day_max=_PER_DAY.read(press),
    )
    return PolicyChange(policy=policy)


def _default_to(number: int | None, otherwise: int) -> int:
    return otherwise if number is None else number


def _role_blanks(desk: Desk, args: tuple[str, ...]) -> list[Blank]:
    terms = role_terms(desk.policy, RoleId(int(args[0])))
    return [
        _WAITING.blank(terms.waiting_max),
        _ROLE_DAY.blank(terms.per_day_max),
        _ROLE_COOLDOWN.blank(terms.cooldown_s),
    ]


def _take_role(desk: Desk, press: PanelPress) -> PolicyChange | str:
    if faults := _faults(_ROLE_NUMBERS, press):
        return faults
    role = RoleId(int(press.arg(1)))
    terms = replace(
        role_terms(desk.policy, role),
        waiting_max=_WAITING.read(press),
        per_day_max=_ROLE_DAY.read(press),
        cooldown_s=_ROLE_COOLDOWN.read(press),
    )
    return PolicyChange(policy=with_role(desk.policy, role, terms))


def _take_new_terms(desk: Desk, press: PanelPress) -> PolicyChange | str:
    return _take_terms(desk, press, None)


def _take_edited_terms(desk: Desk, press: PanelPress) -> PolicyChange | str:
    return _take_terms(desk, press, int(press.arg(2)))


def _take_terms(desk: Desk, press: PanelPress, at: int | None) -> PolicyChange | str:
    outcome = policy_with_input(desk, press.arg(1), at, press.fields.get("terms", ""))
    if isinstance(outcome, GuildPolicy):
        return PolicyChange(policy=outcome)
    return outcome if isinstance(outcome, str) else words.faulty_lines(outcome)


BLANKS: Mapping[str, PanelForm] = {
    "members": PanelForm(
        title=lambda _: say("Members"), blanks=_member_blanks, take=_take_members,
        page=lambda _: ("members",),
    ),
    "role": PanelForm(
        title=lambda _: say("Limits of a role"), blanks=_role_blanks, take=_take_role,
        page=lambda about: ("role", *about),
    ),
    "add": PanelForm(
        title=lambda about: form_title("add", about[0]), blanks=blank_to_add, take=_take_new_terms,
        page=lambda about: about,
    ),
    "edit": PanelForm(
        title=lambda about: form_title("edit", about[0]), blanks=blank_to_edit,
        take=_take_edited_terms, page=lambda about: about[:2],
    ),
}  # fmt: skip


def try_form(desk: Desk) -> ui.Modal:
    """A form for a prompt to try, with the fields of `/waifu`."""
    return form(say("What would happen?"), press_id("try", desk.version), [
        Blank(name="prompt", label="Prompt", about="Nothing is drawn", chars_max=2000, long=True,
              needed=True),
        Blank(name="negative", label="What to keep out of the picture", chars_max=1000, long=True),
    ])  # fmt: skip
