"""A policy that a server exports and imports again keeps every setting."""

from __future__ import annotations

from dataclasses import fields, replace

from bot.domain import ChannelId, RoleId, Ruling
from bot.policy.arrangements import GalleryTerms
from bot.policy.document import from_toml
from bot.policy.effect import Effect
from bot.policy.layers import GuildPolicy, Overrides, RoleTerms, StrikeTerms
from bot.policy.screening import Term
from bot.policy.writing import to_toml
from tests.stages.factories import GUILD
from tests.stages.policies import BOOK, OPEN

PLAIN = GuildPolicy(guild_id=GUILD)


def test_an_exported_file_keeps_every_setting_of_a_server() -> None:
    """Each setting alone: one that an import dropped would loosen the policy."""
    lines = Overrides(enabled=False, effects={OPEN: Effect(ruling=Ruling.HOLD)})
    policies = [
        replace(PLAIN, paused=True),
        replace(PLAIN, moderator_role=RoleId(3)),
        replace(PLAIN, review_channel=ChannelId(4)),
        replace(PLAIN, gallery=GalleryTerms(channel=ChannelId(9))),
        replace(PLAIN, gallery=GalleryTerms(votes=7)),
        replace(PLAIN, log_channel=ChannelId(5)),
        replace(PLAIN, strikes=StrikeTerms(limit=1, expire_days=2, timeout_minutes=3)),
        replace(PLAIN, cooldown_s=9),
        replace(PLAIN, per_day_max=8),
        replace(PLAIN, rules=lines),
        replace(PLAIN, categories={ChannelId(5): lines}),
        replace(PLAIN, channels={ChannelId(6): lines}),
        replace(PLAIN, roles={RoleId(6): RoleTerms(waiting_max=1, per_day_max=2, cooldown_s=3)}),
        replace(PLAIN, blocked=(Term(text="a", effect=Effect(ruling=Ruling.HOLD, alert=True)),)),
        replace(PLAIN, allowed=("naked mole rat",)),
        replace(PLAIN, only_channels=frozenset({ChannelId(7), ChannelId(8)})),
        replace(PLAIN, preset="family"),
    ]
    settings = {field.name for field in fields(PLAIN) if field.compare} - {"guild_id"}
    assert settings == {
        name for name in settings for p in policies if getattr(p, name) != getattr(PLAIN, name)
    }
    for policy in policies:
        assert from_toml(to_toml(policy, BOOK).encode(), GUILD, BOOK) == policy
