"""The panel's pages about rules: the overview, presets, and the strictness of one rule.

Each page is drawn afresh from the desk. `deeds.py` carries out its presses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from discord import ButtonStyle, ui

from bot.domain import RuleId
from bot.policy.editing import (
    AUDIENCES,
    RULINGS,
    WHOLE_SERVER,
    Scope,
    is_adjustable,
    overrides_at,
    scope_of,
    with_effect,
)
from bot.policy.effect import Audience, Effect
from bot.policy.layers import floor_effect, preset_effect
from bot.policy.rulebook import Rule
from bot.words import panel as words
from bot.words.effects import in_words
from bot.words.speaking import Message, labelled, say
from cogs.governing.controls import (
    OPTIONS_MAX,
    Option,
    Part,
    button,
    line,
    menu,
    page,
    press_id,
    row,
    text,
)
from cogs.governing.desk import Desk

#: A page by name, drawn from the desk, its subject, and a note on top.
Page: TypeAlias = Callable[[Desk, tuple[str, ...], str], ui.LayoutView]

#: The pages reachable from the first, by name: label and subject.
_PAGE_LINKS = {
    "rules": (Message("Rules"), Message("Presets, and how strict each rule is")),
    "places": (
        Message("Channels and categories"),
        Message("Where I am switched on, and where rules differ"),
    ),
    "roles": (Message("Roles"), Message("Exemptions and limits for some members")),
    "blocked": (Message("Blocked words"), Message("Words that I refuse here, with a reason")),
    "allowed": (Message("Allowed phrases"), Message("Phrases in which no rule finds anything")),
    "members": (Message("Members"), Message("Strikes, pauses, pictures per day")),
    "gallery": (Message("Gallery"), Message("A channel for the pictures that members like")),
    "staff": (Message("Moderators"), Message("Who decides, the review channel, the log channel")),
    "log": (Message("Log"), Message("Who changed what, before and after")),
}


def note_parts(note: str) -> list[Part]:
    """A note on top of a page about the last action."""
    return [text(note), line()] if note else []


def home_row(desk: Desk, *more: ui.Button[ui.LayoutView]) -> Part:
    """The button back to the start, with other buttons for the foot of a page."""
    return row(button("← Back to the start", press_id("open", desk.version, "home")), *more)


def home(desk: Desk, args: tuple[str, ...], note: str) -> ui.LayoutView:
    """The rules that apply here, with links to the other pages."""
    del args
    here = desk.effective_here()
    paused = desk.policy.paused
    version = (
        say("version {number}", number=desk.version)
        if desk.version
        else say("as every server starts")
    )
    return page(
        *note_parts(note),
        text(f"## {say('What this server allows')}\n{words.state(here)}\n"
             f"{words.preset(f'**{desk.policy.preset}**')} · {version}"),
        line(),
        text(f"### {say('In {place}', place=f'<#{desk.here.channel_id}>')}\n{words.grouped(here)}"),
        line(),
        menu("Look at or change …", press_id("open", desk.version), [
            Option(label=label(), value=name, about=about())
            for name, (label, about) in _PAGE_LINKS.items()
        ]),
        row(
            button("Resume", press_id("pause", desk.version, 0), ButtonStyle.success)
            if paused
            else button("Pause", press_id("pause", desk.version, 1), ButtonStyle.danger),
            button("What would happen?", press_id("test", desk.version)),
            button("Export", press_id("export", desk.version)),
            button("Undo the last change", press_id("undo", desk.version),
                   disabled=not desk.version),
        ),
    )  # fmt: skip


def rules(desk: Desk, args: tuple[str, ...], note: str) -> ui.LayoutView:
    """Every rule with its effect in a scope; on the server's page also the presets."""
    scope = scope_of(args[0]) if args else WHOLE_SERVER
    effective = desk.effective_at(scope)
    presets = [] if scope.id else [_preset_menu(desk)]
    return page(
        *note_parts(note),
        text(f"## {words.rules_of(desk.scope_name(scope))}\n{words.rule_lines(effective)}"),
        line(),
        *presets,
        *_rule_menus(desk, scope),
        home_row(desk, *_scope_button(desk, scope)),
    )


def _scope_button(desk: Desk, scope: Scope) -> list[ui.Button[ui.LayoutView]]:
    if scope.id is None:
        return []
    return [button("← This place", press_id("open", desk.version, "place", scope.key()))]


def _preset_menu(desk: Desk) -> Part:
    options = [
        Option(
            label=words.preset(name),
            value=name,
            about=say(words.PRESETS.get(name, "")),
            chosen=name == desk.policy.preset,
        )
        for name in desk.rulebook.presets
    ]
    return menu("Look at a preset …", press_id("open", desk.version, "preset"), options)


def _rule_menus(desk: Desk, scope: Scope) -> list[Part]:
    """Menus of the changeable rules and of the fixed ones, each with at most 25 options."""
    rules = desk.rulebook.rules.values()
    changeable = [rule for rule in rules if is_adjustable(rule)]
    fixed = [rule for rule in rules if not is_adjustable(rule)]
    return [
        *_menus_of(desk, scope, say("Change a rule …"), changeable),
        *_menus_of(desk, scope, say("Read what is fixed …"), fixed),
    ]


