"""What the panel's presses change, including old, forged or hostile ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import rulebooks
from bot.domain import ChannelId, Place, RoleId, RuleId, Ruling
from bot.policy.decide import weigh
from bot.policy.effect import Audience, Effect
from bot.policy.layers import GuildPolicy, Overrides, RoleTerms, effective
from bot.policy.rulebook import SERVER
from bot.policy.screening import Term
from bot.words import panel as words
from bot.words.trying import prompt_tried
from cogs.governing.controls import PanelPress
from cogs.governing.deeds import DEEDS
from tests.cogs.governing.test_pages import FREE, RULEBOOK, desk
from tests.stages.factories import GUILD

BARE = GuildPolicy(guild_id=GUILD)
RULE = FREE
FIXED = next(rule.id for rule in RULEBOOK.rules.values() if rule.floor)


def press(deed: str, *args: str, values: tuple[str, ...] = ()) -> PanelPress:
    return PanelPress(deed=deed, version=1, args=args, values=values, fields={})


def done(policy: GuildPolicy, made: PanelPress) -> GuildPolicy | str:
    return DEEDS[made.deed].change(desk(policy), made)


def written(effect: Effect) -> GuildPolicy:
    return replace(BARE, rules=Overrides(effects={RULE: effect}))


def test_each_part_of_an_effect_changes_alone() -> None:
    before = Effect(ruling=Ruling.HOLD, audience=Audience.ADULTS, alert=True, strike=True)
    for made, effect in (
        (press("ruling", "s", RULE, values=("spoiler",)), replace(before, ruling=Ruling.SPOILER)),
        (
            press("audience", "s", RULE, values=("everybody",)),
            replace(before, audience=Audience.EVERYBODY),
        ),
        (press("alert", "s", RULE, "0"), replace(before, alert=False)),
        (press("strike", "s", RULE, "0"), replace(before, strike=False)),
    ):
        assert done(written(before), made) == written(effect)


def test_a_new_line_starts_from_the_effect_in_force() -> None:
    """Changing one part of it must not loosen another."""
    held = Effect(ruling=Ruling.HOLD, alert=True)
    changed = done(written(held), press("strike", "c5", RULE, "1"))
    assert isinstance(changed, GuildPolicy)
    assert changed.channels[ChannelId(5)].effects == {RULE: replace(held, strike=True)}


def test_a_line_can_be_removed() -> None:
    held = Effect(ruling=Ruling.HOLD)
    assert done(written(held), press("ruling", "s", RULE, "none")) == BARE


@pytest.mark.parametrize(
    "made",
    [
        press("ruling", "s", FIXED, values=("allow",)),
        press("audience", "s", FIXED, values=("everybody",)),
        press("alert", "s", FIXED, "0"),
        press("strike", "c5", FIXED, "0"),
        press("ruling", "s", "no-such-rule", values=("allow",)),
        press("ruling", "x9", RULE, values=("allow",)),
        press("ruling", "s", RULE, values=("everything",)),
        press("ruling", "s", RULE),
        press("preset", "lawless"),
        press("enabled", "c5", values=("maybe",)),
        press("only", "s", "1"),
        press("exempt", "everyone", values=(RULE,)),
        press("review", values=("not-a-number",)),
    ],
)
def test_a_press_with_a_fixed_rule_or_an_invalid_value_changes_nothing(made: PanelPress) -> None:
    with pytest.raises((ValueError, KeyError)):
        done(BARE, made)


def test_no_role_can_be_exempt_from_a_fixed_rule() -> None:
    assert done(BARE, press("exempt", "9", values=(RULE, FIXED))) == words.LOCKED
    assert done(BARE, press("exempt", "9", values=("no-such-rule",))) == words.LOCKED
    changed = done(BARE, press("exempt", "9", values=(RULE,)))
    assert isinstance(changed, GuildPolicy)
    assert changed.roles == {RoleId(9): RoleTerms(exempt=frozenset({RULE}))}
    assert done(changed, press("exempt", "9")) == BARE


def test_an_exemption_from_the_servers_terms_says_that_it_covers_all() -> None:
    changed = done(BARE, press("exempt", "9", values=(SERVER,)))
    assert isinstance(changed, GuildPolicy)
    (terms,) = changed.roles.values()
    assert terms.exempt == {SERVER}
    assert words.ALL_OWN_TERMS in words.role_summary(terms, {})
    with_term = replace(changed, blocked=(Term(text="dragon"),))
    place = Place(guild_id=GUILD, channel_id=ChannelId(1))
    policy = effective(RULEBOOK, with_term, place, frozenset({RoleId(9)}))
    weighed = weigh(policy, "1girl, dragon", "")
    assert words.ALL_OWN_TERMS in prompt_tried("here", "them", policy, weighed, None)
    assert done(changed, press("norole", "9")) == BARE


def test_the_everyone_role_cannot_be_the_moderator_role() -> None:
    assert done(BARE, press("modrole", values=(str(GUILD),))) == words.NOT_EVERYONE
    changed = done(BARE, press("modrole", values=("9",)))
    assert changed == replace(BARE, moderator_role=RoleId(9))
    assert done(replace(BARE, moderator_role=RoleId(9)), press("modrole")) == BARE


def test_the_panel_changes_places_presets_and_the_pause() -> None:
    off = done(BARE, press("enabled", "k5", values=("off",)))
    assert isinstance(off, GuildPolicy)
    assert off.categories == {ChannelId(5): Overrides(enabled=False)}
    assert done(off, press("enabled", "k5", values=("none",))) == BARE
    listed = done(off, press("only", "k5", "1"))
    assert isinstance(listed, GuildPolicy)
    assert listed.only_channels == {ChannelId(5)}
    on_the_list = replace(BARE, only_channels=frozenset({ChannelId(5)}))
    assert done(listed, press("clear", "k5")) == on_the_list
    assert done(BARE, press("preset", "family")) == replace(BARE, preset="family")
    assert done(BARE, press("pause", "1")) == replace(BARE, paused=True)


@pytest.mark.parametrize("deed", ["review", "log"])
def test_a_channel_that_the_bot_cannot_see_is_not_accepted(deed: str) -> None:
    assert "I don't see it" in str(done(BARE, press(deed, values=("7",))))
    chosen = replace(BARE, review_channel=ChannelId(7), log_channel=ChannelId(7))
    emptied = done(chosen, press(deed))
    assert isinstance(emptied, GuildPolicy)
    assert getattr(emptied, f"{deed}_channel") is None


def test_every_deed_leads_to_a_page() -> None:
    from cogs.governing.lists import LIST_PAGES
    from cogs.governing.pages import RULE_PAGES
    from cogs.governing.places import PLACE_PAGES

    assert {deed.page for deed in DEEDS.values()} <= {*RULE_PAGES, *PLACE_PAGES, *LIST_PAGES}


def test_the_tests_use_the_shipped_rulebook() -> None:
    assert RULEBOOK is rulebooks.load()
    assert RuleId("sexual") in RULEBOOK.rules
