"""The policy of a place, for tests, with the shipped rulebook unless a test brings another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot import rulebooks
from bot.domain import ChannelId, Finding, Place, RoleId, RuleId, UserId
from bot.policy.layers import EffectivePolicy, GuildPolicy, Overrides, effective
from bot.policy.rulebook import Rulebook
from bot.policy.screening import Screen, Term
from bot.store.guilds import Guilds, PolicyVersion
from tests.stages.factories import GUILD, USER, make_place


def make_guild(
    *blocked: str | Term, disabled: ChannelId | None = None, **document: Any
) -> GuildPolicy:
    terms = tuple(Term(text=t) if isinstance(t, str) else t for t in blocked)
    channels = {disabled: Overrides(enabled=False)} if disabled else {}
    return GuildPolicy(**{"guild_id": GUILD, "blocked": terms, "channels": channels, **document})


def make_policy(
    guild: GuildPolicy | None = None,
    place: Place | None = None,
    *roles: RoleId,
    rulebook: Rulebook | None = None,
) -> EffectivePolicy:
    return effective(
        rulebook or rulebooks.load(),
        guild or make_guild(),
        place or make_place(),
        frozenset(roles),
    )


async def save_policy(
    guilds: Guilds, policy: GuildPolicy, actor: int = USER, at_ms: int = 1
) -> None:
    """Save a moderator's policy, whatever the server had before."""
    number = (await guilds.current(policy.guild_id)).number
    saved = await guilds.save(policy, number, UserId(actor), at_ms, summary="as the test wants it")
    assert isinstance(saved, PolicyVersion)


class FixedScreen(Screen):
    """A screen with the same findings in every prompt."""

    def __init__(self, findings: Mapping[RuleId, Sequence[str]]) -> None:
        self._found = frozenset(
            Finding(rule=rule, words=(word,)) for rule, words in findings.items() for word in words
        )

    def findings(self, prompt: str, negative: str = "", licence: object = ()) -> frozenset[Finding]:
        del prompt, negative, licence
        return self._found
