"""The rulebook that comes with the program. Loaded by the entry and the tests."""

from __future__ import annotations

from functools import lru_cache

from bot.domain import RuleId, Ruling
from bot.policy.effect import NOTHING, Audience, Effect
from bot.policy.rulebook import Rule, Rulebook

_FLOOR = Effect(ruling=Ruling.REFUSE, alert=True, strike=True)
_REFUSED = Effect(ruling=Ruling.REFUSE)
_ADULTS = Effect(audience=Audience.ADULTS)

_MEANT_OTHERWISE = "If you meant something harmless, please say it in other words."


@lru_cache(maxsize=1)
def load() -> Rulebook:
    """Every rule, preset and licence."""
    rules = (
        _floor("minors-sexual", "Minors in a sexual context", "b"),
        _floor("minors-sexualised", "Words that sexualise minors", "b"),
        _floor("adulthood-unwanted", "Sexual content without adults", "b"),
        _floor("real-person-sexual", "Sexual content of real people", "e"),
        _floor("sexual-violence", "Sexual violence", "a"),
        Rule(
            id=RuleId("sexual"),
            title="Sexual content",
            summary="Nudity and sexual acts are for adults.",
            advice="Leave out what is only for adults.",
            effect=_ADULTS,
        ),
        Rule(
            id=RuleId("suggestive"),
            title="Suggestive content",
            summary="Swimwear, underwear and poses that suggest more.",
            advice="Choose everyday clothes and poses.",
            effect=NOTHING,
        ),
    )
    return Rulebook(
        rules={rule.id: rule for rule in rules},
        presets={
            "family": {RuleId("sexual"): _REFUSED | _ADULTS, RuleId("suggestive"): _REFUSED},
            "standard": {},
            "age-restricted": {},
        },
        licences={"openrail-m": tuple(rule.id for rule in rules if rule.floor)},
    )


def _floor(rule: str, title: str, clause: str) -> Rule:
    return Rule(
        id=RuleId(rule),
        title=title,
        clause=clause,
        summary="Nothing that sexualises minors or people who did not agree is drawn.",
        advice=_MEANT_OTHERWISE,
        effect=_FLOOR,
        floor=True,
    )
