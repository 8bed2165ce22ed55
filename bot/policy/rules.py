"""The rules that hold everywhere: for each what it looks for.

A rule is one entry here; its words are in `floor.py`. Read by `screening`, which looks. Data: it
must not know how that is done, nor what follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bot.domain import RuleId
from bot.policy import floor


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What a rule looks for in a prompt."""

    rule: RuleId
    #: One of these is enough.
    words: frozenset[str] = frozenset()
    #: They count only where the prompt has one of these too; None: everywhere.
    beside: frozenset[str] | None = None
    #: An age below 18 is one of the words.
    ages: bool = False
    #: Phrases in which none of the words counts.
    harmless: frozenset[str] = frozenset()
    #: They are looked for in what the prompt does not want.
    unwanted: bool = False


class Criterion(Enum):
    """What a finding is about."""

    #: A word that sexualises minors.
    SEXUALISED_MINOR = Criteria(rule=RuleId("minors-sexualised"), words=floor.SEXUALISED_MINORS)
    #: What the law forbids.
    FORBIDDEN = Criteria(rule=RuleId("sexual-violence"), words=floor.FORBIDDEN)
    #: A minor together with anything sexual or suggestive.
    MINOR_IN_SEXUAL_CONTEXT = Criteria(
        rule=RuleId("minors-sexual"),
        words=floor.MINORS,
        beside=floor.SEXUAL | floor.SUGGESTIVE,
        ages=True,
        harmless=floor.HARMLESS,
    )
    #: A real person together with anything sexual.
    REAL_PERSON_IN_SEXUAL_CONTEXT = Criteria(
        rule=RuleId("real-person-sexual"), words=floor.REAL_PEOPLE, beside=floor.SEXUAL
    )
    #: Sexual, with adulthood named as unwanted.
    ADULTHOOD_UNWANTED = Criteria(
        rule=RuleId("adulthood-unwanted"), words=floor.ADULTHOOD, beside=floor.SEXUAL, unwanted=True
    )
    #: Sexual content.
    SEXUAL = Criteria(rule=RuleId("sexual"), words=floor.SEXUAL)
    #: A term that the server blocks; its words are the server's.
    SERVER = Criteria(rule=RuleId("server"))

    @property
    def id(self) -> RuleId:
        """The name of the rule."""
        return self.value.rule
