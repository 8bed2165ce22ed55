"""What is wrong with the names and words in a policy's file, a sentence each. Pure.

`document.py` reads the file and asks here; what does not fit its place at all is the decoder's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from bot.domain import RuleId
from bot.policy.layers import GuildPolicy
from bot.policy.rulebook import SERVER, Rulebook
from bot.policy.screening import is_wordless

TERM_CHARS_MAX, REASON_CHARS_MAX = 80, 200
#: What looks like words in a term.
NO_WORDS = "BREAK in capitals, weights and unseen characters are no words"
_ID = re.compile(r"[1-9][0-9]{0,18}")


def fault_of_id(name: str, table: str) -> str | None:
    """Why a table of a file cannot have this name, None if it can: it is a channel or a role."""
    if _ID.fullmatch(name) and int(name) < 2**63:
        return None
    return f"{table}.{name} must be named after an id: a whole number"


def faults_of_preset(preset: str, rulebook: Rulebook) -> Iterator[str]:
    """A preset that the package does not have."""
    if preset not in rulebook.presets:
        yield f"preset must be one of {', '.join(rulebook.presets)}, not {preset}"


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
        if fault := _fault_of_rule(RuleId(rule), rulebook):
            yield f"{at}: {fault}"


def _fault_of_rule(rule: RuleId, rulebook: Rulebook) -> str | None:
    if rule == SERVER:
        return None
    if rule not in rulebook.rules:
        near = get_close_matches(rule, [*rulebook.rules, SERVER], n=1)
        return f"there is no rule {rule}" + (f"; {near[0]} is nearest" if near else "")
    if rulebook.rules[rule].floor:
        return f"{rule} is the same in every server, so it cannot be set"
    if rulebook.rules[rule].when is None:
        return f"{rule} is a promise that no prompt can show, so it cannot be set"
    return None


def faults_of_terms(policy: GuildPolicy) -> Iterator[str]:
    """Blocked words and allowed phrases that cannot be kept."""
    yield from faults_of_texts("blocked", [term.text for term in policy.blocked])
    yield from faults_of_texts("allowed", policy.allowed)
    for term in policy.blocked:
        if len(term.reason) > REASON_CHARS_MAX or not term.reason.isprintable():
            yield (
                f"blocked.{term.text}.reason must be one line of at most {REASON_CHARS_MAX} "
                "characters"
            )


def faults_of_texts(name: str, texts: Sequence[str]) -> Iterator[str]:
    """Terms of one list, `blocked` or `allowed`, that cannot be kept."""
    if len(set(texts)) < len(texts):
        yield f"{name} has a term twice"
    for text in texts:
        if fault := _fault_of_term(text):
            yield f"{name}.{text}: a term {fault}"


def _fault_of_term(text: str) -> str | None:
    if len(text) > TERM_CHARS_MAX:
        return f"has {TERM_CHARS_MAX} characters at most"
    if not text.isprintable():
        return "is one line without unseen characters"
    if is_wordless(text):
        return f"needs a word that can be found in a prompt: {NO_WORDS}"
    return None
