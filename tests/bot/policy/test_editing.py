"""How one press changes a policy: the line it names, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import ChannelId, GuildId, Layer, RoleId, RuleId, Ruling
from bot.policy import editing
from bot.policy.editing import WHOLE_SERVER, Scope
from bot.policy.effect import Audience, Effect
from bot.policy.layers import GuildPolicy, Overrides, RoleTerms
from bot.policy.screening import Term

CHANNEL = Scope(layer=Layer.CHANNEL, id=ChannelId(5))
CATEGORY = Scope(layer=Layer.CATEGORY, id=ChannelId(5))
GORE, DRUGS = RuleId("gore"), RuleId("drugs-weapons")
REFUSED, HELD = Effect(ruling=Ruling.REFUSE), Effect(ruling=Ruling.HOLD)
FULL = GuildPolicy(
    guild_id=GuildId(1),
    preset="family",
    rules=Overrides(effects={GORE: HELD, DRUGS: REFUSED}, enabled=True),
    channels={ChannelId(7): Overrides(enabled=False)},
    blocked=(Term(text="dragon"),),
    only_channels=frozenset({ChannelId(7), ChannelId(5)}),
    paused=True,
)
SCOPES = (WHOLE_SERVER, CATEGORY, CHANNEL)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_is_found_by_its_key(scope: Scope) -> None:
    assert editing.scope_of(scope.key()) == scope


@pytest.mark.parametrize("key", ["", "x5", "c", "k-5", "c5x", "5", "s5"])
def test_a_key_that_names_no_scope_is_a_fault(key: str) -> None:
    with pytest.raises(ValueError, match="names no place"):
        editing.scope_of(key)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_line_is_written_in_its_scope_and_nowhere_else(scope: Scope) -> None:
    changed = editing.with_effect(FULL, scope, GORE, REFUSED)
    assert editing.overrides_at(changed, scope).effects[GORE] == REFUSED
    for other in SCOPES:
        if other != scope:
            assert editing.overrides_at(changed, other) == editing.overrides_at(FULL, other)
    assert editing.overrides_at(changed, scope).effects.get(DRUGS) == editing.overrides_at(
        FULL, scope
    ).effects.get(DRUGS)
    assert replace(changed, rules=FULL.rules, categories={}, channels=FULL.channels) == FULL


@pytest.mark.parametrize("scope", SCOPES)
def test_removing_the_last_line_leaves_no_trace(scope: Scope) -> None:
    bare = GuildPolicy(guild_id=GuildId(1))
    written = editing.with_effect(bare, scope, GORE, REFUSED)
    assert editing.with_effect(written, scope, GORE, None) == bare
    switched = editing.with_enabled(written, scope, enabled=False)
    assert editing.overrides_at(switched, scope) == Overrides(
        effects={GORE: REFUSED}, enabled=False
    )
    assert editing.with_enabled(switched, scope, enabled=None) == written


def test_clearing_a_channel_keeps_it_on_the_channel_list() -> None:
    """An empty list would mean every channel."""
    written = editing.with_enabled(FULL, CHANNEL, enabled=False)
    cleared = editing.without_overrides(written, CHANNEL)
    assert cleared.channels == FULL.channels
    assert cleared.only_channels == FULL.only_channels
    assert cleared.rules == FULL.rules


def test_a_channel_is_added_to_the_list_and_removed() -> None:
    bare = GuildPolicy(guild_id=GuildId(1))
    listed = editing.with_listed(bare, CHANNEL, listed=True)
    assert listed.only_channels == {ChannelId(5)}
    assert editing.with_listed(listed, CHANNEL, listed=False) == bare
    with pytest.raises(ValueError, match="no place on the list"):
        editing.with_listed(bare, WHOLE_SERVER, listed=True)


def test_a_role_without_terms_is_removed() -> None:
    role = RoleId(9)
    assert editing.role_terms(FULL, role) == RoleTerms()
    terms = RoleTerms(exempt=frozenset({GORE}), waiting_max=4)
    changed = editing.with_role(FULL, role, terms)
    assert editing.role_terms(changed, role) == terms
    assert editing.with_role(changed, role, RoleTerms()) == FULL


def test_the_choices_cover_every_ruling_and_audience() -> None:
    assert set(editing.RULINGS.values()) == set(Ruling)
    assert set(editing.AUDIENCES.values()) == set(Audience)


def test_a_scopes_place_is_where_its_lines_apply() -> None:
    guild = GuildId(1)
    here = CHANNEL.place(guild, ChannelId(9))
    assert (here.channel_id, here.category_id) == (ChannelId(5), ChannelId(9))
    assert CHANNEL.place(guild).category_id is None
    assert CATEGORY.place(guild, ChannelId(9)).category_id == ChannelId(5)
    everywhere = WHOLE_SERVER.place(guild)
    assert (everywhere.channel_id, everywhere.category_id) == (ChannelId(0), None)
