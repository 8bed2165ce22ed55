"""The rules as the program reads them: what each is about, its clause, and what follows from it.

Everything that weighs, shows or explains a rule reads it here. Pure data; what a rule is found in
is the screening's to know, what a server made of it the layers'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain import RuleId, Ruling
from bot.policy.effect import Effect

#: The id of a server's own terms.
SERVER = RuleId("server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: what members and moderators read of it, and what follows where nobody says more."""

    id: RuleId
    title: str
    #: The letter of the licence's Attachment A that it comes from.
    clause: str | None = None
    summary: str
    #: What a member can change.
    advice: str
    effect: Effect
    #: No server can lower it.
    floor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """All rules, what the presets make of them, and which of them a licence asks for."""

    rules: Mapping[RuleId, Rule]
    #: By name, from the strictest to the loosest; a rule that is not named keeps its own effect.
    presets: Mapping[str, Mapping[RuleId, Effect]]
    #: By the licence's id.
    licences: Mapping[str, tuple[RuleId, ...]] = field(
        default_factory=dict[str, tuple[RuleId, ...]]
    )


#: What is told of a server's own terms; each has an effect of its own.
OWN_TERMS = Rule(
    id=SERVER,
    title="This server's own terms",
    summary="The moderators of this server do not want these words here.",
    advice="Please leave them out.",
    effect=Effect(ruling=Ruling.REFUSE),
)


def rule_of(rulebook: Rulebook, rule: RuleId) -> Rule:
    """The rule with this id. KeyError if there is none."""
    return OWN_TERMS if rule == SERVER else rulebook.rules[rule]
