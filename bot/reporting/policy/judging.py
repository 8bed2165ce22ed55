"""Asks the policy about a prompt for the report: the only file that knows how.

Called for every prompt of the corpora. Must not know which prompts these are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from bot import rulebooks
from bot.domain import ChannelId, GuildId, Place, RuleId, Ruling
from bot.policy.decide import refusal, weigh
from bot.policy.layers import EffectivePolicy, GuildPolicy, effective
from bot.policy.rulebook import SERVER
from bot.policy.screening import Screen, Term
from bot.reporting.policy.corpora import Channel, Preset, Specimen

_SERVER, _CHANNEL = GuildId(1), ChannelId(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of one prompt."""

    #: Not drawn, or not shown before a moderator reviews it.
    stopped: bool
    #: Whether a rule that no server can lower matched.
    floor: bool
    #: The rules that matched.
    rules: frozenset[RuleId]


@cache
def _policy(channel: Channel, preset: Preset, blocked: tuple[str, ...]) -> EffectivePolicy:
    """The policy where it is typed, for a model with an unknown licence."""
    place = Place(
        guild_id=_SERVER,
        channel_id=_CHANNEL,
        channel_age_restricted=channel is Channel.AGE_RESTRICTED,
    )
    guild = GuildPolicy(
        guild_id=_SERVER, preset=preset, blocked=tuple(Term(text=text) for text in blocked)
    )
    return effective(rulebooks.load(), guild, place)


def judged(specimen: Specimen) -> Fate:
    """The fate of a specimen under the rules where it is typed."""
    policy = _policy(specimen.channel, specimen.preset, specimen.blocked)
    weighed = weigh(policy, specimen.prompt.text, specimen.negative.text)
    rules = frozenset(finding.rule for finding in weighed.found)
    return Fate(
        stopped=refusal(weighed, policy) is not None or weighed.effect.ruling >= Ruling.HOLD,
        floor=any(rule != SERVER and policy.rulebook.rules[rule].floor for rule in rules),
        rules=rules,
    )


def looking(blocked: tuple[str, ...]) -> Callable[[str, str], object]:
    """Only the detection, with a server's terms, for timing."""
    return Screen(rulebooks.load(), [Term(text=text) for text in blocked]).findings
