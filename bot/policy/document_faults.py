"""Faults of names and words in a policy's file, a sentence each. Pure.

Each is in the current language, because the moderator who brought the file reads it. `document.py`
reads the file and calls this; the decoder reports values of the wrong kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from bot.domain import RuleId
from bot.policy.layers import GuildPolicy
from bot.policy.rulebook import SERVER, Rulebook
from bot.policy.screening import is_wordless
from bot.words import documents as words
from bot.words.speaking import Message, enumerated

TERM_CHARS_MAX, REASON_CHARS_MAX = 80, 200
_ID = re.compile(r"[1-9][0-9]{0,18}")


def fault_of_id(name: str, table: str) -> str | None:
    """Why a table of a file cannot have this name, None if it can: it is a channel or a role."""
    if _ID.fullmatch(name) and int(name) < 2**63:
        return None
    return words.NO_ID(table=table, name=name)


def faults_of_preset(preset: str, rulebook: Rulebook) -> Iterator[str]:
    """A preset that the package does not have."""
    if preset not in rulebook.presets:
        yield words.NO_PRESET(presets=enumerated(rulebook.presets), preset=preset)


def faults_of_rules(policy: GuildPolicy, rulebook: Rulebook) -> Iterator[str]:
    """Rules that a policy names and cannot set."""
    yield from faults_of_preset(policy.preset, rulebook)
    places = {
        "server": policy.rules,
        **{f"categories.{id_}": lines for id_, lines in policy.categories.items()},
        **{f"channels.{id_}": lines for id_, lines in policy.channels.items()},
    }
    named = [(f"{at}.rules", rule) for at, lines in places.items() for rule in lines.effects]
    named += [
        (f"roles.{id_}.exempt", r) for id_, t in policy.roles.items() for r in sorted(t.exempt)
    ]
    yield from strange_rules(named, rulebook)


def strange_rules(named: Iterable[tuple[str, str]], rulebook: Rulebook) -> Iterator[str]:
    """What is wrong with rules that are named in these places."""
    for at, rule in named:
        if fault := _fault_of_rule(at, RuleId(rule), rulebook):
            yield fault


def _fault_of_rule(at: str, rule: RuleId, rulebook: Rulebook) -> str | None:
    if rule == SERVER:
        return None
    if rule not in rulebook.rules:
        near = get_close_matches(rule, [*rulebook.rules, SERVER], n=1)
        if near:
            return words.RULE_IS_NEARLY(at=at, rule=rule, nearest=near[0])
        return words.NO_RULE(at=at, rule=rule)
    if rulebook.rules[rule].floor:
        return words.RULE_OF_FLOOR(at=at, rule=rule)
    if rulebook.rules[rule].when is None:
        return words.RULE_STATED(at=at, rule=rule)
    return None


def faults_of_terms(policy: GuildPolicy) -> Iterator[str]:
    """Blocked words and allowed phrases that cannot be kept."""
    yield from faults_of_texts("blocked", [term.text for term in policy.blocked])
    yield from faults_of_texts("allowed", policy.allowed)
    for term in policy.blocked:
        if len(term.reason) > REASON_CHARS_MAX or not term.reason.isprintable():
            yield words.LONG_REASON(term=term.text, most=REASON_CHARS_MAX)


def faults_of_texts(name: str, texts: Sequence[str]) -> Iterator[str]:
    """Terms of one list, `blocked` or `allowed`, that cannot be kept."""
    if len(set(texts)) < len(texts):
        yield words.TERM_TWICE(list=name)
    for text in texts:
        if fault := _fault_of_term(text):
            yield fault(list=name, term=text, most=TERM_CHARS_MAX)


def _fault_of_term(text: str) -> Message | None:
    if len(text) > TERM_CHARS_MAX:
        return words.LONG_TERM
    if not text.isprintable():
        return words.UNSEEN_IN_TERM
    return words.WORDLESS_TERM if is_wordless(text) else None
