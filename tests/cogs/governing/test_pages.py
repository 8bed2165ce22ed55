"""The panel's pages: each fits Discord's limits, however full the policy, and says what holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from bot import rulebooks
from bot.domain import ChannelId, GuildId, RoleId, RuleId, Ruling
from bot.languages import language
from bot.policy.document import TERMS_MAX
from bot.policy.editing import adjustable_rules
from bot.policy.effect import Effect
from bot.policy.layers import GuildPolicy, Overrides, RoleTerms
from bot.policy.rulebook import Rulebook
from bot.policy.screening import Term
from bot.words import panel as words
from bot.words.speaking import speaking
from cogs.governing.desk import Desk
from cogs.governing.lists import LIST_PAGES, policy_with_input
from cogs.governing.pages import RULE_PAGES
from cogs.governing.places import PLACE_PAGES
from tests.stages.factories import GUILD, make_place

PAGES = {**RULE_PAGES, **PLACE_PAGES, **LIST_PAGES}
RULEBOOK = rulebooks.load()
HELD = Effect(ruling=Ruling.HOLD, alert=True, strike=True)
LOOSE = [rule.id for rule in adjustable_rules(RULEBOOK)]
#: A rule that only the server's policy decides.
FREE = RuleId("suggestive")
BIG = 1_300_000_000_000_000_000


def crowded(rulebook: Rulebook) -> Rulebook:
    """A rulebook with the greatest number of rules, each with long words."""
    some = adjustable_rules(rulebook)[0]
    more = {
        RuleId(f"rule-number-{n}"): replace(
            some,
            id=RuleId(f"rule-number-{n}"),
            title=f"A rule with a long title, number {n}",
            summary="Long words. " * 40,
            advice="More long words. " * 20,
        )
        for n in range(60)
    }
    return replace(rulebook, rules={**rulebook.rules, **more})


@cache
def full() -> GuildPolicy:
    """A policy with the longest content; its terms take a moment to compile."""
    lines = Overrides(effects=dict.fromkeys(LOOSE, HELD), enabled=False)
    some = [BIG + n for n in range(60)]
    return GuildPolicy(
        guild_id=GUILD,
        rules=lines,
        categories={ChannelId(n): lines for n in some},
        channels={ChannelId(n + 100): lines for n in some},
        roles={
            RoleId(n): RoleTerms(
                exempt=frozenset(LOOSE), waiting_max=9, per_day_max=9, cooldown_s=9
            )
            for n in some
        },
        blocked=tuple(
            Term(text=f"*dragon* {n} ".ljust(80, "_"), reason="`why` " * 33)
            for n in range(TERMS_MAX)
        ),
        allowed=tuple(f"naked mole rat {n}" for n in range(TERMS_MAX)),
        only_channels=frozenset(ChannelId(n + 200) for n in some),
        paused=True,
        moderator_role=RoleId(BIG),
        review_channel=ChannelId(BIG),
        log_channel=ChannelId(BIG),
        per_day_max=50,
        cooldown_s=60,
    )


def desk(policy: GuildPolicy | None = None, rulebook: Rulebook = RULEBOOK) -> Desk:
    return Desk(
        rulebook=rulebook,
        policy=policy or GuildPolicy(guild_id=GUILD),
        version=123_456,
        here=make_place(),
        guild=None,
    )


def walk(parts: list[Any]) -> Iterator[dict[str, Any]]:
    for part in parts:
        yield part
        yield from walk(part.get("components", []))


def words_of(shown: list[dict[str, Any]]) -> str:
    return "\n".join(part["content"] for part in walk(shown) if "content" in part)


def ids_of(shown: list[dict[str, Any]]) -> list[str]:
    return [part["custom_id"] for part in walk(shown) if "custom_id" in part]


ARGS = {
    "preset": [("family",)],
    "rule": [(scope, LOOSE[0]) for scope in ("s", f"k{BIG}", f"c{BIG + 100}")],
    "rules": [(), ("s",), (f"c{BIG + 100}",)],
    "place": [(f"c{BIG + 100}",), ("k", str(BIG)), ("known", f"c{BIG + 200}")],
    "role": [(str(BIG),)],
    "blocked": [(), ("page", "7"), ("page", "99999")],
    "allowed": [(), ("page", "3")],
}


@pytest.mark.parametrize("rulebook", [RULEBOOK, crowded(RULEBOOK)], ids=["own", "crowded"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_fits_discord_however_full_the_policy_is(name: str, rulebook: Rulebook) -> None:
    for policy in (GuildPolicy(guild_id=GUILD), full()):
        for args in ARGS.get(name, [()]):
            shown = PAGES[name](desk(policy, rulebook), args, "A note. " * 100).to_components()
            parts = list(walk(shown))
            assert len(parts) <= 40
            assert len(words_of(shown)) <= 4000
            ids = ids_of(shown)
            assert len(ids) == len(set(ids))
            assert max(map(len, ids)) <= 100
            for part in parts:
                assert 1 <= len(part.get("options", ["a text"])) <= 25
                assert part.get("max_values") or part.get("max_values", 1) == 1


@pytest.mark.parametrize(
    ("name", "args", "told"),
    [
        ("preset", ("no-such-preset",), "no longer exists"),
        ("rule", ("s", "no-such-rule"), "no longer exists"),
        ("rule", ("c5", "no-such-rule"), "no longer exists"),
        ("rules", ("c5",), "a deleted channel (`5`)"),
        ("place", ("c5",), "a deleted channel (`5`)"),
        ("role", ("5",), "a deleted role (`5`)"),
    ],
)
def test_a_page_about_something_deleted_or_unknown_says_so(
    name: str, args: tuple[str, ...], told: str
) -> None:
    assert told in words_of(PAGES[name](desk(), args, "").to_components())


@pytest.mark.parametrize("name", ["blocked", "allowed"])
def test_a_page_number_past_the_end_of_a_list_leads_to_its_last_page(name: str) -> None:
    shown = words_of(PAGES[name](desk(full()), ("page", "99999"), "").to_components())
    (number, count) = re.findall(r"Page (\d+) of (\d+)", shown)[0]
    assert number == count
    assert "Page" not in words_of(PAGES[name](desk(), ("page", "99999"), "").to_components())


def test_a_rule_of_the_floor_offers_nothing_to_change() -> None:
    fixed = next(rule.id for rule in RULEBOOK.rules.values() if rule.floor)
    shown = RULE_PAGES["rule"](desk(), ("s", fixed), "").to_components()
    assert all(":open:" in f"{press}:" or "wp:open" in press for press in ids_of(shown))
    assert "can't be changed" in words_of(shown)


def test_a_rule_that_no_prompt_can_show_is_explained_but_cannot_be_set() -> None:
    stated = next(r.id for r in RULEBOOK.rules.values() if not r.floor and r.id not in LOOSE)
    shown = RULE_PAGES["rule"](desk(), ("s", stated), "").to_components()
    assert all(press.startswith("wp:open") for press in ids_of(shown))
    assert words.STATED in words_of(shown)


def test_a_rule_of_the_licence_says_that_nobody_can_lower_it() -> None:
    (bound,) = (r for r in LOOSE if r == "hate-symbols")
    allowed = Overrides(effects={bound: Effect()})
    policy = GuildPolicy(guild_id=GUILD, rules=allowed)
    told = words_of(RULE_PAGES["rule"](desk(policy), ("s", bound), "").to_components())
    assert "**In effect**: refused" in told
    assert "nothing that you set here can lower it" in told


def test_a_rule_shows_its_effect_with_and_without_its_own_line() -> None:
    written = Overrides(effects={FREE: HELD})
    shown = RULE_PAGES["rule"](
        desk(GuildPolicy(guild_id=GUILD, rules=written)), ("s", FREE), ""
    ).to_components()
    told = words_of(shown)
    assert "**In effect**: held until a moderator approves" in told
    assert "Without that: allowed" in told


def test_a_channel_says_which_effect_it_inherits() -> None:
    policy = GuildPolicy(guild_id=GUILD, rules=Overrides(effects={FREE: HELD}))
    told = words_of(RULE_PAGES["rule"](desk(policy), ("c5", FREE), "").to_components())
    assert "held until a moderator approves" in told
    assert "(this server)" in told
    assert "Nothing is set here" in told


def test_deleted_channels_and_roles_are_marked_and_can_be_opened() -> None:
    shown = PLACE_PAGES["places"](desk(full()), (), "").to_components()
    assert "a deleted channel" in words_of(shown)
    offered = [o["value"] for part in walk(shown) for o in part.get("options", [])]
    assert f"k{BIG}" in offered
    place = PLACE_PAGES["place"](desk(full()), ("known", f"k{BIG}"), "").to_components()
    assert any(press.startswith("wp:clear:") for press in ids_of(place))
    roles = PLACE_PAGES["roles"](desk(full()), (), "").to_components()
    assert "a deleted role" in words_of(roles)
    staff = PLACE_PAGES["staff"](desk(full()), (), "").to_components()
    assert not [part for part in walk(staff) if part.get("default_values")]
    assert "a deleted channel" in words_of(staff)


def test_a_full_list_says_how_many_terms_are_too_many() -> None:
    for name in ("blocked", "allowed"):
        assert "please remove 1." in str(policy_with_input(desk(full()), name, None, "one more"))


def test_a_presets_page_lists_what_it_contains() -> None:
    told = words_of(RULE_PAGES["preset"](desk(), ("family",), "").to_components())
    for rule in LOOSE:
        assert RULEBOOK.rules[rule].title in told
    assert "refused" in told


def test_the_first_page_says_that_the_bot_is_paused_and_offers_to_resume() -> None:
    shown = RULE_PAGES["home"](desk(replace(full(), guild_id=GuildId(GUILD))), (), "")
    assert "paused" in words_of(shown.to_components())
    assert "wp:pause:123456:0" in ids_of(shown.to_components())


def test_an_option_that_begins_with_a_capital_keeps_those_of_german_nouns() -> None:
    with speaking(language("de")):
        shown = PLACE_PAGES["role"](desk(full()), (str(BIG),), "").to_components()
    told = [o.get("description", "") for part in walk(shown) for o in part.get("options", [])]
    assert any("Wort dieses Servers" in text and text[0].isupper() for text in told), told


def test_a_channel_that_is_not_chosen_is_named_by_its_own_none() -> None:
    with speaking(language("de")):
        staff = PLACE_PAGES["staff"](desk(), (), "").to_components()
        gallery = PLACE_PAGES["gallery"](desk(), (), "").to_components()
    assert words_of(staff).count(": keiner.") == 2
    assert words_of(gallery).count(": keiner.") == 1
