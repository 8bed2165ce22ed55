"""What changes between two policies of a server, in words.

Shown before a policy is applied, and kept of every change: by the panel, the audit log and the
moderators' log channel. Pure; channels and roles are written as Discord's mentions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from bot.domain import ChannelId, Layer, RoleId, RuleId, Ruling
from bot.policy.effect import Effect
from bot.policy.layers import Ground, GuildPolicy, Overrides, RoleTerms, title_of
from bot.policy.rulebook import Rulebook
from bot.policy.screening import Term
from bot.words.effects import in_words
from bot.words.speaking import Message, aside, enumerated, labelled, number, say, set_apart, tally
from bot.words.wording import plain

#: Why a line changes nothing.
_ASKS = Message("the model's licence asks for that")
_FLOOR = Message("that is the same in every server")
#: One word in English; elsewhere it goes with what there is none of.
NO_CHANNEL = Message("none", context="channel")
_NO_ROLE = Message("none", context="role")
_NO_STRIKES = Message("none", context="strikes")

_K = TypeVar("_K")
_V = TypeVar("_V")


def differences(before: GuildPolicy, after: GuildPolicy, ground: Ground) -> tuple[str, ...]:
    """A line for each change, what it was and what it is; none only if both say the same.

    A line that asks for less than `ground`, which holds everywhere, says what holds all the same.
    """
    return tuple(_differences(before, after, ground))


def _differences(before: GuildPolicy, after: GuildPolicy, ground: Ground) -> Iterator[str]:
    old, new = _settings_in_words(before), _settings_in_words(after)
    yield from (
        labelled(what, f"{old[what]} → {new[what]}") for what in new if old[what] != new[what]
    )
    yield from _changes_of_place(say("This server"), before.rules, after.rules, ground)
    for id_, was, is_ in _changed(before.categories, after.categories):
        yield from _changes_of_listed_place(
            say("Category {name}", name=f"<#{id_}>"), was, is_, ground
        )
    for id_, was, is_ in _changed(before.channels, after.channels):
        yield from _changes_of_listed_place(f"<#{id_}>", was, is_, ground)
    for id_, had, has in _changed(before.roles, after.roles):
        terms = f"{_role_text(had, ground.rulebook)} → {_role_text(has, ground.rulebook)}"
        yield labelled(f"<@&{id_}>", terms) + _never_exempt_note(has, ground)
    yield from _changes_of_blocked(before.blocked, after.blocked)
    yield from _changes_of_allowed(before.allowed, after.allowed)


def _settings_in_words(policy: GuildPolicy) -> Mapping[str, str]:
    """Every single setting in words, by its name."""
    strikes = policy.strikes
    return {
        say("Preset"): policy.preset,
        say("Paused"): say("yes") if policy.paused else say("no"),
        say("Channels I draw in"): enumerated(f"<#{id_}>" for id_ in sorted(policy.only_channels))
        or say("all channels"),
        say("Moderators' role"): _role_mention(policy.moderator_role),
        say("Review channel"): _channel_mention(policy.review_channel),
        say("Log channel"): _channel_mention(policy.log_channel),
        say("Gallery channel"): _channel_mention(policy.gallery.channel),
        say("Votes for the gallery"): str(policy.gallery.votes),
        say("Strikes until a time-out"): str(strikes.limit) if strikes.limit else _NO_STRIKES(),
        say("Days until a strike expires"): str(strikes.expire_days),
        say("Minutes of a time-out"): str(strikes.timeout_minutes),
        say("Seconds between two requests"): str(policy.cooldown_s),
        say("Pictures in 24 hours"): _count_text(policy.per_day_max, say("no limit")),
    }


def _count_text(value: int | None, nothing: str) -> str:
    return nothing if value is None else str(value)


def _role_mention(role: RoleId | None) -> str:
    return _NO_ROLE() if role is None else f"<@&{role}>"


def _channel_mention(channel: ChannelId | None) -> str:
    return NO_CHANNEL() if channel is None else f"<#{channel}>"


def _changed(
    before: Mapping[_K, _V], after: Mapping[_K, _V]
) -> Iterator[tuple[_K, _V | None, _V | None]]:
    """The keys whose values differ, with both values; None where there is none."""
    for key in dict.fromkeys([*before, *after]):
        if before.get(key) != after.get(key):
            yield key, before.get(key), after.get(key)


def _changes_of_listed_place(
    where: str, before: Overrides | None, after: Overrides | None, ground: Ground
) -> Iterator[str]:
    """The changes of a category or channel; one with empty lines differs from one without any."""
    lines = list(_changes_of_place(where, before or Overrides(), after or Overrides(), ground))
    rest = say("listed, with nothing set") if after else say("no longer listed")
    yield from lines or [labelled(where, rest)]


def _changes_of_place(
    where: str, before: Overrides, after: Overrides, ground: Ground
) -> Iterator[str]:
    if before.enabled != after.enabled:
        switched = f"{_switch_text(before.enabled)} → {_switch_text(after.enabled)}"
        yield labelled(where, switched)
    for rule, was, is_ in _changed(before.effects, after.effects):
        what = say(", ").join([where, title_of(ground.rulebook, rule)])
        effects = f"{_effect_text(was)} → {_effect_text(is_)}"
        yield labelled(what, effects + _note_of_stricter(rule, is_, ground))


def _note_of_stricter(rule: RuleId, effect: Effect | None, ground: Ground) -> str:
    """A note of what still holds, if it is stricter than the server's effect; else nothing."""
    line = ground.lines.get(rule)
    if line is None or effect is None:
        return ""
    holds = in_words(line.effect | effect)
    if holds == in_words(effect):
        return ""
    why = _ASKS if line.layer is Layer.LICENCE else _FLOOR
    return " " + say("(⚠️ it stays {effect}: {why})", effect=holds, why=why())


