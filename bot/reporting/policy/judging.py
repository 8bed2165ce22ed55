"""What the bot would do with a prompt, as the report asks for it: the one place that knows how.

Called for every prompt of the corpora. It must not know which prompts these are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.policy.decide import join
from bot.policy.rules import Rule, Verdict
from bot.policy.screening import findings
from bot.reporting.policy.corpora import Channel, Specimen

_IDS = {
    Rule.SEXUALISED_MINOR: "minors-sexualised",
    Rule.FORBIDDEN: "sexual-violence",
    Rule.MINOR_IN_SEXUAL_CONTEXT: "minors-sexual",
    Rule.REAL_PERSON_IN_SEXUAL_CONTEXT: "real-person-sexual",
    Rule.ADULTHOOD_UNWANTED: "adulthood-unwanted",
    Rule.SEXUAL: "sexual",
    Rule.SERVER: "server",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What follows for one prompt."""

    #: It is not drawn, or not shown before a moderator has looked.
    stopped: bool
    #: By a rule that no server can lower.
    floor: bool
    #: The rules that matched.
    rules: frozenset[str]


def judged(specimen: Specimen) -> Judgement:
    """By the rules, where it is typed."""
    found = findings(
        specimen.prompt.text, specimen.negative.text, blocked=frozenset(specimen.blocked)
    )
    rules = {finding.rule for finding in found}
    verdict = join(rule.value.verdict for rule in rules)
    ordinary = specimen.channel is Channel.ORDINARY
    return Judgement(
        stopped=verdict is not Verdict.ALLOW and (ordinary or verdict is not Verdict.ADULTS_ONLY),
        floor=verdict is Verdict.FLOOR,
        rules=frozenset(_IDS[rule] for rule in rules),
    )


def looking(blocked: tuple[str, ...]) -> Callable[[str, str], object]:
    """Only the looking, with a server's terms: what its time is measured on."""
    terms = frozenset(blocked)
    return lambda prompt, negative: findings(prompt, negative, blocked=terms)
