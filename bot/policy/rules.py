"""The rules that hold everywhere: for each what it looks for, and what follows from it.

A rule is one entry here; its words are in `floor.py`. Read by `screening`, which looks, and by
`decide`, which judges. Data: it must not know how either is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from bot.policy import floor


class Verdict(IntEnum):
    """In rising strictness; the greater one wins."""

    #: Nothing was found.
    ALLOW = 0
    #: Only where everybody is an adult.
    ADULTS_ONLY = 1
    #: This server blocks it.
    SERVER = 2
    #: Nobody may.
    FLOOR = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What a rule looks for in a prompt, and what follows if it is there."""

    verdict: Verdict
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


class Rule(Enum):
    """What a finding is about."""

    #: A word that sexualises minors.
    SEXUALISED_MINOR = Criteria(verdict=Verdict.FLOOR, words=floor.SEXUALISED_MINORS)
    #: What the law forbids.
    FORBIDDEN = Criteria(verdict=Verdict.FLOOR, words=floor.FORBIDDEN)
    #: A minor together with anything sexual or suggestive.
    MINOR_IN_SEXUAL_CONTEXT = Criteria(
        verdict=Verdict.FLOOR,
        words=floor.MINORS,
        beside=floor.SEXUAL | floor.SUGGESTIVE,
        ages=True,
        harmless=floor.HARMLESS,
    )
    #: A real person together with anything sexual.
    REAL_PERSON_IN_SEXUAL_CONTEXT = Criteria(
        verdict=Verdict.FLOOR, words=floor.REAL_PEOPLE, beside=floor.SEXUAL
    )
    #: Sexual, with adulthood named as unwanted.
    ADULTHOOD_UNWANTED = Criteria(
        verdict=Verdict.FLOOR, words=floor.ADULTHOOD, beside=floor.SEXUAL, unwanted=True
    )
    #: Sexual content.
    SEXUAL = Criteria(verdict=Verdict.ADULTS_ONLY, words=floor.SEXUAL)
    #: A term that the server blocks; its words are the server's.
    SERVER = Criteria(verdict=Verdict.SERVER)