def _never_exempt_note(terms: RoleTerms | None, ground: Ground) -> str:
    """A note of the named rules that no role can be exempt from; else nothing."""
    lines = ground.lines
    kept = [
        title_of(ground.rulebook, rule)
        for rule in sorted(terms.exempt if terms else ())
        if rule in lines and lines[rule].effect.ruling is Ruling.REFUSE
    ]
    if not kept:
        return ""
    note = say("(⚠️ nobody is exempt from {rules}: {why})", rules=enumerated(kept), why=_ASKS())
    return f" {note}"


def _switch_text(enabled: bool | None) -> str:  # noqa: FBT001  the value itself
    return {None: say("not set"), True: say("switched on"), False: say("switched off")}[enabled]


def _effect_text(effect: Effect | None) -> str:
    return say("not set") if effect is None else in_words(effect)


def _role_text(terms: RoleTerms | None, rulebook: Rulebook) -> str:
    """What the members with a role may."""
    if terms is None:
        return say("nothing special")
    exempt = [title_of(rulebook, rule) for rule in sorted(terms.exempt)]
    return role_terms_in_words(terms, exempt) or say("listed, with nothing special")


def _changes_of_blocked(before: tuple[Term, ...], after: tuple[Term, ...]) -> Iterator[str]:
    old, new = ({term.text: term for term in terms} for terms in (before, after))
    for text, was, is_ in _changed(old, new):
        if is_ is None:
            yield _no_longer_blocked(text, was)
        elif was is None:
            yield say("Blocked: {term}, {effect}", term=plain(text), effect=_term_text(is_))
        else:
            yield labelled(plain(text), f"{_term_text(was)} → {_term_text(is_)}")
    if not any(_changed(old, new)) and before != after:
        yield say("Blocked words: in another order")


def _no_longer_blocked(text: str, was: Term | None) -> str:
    if was is None:
        return say("No longer blocked: {term}", term=plain(text))
    return say("No longer blocked: {term}, was {effect}", term=plain(text), effect=_term_text(was))


def _term_text(term: Term) -> str:
    return in_words(term.effect) + (aside(plain(term.reason)) if term.reason else "")


def _changes_of_allowed(before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[str]:
    old, new = set(before), set(after)
    yield from (say("No longer allowed: {term}", term=plain(t)) for t in before if t not in new)
    yield from (say("Allowed: {term}", term=plain(t)) for t in after if t not in old)
    if old == new and before != after:
        yield say("Allowed phrases: in another order")


def role_terms_in_words(terms: RoleTerms, exempt: Sequence[str]) -> str:
    """What the members with a role may beside all others; "" if nothing. `exempt` are titles."""
    parts = [say("exempt from {rules}", rules=enumerated(exempt))] if exempt else []
    if terms.waiting_max is not None:
        parts.append(_waiting_at_once(terms.waiting_max))
    if terms.per_day_max is not None:
        parts.append(_in_a_day(terms.per_day_max))
    if terms.cooldown_s is not None:
        parts.append(say("{count} s between two requests", count=number(terms.cooldown_s)))
    return set_apart(parts)


def _waiting_at_once(count: int) -> str:
    return tally("{count} picture waiting at once", "{count} pictures waiting at once", count)


def _in_a_day(count: int) -> str:
    return tally("{count} picture in 24 hours", "{count} pictures in 24 hours", count)