def _menus_of(desk: Desk, scope: Scope, placeholder: str, rules: list[Rule]) -> list[Part]:
    lines = desk.effective_at(scope).lines
    options = [
        Option(
            label=f"{words.sign_of(rule, lines[rule.id].effect)} {say(rule.title)}",
            value=rule.id,
            about=in_words(lines[rule.id].effect) if is_adjustable(rule) else "",
        )
        for rule in rules
    ]
    return [
        menu(
            placeholder if not at else say("{label} (more)", label=placeholder),
            press_id("open", desk.version, "rule", scope.key(), options[at].value),
            options[at : at + OPTIONS_MAX],
        )
        for at in range(0, len(options), OPTIONS_MAX)
    ]


def preset(desk: Desk, args: tuple[str, ...], note: str) -> ui.LayoutView:
    """The contents of a preset, and a button to choose it."""
    name = args[0]
    if name not in desk.rulebook.presets:
        return rules(desk, (), words.GONE())
    effects = {rule: preset_effect(desk.rulebook, name, rule) for rule in desk.rulebook.rules}
    chosen = name == desk.policy.preset
    return page(
        *note_parts(note),
        text(words.preset_page(name, effects, desk.rulebook.rules)),
        text(say("-# What you set for a rule yourself stays as it is, whatever the preset says.")),
        row(
            button("← Rules", press_id("open", desk.version, "rules", "s")),
            button("Already chosen" if chosen else "Use this preset",
                   press_id("preset", desk.version, name), ButtonStyle.primary, disabled=chosen),
        ),
    )  # fmt: skip


def rule(desk: Desk, args: tuple[str, ...], note: str) -> ui.LayoutView:
    """One rule in one scope: its effect, the layer behind it, and how to change it."""
    scope, rule_id = scope_of(args[0]), RuleId(args[-1])
    found = desk.rulebook.rules.get(rule_id)
    if found is None:
        return rules(desk, (scope.key(),), words.GONE())
    back = button("← Rules of this server" if scope.id is None else "← Rules of this place",
                  press_id("open", desk.version, "rules", scope.key()))  # fmt: skip
    if not is_adjustable(found):
        return page(*note_parts(note), text(words.fixed_page(found)), row(back))
    written = overrides_at(desk.policy, scope).effects.get(rule_id)
    holds = desk.effective_at(scope).lines[rule_id]
    left = with_effect(desk.policy, scope, rule_id, None)
    below = desk.effective_at(scope, left).lines[rule_id]
    return page(
        *note_parts(note),
        text(words.rule_page(found, holds, written, below)),
        line(),
        *_effect_controls(
            desk, scope, found, written or holds.effect, is_written=written is not None
        ),
        row(back, *_reset_button(desk, scope, found, written)),
    )


def _effect_controls(
    desk: Desk, scope: Scope, rule: Rule, effect: Effect, *, is_written: bool
) -> list[Part]:
    about = (desk.version, scope.key(), rule.id)
    parts = [
        menu("What happens", press_id("ruling", *about), _ruling_options(effect, is_written)),
        row(
            _toggle(desk, "alert", scope, rule, say("Moderators are told"), on=effect.alert),
            _toggle(desk, "strike", scope, rule, say("Counts as a strike"), on=effect.strike),
        ),
    ]
    if floor_effect(rule).audience is Audience.EVERYBODY:
        options = _audience_options(effect, is_written)
        parts.insert(1, menu("Who may see it", press_id("audience", *about), options))
    else:
        parts.insert(
            1, text(say("-# 🔞 In age-restricted channels only, because Discord asks for that."))
        )
    return parts


def _ruling_options(effect: Effect, is_written: bool) -> list[Option]:  # noqa: FBT001  a plain fact
    return [
        Option(
            label=words.RULING_LABELS[ruling][0](),
            value=name,
            about=words.RULING_LABELS[ruling][1](),
            chosen=is_written and ruling is effect.ruling,
        )
        for name, ruling in RULINGS.items()
    ]


def _audience_options(effect: Effect, is_written: bool) -> list[Option]:  # noqa: FBT001  a plain fact
    return [
        Option(
            label=words.AUDIENCE_LABELS[audience][0](),
            value=name,
            about=words.AUDIENCE_LABELS[audience][1](),
            chosen=is_written and audience is effect.audience,
        )
        for name, audience in AUDIENCES.items()
    ]


def _toggle(
    desk: Desk, deed: str, scope: Scope, rule: Rule, label: str, *, on: bool
) -> ui.Button[ui.LayoutView]:
    """A switch that shows its state; a press flips it."""
    press = press_id(deed, desk.version, scope.key(), rule.id, int(not on))
    style = ButtonStyle.success if on else ButtonStyle.secondary
    return button(labelled(label, say("yes") if on else say("no")), press, style)


def _reset_button(
    desk: Desk, scope: Scope, rule: Rule, written: Effect | None
) -> list[ui.Button[ui.LayoutView]]:
    if written is None:
        return []
    return [
        button(
            "As the preset says" if scope.id is None else "As in the rest of the server",
            press_id("ruling", desk.version, scope.key(), rule.id, "none"),
            ButtonStyle.danger,
        )
    ]


RULE_PAGES: Mapping[str, Page] = {"home": home, "rules": rules, "preset": preset, "rule": rule}
