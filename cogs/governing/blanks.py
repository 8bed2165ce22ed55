"""The panel's forms: the fields of each, and the policy that a submission makes.

No input is ever lost: `given_back.py` keeps what cannot be accepted.
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
from cogs.governing.changing import Wish
from cogs.governing.controls import Blank, PanelPress, form, press_id
from cogs.governing.desk import Desk
from cogs.governing.lists import blank_to_add, blank_to_edit, submitted, title_of_form

_NUMBER_CHARS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelForm:
    """One form; its subject is the words after its name in a press."""

    title: Callable[[tuple[str, ...]], str]
    #: The fields with their current values.
    blanks: Callable[[Desk, tuple[str, ...]], list[Blank]]
    #: The wanted policy, or a sentence that says why nothing changes. ValueError for forged names.
    take: Callable[[Desk, PanelPress], Wish | str]
    #: The page shown afterwards.
    page: Callable[[tuple[str, ...]], tuple[str, ...]]


def draw(desk: Desk, about: tuple[str, ...], filled: Mapping[str, str] | None = None) -> ui.Modal:
    """Draw the form that `about` names first, with current values or those filled in before."""
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
        """Why the input is no valid number; empty if it is one."""
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


_OF_MEMBERS = (_LIMIT, _EXPIRE, _TIMEOUT, _COOLDOWN, _PER_DAY)
_OF_ROLE = (_WAITING, _ROLE_DAY, _ROLE_COOLDOWN)


def _of_members(desk: Desk, args: tuple[str, ...]) -> list[Blank]:
    del args
    policy, strikes = desk.policy, desk.policy.strikes
    return [
        _LIMIT.blank(strikes.limit),
        _EXPIRE.blank(strikes.expire_days),
        _TIMEOUT.blank(strikes.timeout_minutes),
        _COOLDOWN.blank(policy.cooldown_s or None),
        _PER_DAY.blank(policy.per_day_max),
    ]


def _members_taken(desk: Desk, press: PanelPress) -> Wish | str:
    if faults := _faults(_OF_MEMBERS, press):
        return faults
    before = desk.policy.strikes
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
    return Wish(policy=policy)


def _or(number: int | None, otherwise: int) -> int:
    return otherwise if number is None else number


def _of_role(desk: Desk, args: tuple[str, ...]) -> list[Blank]:
    terms = role_terms(desk.policy, RoleId(int(args[0])))
    return [
        _WAITING.blank(terms.waiting_max),
        _ROLE_DAY.blank(terms.per_day_max),
        _ROLE_COOLDOWN.blank(terms.cooldown_s),
    ]


def _role_taken(desk: Desk, press: PanelPress) -> Wish | str:
    if faults := _faults(_OF_ROLE, press):
        return faults
    role = RoleId(int(press.arg(1)))
    terms = replace(
        role_terms(desk.policy, role),
        waiting_max=_WAITING.read(press),
        per_day_max=_ROLE_DAY.read(press),
        cooldown_s=_ROLE_COOLDOWN.read(press),
    )
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
    "members": PanelForm(
        title=lambda _: say("Members"), blanks=_of_members, take=_members_taken,
        page=lambda _: ("members",),
    ),
    "role": PanelForm(
        title=lambda _: say("Limits of a role"), blanks=_of_role, take=_role_taken,
        page=lambda about: ("role", *about),
    ),
    "add": PanelForm(
        title=lambda about: title_of_form("add", about[0]), blanks=blank_to_add, take=_added,
        page=lambda about: about,
    ),
    "edit": PanelForm(
        title=lambda about: title_of_form("edit", about[0]), blanks=blank_to_edit, take=_edited,
        page=lambda about: about[:2],
    ),
}  # fmt: skip


def try_form(desk: Desk) -> ui.Modal:
    """A prompt to try, as a member would give it to `/waifu`."""
    return form(say("What would happen?"), press_id("try", desk.version), [
        Blank(name="prompt", label="Prompt", about="Nothing is drawn", chars_max=2000, long=True,
              needed=True),
        Blank(name="negative", label="What to keep out of the picture", chars_max=1000, long=True),
    ])  # fmt: skip
