"""The changes behind the panel's presses: each returns the next policy, or why there is none.

A press can be old or forged: its names are checked like a stranger's input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from bot.domain import ChannelId, RoleId, RuleId
from bot.policy.arrangements import VOTES_MAX
from bot.policy.editing import (
    AUDIENCES,
    RULINGS,
    Scope,
    adjustable_rules,
    is_adjustable,
    overrides_at,
    role_terms,
    scope_of,
    with_effect,
    with_enabled,
    with_listed,
    with_role,
    without_overrides,
)
from bot.policy.effect import Effect
from bot.policy.layers import GuildPolicy, RoleTerms
from bot.policy.rulebook import SERVER
from bot.words import panel as words
from cogs.governing.controls import PanelPress
from cogs.governing.desk import Desk

#: The next policy, or why there is none. Unknown names in a press raise ValueError.
Change: TypeAlias = Callable[[Desk, PanelPress], "GuildPolicy | str"]
_ENABLED = {"on": True, "off": False, "none": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What a press changes, and the page shown afterwards."""

    change: Change
    page: str
    #: How many of the press's arguments the page takes.
    args: int = 0


def _chosen(press: PanelPress, at: int) -> str:
    """The menu's choice, or the button's own argument."""
    return press.values[0] if press.values else press.arg(at)


def _rule(desk: Desk, press: PanelPress) -> tuple[Scope, RuleId]:
    """The scope and the rule of a press."""
    rule = desk.rulebook.rules.get(RuleId(press.arg(1)))
    if rule is None or not is_adjustable(rule):
        raise ValueError(press.arg(1))
    return scope_of(press.arg(0)), rule.id


def _effect(desk: Desk, scope: Scope, rule: RuleId) -> Effect:
    """The effect written in this scope, or else the inherited one, which is at least as strict."""
    written = overrides_at(desk.policy, scope).effects.get(rule)
    return written or desk.effective_at(scope).lines[rule].effect


def _ruling(desk: Desk, press: PanelPress) -> GuildPolicy:
    scope, rule = _rule(desk, press)
    chosen = _chosen(press, 2)
    if chosen == "none":
        return with_effect(desk.policy, scope, rule, None)
    effect = replace(_effect(desk, scope, rule), ruling=RULINGS[chosen])
    return with_effect(desk.policy, scope, rule, effect)


def _audience(desk: Desk, press: PanelPress) -> GuildPolicy:
    scope, rule = _rule(desk, press)
    effect = replace(_effect(desk, scope, rule), audience=AUDIENCES[_chosen(press, 2)])
    return with_effect(desk.policy, scope, rule, effect)


def _alert(desk: Desk, press: PanelPress) -> GuildPolicy:
    scope, rule = _rule(desk, press)
    effect = replace(_effect(desk, scope, rule), alert=press.arg(2) == "1")
    return with_effect(desk.policy, scope, rule, effect)


def _strike(desk: Desk, press: PanelPress) -> GuildPolicy:
    scope, rule = _rule(desk, press)
    effect = replace(_effect(desk, scope, rule), strike=press.arg(2) == "1")
    return with_effect(desk.policy, scope, rule, effect)


def _preset(desk: Desk, press: PanelPress) -> GuildPolicy:
    if press.arg(0) not in desk.rulebook.presets:
        raise ValueError(press.arg(0))
    return replace(desk.policy, preset=press.arg(0))


def _pause(desk: Desk, press: PanelPress) -> GuildPolicy:
    return replace(desk.policy, paused=press.arg(0) == "1")


def _enabled(desk: Desk, press: PanelPress) -> GuildPolicy:
    return with_enabled(desk.policy, scope_of(press.arg(0)), _ENABLED[_chosen(press, 1)])


def _only(desk: Desk, press: PanelPress) -> GuildPolicy:
    return with_listed(desk.policy, scope_of(press.arg(0)), press.arg(1) == "1")


def _clear(desk: Desk, press: PanelPress) -> GuildPolicy:
    return without_overrides(desk.policy, scope_of(press.arg(0)))


def _exempt(desk: Desk, press: PanelPress) -> GuildPolicy | str:
    role = RoleId(int(press.arg(0)))
    rules = {RuleId(value) for value in press.values}
    if rules - {SERVER, *(rule.id for rule in adjustable_rules(desk.rulebook))}:
        return words.LOCKED()
    terms = replace(role_terms(desk.policy, role), exempt=frozenset(rules))
    return with_role(desk.policy, role, terms)


def _norole(desk: Desk, press: PanelPress) -> GuildPolicy:
    return with_role(desk.policy, RoleId(int(press.arg(0))), RoleTerms())


def _modrole(desk: Desk, press: PanelPress) -> GuildPolicy | str:
    role = RoleId(int(press.values[0])) if press.values else None
    if role == desk.guild_id:
        return words.NOT_EVERYONE()
    return replace(desk.policy, moderator_role=role)


def _review(desk: Desk, press: PanelPress) -> GuildPolicy | str:
    channel = _told_channel(press)
    return desk.unusable(channel) or replace(desk.policy, review_channel=channel)


def _log(desk: Desk, press: PanelPress) -> GuildPolicy | str:
    channel = _told_channel(press)
    return desk.unusable(channel) or replace(desk.policy, log_channel=channel)


def _gallery(desk: Desk, press: PanelPress) -> GuildPolicy | str:
    channel = _told_channel(press)
    gallery = replace(desk.policy.gallery, channel=channel)
    return desk.unusable(channel) or replace(desk.policy, gallery=gallery)


def _gallery_votes(desk: Desk, press: PanelPress) -> GuildPolicy:
    votes = max(1, min(int(press.values[0]), VOTES_MAX))
    return replace(desk.policy, gallery=replace(desk.policy.gallery, votes=votes))


def _told_channel(press: PanelPress) -> ChannelId | None:
    return ChannelId(int(press.values[0])) if press.values else None


#: The change of each press. The other presses only show something, or open a form.
DEEDS: Mapping[str, Deed] = {
    "ruling": Deed(change=_ruling, page="rule", args=2),
    "audience": Deed(change=_audience, page="rule", args=2),
    "alert": Deed(change=_alert, page="rule", args=2),
    "strike": Deed(change=_strike, page="rule", args=2),
    "preset": Deed(change=_preset, page="rules"),
    "pause": Deed(change=_pause, page="home"),
    "enabled": Deed(change=_enabled, page="place", args=1),
    "only": Deed(change=_only, page="place", args=1),
    "clear": Deed(change=_clear, page="places"),
    "exempt": Deed(change=_exempt, page="role", args=1),
    "norole": Deed(change=_norole, page="roles"),
    "modrole": Deed(change=_modrole, page="staff"),
    "review": Deed(change=_review, page="staff"),
    "log": Deed(change=_log, page="staff"),
    "gallery": Deed(change=_gallery, page="gallery"),
    "votes": Deed(change=_gallery_votes, page="gallery"),
}
