"""The consequences of a finding: a product of lattices, joined componentwise.

Called by everything that weighs one rule against another. Pure arithmetic: must not know the rules,
the layers or what a finding is. `|` is commutative, associative and idempotent, `NOTHING` is its
neutral element, and `a <= b` (b is at least as strict) means `a | b == b`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from bot.domain import Ruling


class Audience(IntEnum):
    """Who may see it, in rising strictness."""

    #: Everybody.
    EVERYBODY = 0
    #: Adults only: age-restricted channels.
    ADULTS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What follows, in four directions that do not depend on one another."""

    ruling: Ruling = Ruling.ALLOW
    audience: Audience = Audience.EVERYBODY
    #: The moderators are alerted.
    alert: bool = False
    #: It counts against the member.
    strike: bool = False

    def __or__(self, other: Effect) -> Effect:
        """The least effect that is at least as strict as both."""
        return Effect(
            ruling=max(self.ruling, other.ruling),
            audience=max(self.audience, other.audience),
            alert=self.alert or other.alert,
            strike=self.strike or other.strike,
        )

    def __le__(self, other: Effect) -> bool:
        """Whether `other` is at least as strict in every direction."""
        return self | other == other


#: Nothing follows.
NOTHING = Effect()


def join(effects: Iterable[Effect]) -> Effect:
    """All effects joined; `NOTHING` if there are none."""
    joined = NOTHING
    for effect in effects:
        joined |= effect
    return joined
