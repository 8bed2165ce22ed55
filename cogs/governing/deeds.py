"""The changes behind the panel's presses: each returns the next policy, or why there is none.

A press can be old or forged, so its names are checked like any other input.
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
    """The change of a press, and the page shown afterwards."""

    change: Change
    page: str
    #: The number of the press's arguments that the page takes.
    args: int = 0


def _chosen_value(press: PanelPress, at: int) -> str:
    """The menu's choice, or the button's own argument."""
    return press.values[0] if press.values else press.arg(at)


def _scope_and_rule(desk: Desk, press: PanelPress) -> tuple[Scope, RuleId]:
    """The scope and the rule of a press."""
    rule = desk.rulebook.rules.get(RuleId(press.arg(1)))
    if rule is None or not is_adjustable(rule):
        raise ValueError(press.arg(1))
    return scope_of(press.arg(0)), rule.id


def _current_effect(desk: Desk, scope: Scope, rule: RuleId) -> Effect:
    """The effect written in this scope, or else the inherited one, which is at least as strict."""
    written = overrides_at(desk.policy, scope).effects.get(rule)
    return written or desk.effective_at(scope).lines[rule].effect


def _set_ruling(desk: Desk, press: PanelPress) -> GuildPolicy:
    scope, rule = _scope_and_rule(desk, press)
    chosen = _chosen_value(press, 2)
    if chosen == "none":
        return with_effect(desk.policy, scope, rule, None)
    effect = replace(_current_effect(desk, scope, rule), ruling=RULINGS[chosen])
    return with_effect(desk.policy, scope, rule, effect)


def _set_audience(desk: Desk, press: PanelPress) -> GuildPolicy:
    scope, rule = _scope_and_rule(desk, press)
    effect = replace(
        _current_effect(desk, scope, rule), audience=AUDIENCES[_chosen_value(press, 2)]
    )
    return with_effect(desk.policy, scope, rule, effect)


def _set_alert(desk: Desk, press: PanelPress) -> GuildPolicy:
    scope, rule = _scope_and_rule(desk, press)
    effect = replace(_current_effect(desk, scope, rule), alert=press.arg(2) == "1")
    return with_effect(desk.policy, scope, rule, effect)


def _set_strike(desk: Desk, press: PanelPress) -> GuildPolicy:
    scope, rule = _scope_and_rule(desk, press)
    effect = replace(_current_effect(desk, scope, rule), strike=press.arg(2) == "1")
    return with_effect(desk.policy, scope, rule, effect)


def _set_preset(desk: Desk, press: PanelPress) -> GuildPolicy:
    if press.arg(0) not in desk.rulebook.presets:
        raise ValueError(press.arg(0))
    return replace(desk.policy, preset=press.arg(0))


def _set_paused(desk: Desk, press: PanelPress) -> GuildPolicy:
    return replace(desk.policy, paused=press.arg(0) == "1")


def _set_enabled(desk: Desk, press: PanelPress) -> GuildPolicy:
    return with_enabled(desk.policy, scope_of(press.arg(0)), _ENABLED[_chosen_value(press, 1)])


def _set_only(desk: Desk, press: PanelPress) -> GuildPolicy:
    return with_listed(desk.policy, scope_of(press.arg(0)), press.arg(1) == "1")


def _clear_overrides(desk: Desk, press: PanelPress) -> GuildPolicy:
    return without_overrides(desk.policy, scope_of(press.arg(0)))


def _set_exemptions(desk: Desk, press: PanelPress) -> GuildPolicy | str:
    role = RoleId(int(press.arg(0)))
    rules = {RuleId(value) for value in press.values}
    if rules - {SERVER, *(rule.id for rule in adjustable_rules(desk.rulebook))}:
        return words.LOCKED()
    terms = replace(role_terms(desk.policy, role), exempt=frozenset(rules))
    return with_role(desk.policy, role, terms)


def _reset_role(desk: Desk, press: PanelPress) -> GuildPolicy:
    return with_role(desk.policy, RoleId(int(press.arg(0))), RoleTerms())


def _set_moderator_role(desk: Desk, press: PanelPress) -> GuildPolicy | str:
    role = RoleId(int(press.values[0])) if press.values else None
    if role == desk.guild_id:
        return words.NOT_EVERYONE()
    return replace(desk.policy, moderator_role=role)


def _set_review_channel(desk: Desk, press: PanelPress) -> GuildPolicy | str:
    channel = _chosen_channel(press)
    return desk.channel_problem(channel) or replace(desk.policy, review_channel=channel)


def _set_log_channel(desk: Desk, press: PanelPress) -> GuildPolicy | str:
    channel = _chosen_channel(press)
    return desk.channel_problem(channel) or replace(desk.policy, log_channel=channel)


def _set_gallery_channel(desk: Desk, press: PanelPress) -> GuildPolicy | str:
    channel = _chosen_channel(press)
    gallery = replace(desk.policy.gallery, channel=channel)
    return desk.channel_problem(channel) or replace(desk.policy, gallery=gallery)


def _set_gallery_votes(desk: Desk, press: PanelPress) -> GuildPolicy:
    votes = max(1, min(int(press.values[0]), VOTES_MAX))
    return replace(desk.policy, gallery=replace(desk.policy.gallery, votes=votes))


def _chosen_channel(press: PanelPress) -> ChannelId | None:
    return ChannelId(int(press.values[0])) if press.values else None


#: The change of each press. The other presses only show something, or open a form.
DEEDS: Mapping[str, Deed] = {
    "ruling": Deed(change=_set_ruling, page="rule", args=2),
    "audience": Deed(change=_set_audience, page="rule", args=2),
    "alert": Deed(change=_set_alert, page="rule", args=2),
    "strike": Deed(change=_set_strike, page="rule", args=2),
    "preset": Deed(change=_set_preset, page="rules"),
    "pause": Deed(change=_set_paused, page="home"),
    "enabled": Deed(change=_set_enabled, page="place", args=1),
    "only": Deed(change=_set_only, page="place", args=1),
    "clear": Deed(change=_clear_overrides, page="places"),
    "exempt": Deed(change=_set_exemptions, page="role", args=1),
    "norole": Deed(change=_reset_role, page="roles"),
    "modrole": Deed(change=_set_moderator_role, page="staff"),
    "review": Deed(change=_set_review_channel, page="staff"),
    "log": Deed(change=_set_log_channel, page="staff"),
    "gallery": Deed(change=_set_gallery_channel, page="gallery"),
    "votes": Deed(change=_set_gallery_votes, page="gallery"),
}
