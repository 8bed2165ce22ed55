"""Layers: the nearest one that sets a rule decides, and floor and licence are joined to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import rulebooks
from bot.domain import ChannelId, Finding, GuildId, Layer, Place, RoleId, RuleId, Ruling
from bot.policy.effect import NOTHING, Effect, join
from bot.policy.layers import (
    GuildPolicy,
    Overrides,
    PolicyLine,
    RoleTerms,
    effective,
    floor_effect,
    ground_of,
    is_compiled,
    preset_effect,
    rules_of_licence,
    title_of,
    with_excused,
)
from bot.policy.rulebook import SERVER
from bot.policy.screening import Term
from tests.stages.factories import GUILD
from tests.stages.fake_engine import INFO
from tests.stages.policies import (
    ADULTS,
    BOOK,
    CATEGORY,
    CHANNEL,
    ELSEWHERE,
    FLOOR,
    GROWN,
    LAWFUL,
    NEVER,
    OPEN,
    PARENT,
    REFUSED,
    ROLES,
    make_rulebook,
    with_line,
)

PLAIN = GuildPolicy(guild_id=GUILD)
HERE = Place(guild_id=GUILD, channel_id=CHANNEL, parent_id=PARENT, category_id=CATEGORY)
FLOOR_IN_WORDS = "refused; moderators are told; counts as a strike (in every server)"
HELD, SPOILER = Effect(ruling=Ruling.HOLD), Effect(ruling=Ruling.SPOILER)


def line(guild: GuildPolicy, rule: RuleId = OPEN, **more: object) -> PolicyLine:
    return effective(BOOK, guild, HERE, **more).lines[rule]  # type: ignore[arg-type]


def test_the_nearest_layer_that_sets_a_rule_decides() -> None:
    guild = replace(PLAIN, preset="family")
    assert line(guild) == PolicyLine(effect=REFUSED, layer=Layer.PRESET, layers=(Layer.PRESET,))
    for name, layer, effect in (
        ("server", Layer.SERVER, HELD),
        ("category", Layer.CATEGORY, SPOILER),
        ("parent", Layer.CHANNEL, NOTHING),
        ("channel", Layer.CHANNEL, REFUSED),
    ):
        guild = with_line(guild, name, Overrides(effects={OPEN: effect}))
        assert line(guild) == PolicyLine(effect=effect, layer=layer, layers=(layer,)), name
    guild = replace(guild, roles={ROLES[0]: RoleTerms(exempt=frozenset({OPEN}))})
    assert line(guild).effect == REFUSED, "a role that the member does not have"
    freed = line(guild, roles=frozenset({ROLES[0], RoleId(5)}))
    assert freed == PolicyLine(effect=NOTHING, layer=Layer.ROLE, layers=(Layer.ROLE,))


def test_settings_of_other_places_have_no_effect_here() -> None:
    elsewhere = Overrides(effects={OPEN: REFUSED}, enabled=False)
    guild = replace(
        PLAIN,
        channels={ELSEWHERE: elsewhere, CATEGORY: elsewhere},
        categories={ELSEWHERE: elsewhere, CHANNEL: elsewhere, PARENT: elsewhere},
    )
    policy = effective(BOOK, guild, HERE)
    assert policy.lines[OPEN].effect == NOTHING
    assert policy.enabled


def test_a_line_names_the_layers_it_is_made_of() -> None:
    family = replace(PLAIN, preset="family")
    grown = line(family, GROWN)
    assert grown.effect == ADULTS | REFUSED
    assert (grown.layer, grown.layers) == (Layer.PRESET, (Layer.FLOOR, Layer.PRESET))
    standard = line(PLAIN, GROWN)
    assert (standard.layer, standard.layers) == (Layer.FLOOR, (Layer.FLOOR,))
    loose = replace(PLAIN, preset="age-restricted")
    lawful = line(loose, LAWFUL, licence=frozenset({LAWFUL}))
    assert (lawful.effect, lawful.layer) == (REFUSED, Layer.LICENCE)
    assert line(loose, LAWFUL, licence=frozenset()).effect == NOTHING
    bound = line(PLAIN, GROWN, licence=frozenset({GROWN}))
    assert bound.effect == ADULTS | REFUSED, "a rule that the licence asks for is refused"
    assert (bound.layer, bound.layers) == (Layer.LICENCE, (Layer.FLOOR, Layer.LICENCE))
    alerting = with_line(loose, "server", Overrides(effects={LAWFUL: Effect(alert=True)}))
    lawful = line(alerting, LAWFUL, licence=frozenset({LAWFUL}))
    assert lawful.effect == REFUSED | Effect(alert=True)
    assert (lawful.layer, lawful.layers) == (Layer.LICENCE, (Layer.LICENCE, Layer.SERVER))


@pytest.mark.parametrize("licence", [frozenset[RuleId](), frozenset({LAWFUL})])
def test_an_excuse_lifts_neither_the_floor_nor_the_models_licence(
    licence: frozenset[RuleId],
) -> None:
    family = replace(PLAIN, preset="family", blocked=(Term(text="owl"),))
    policy = effective(BOOK, family, HERE, licence=licence)
    excused = with_excused(policy, [Finding(rule=rule) for rule in (NEVER, LAWFUL, GROWN, SERVER)])
    found = {rule: line.effect for rule, line in excused.lines.items()}
    assert found == {
        NEVER: FLOOR,
        LAWFUL: REFUSED if licence else NOTHING,
        GROWN: ADULTS,
        OPEN: REFUSED,
        SERVER: NOTHING,
    }
    assert excused.exempt == {NEVER, LAWFUL, GROWN, SERVER}
    assert with_excused(policy, ()) == policy


def test_an_unknown_licence_asks_for_every_licence_rule() -> None:
    loose = replace(PLAIN, preset="age-restricted")
    assert line(loose, LAWFUL).effect == REFUSED
    assert ground_of(BOOK).lines[LAWFUL].effect == REFUSED
    assert ground_of(BOOK, frozenset()).lines[LAWFUL].effect == NOTHING


@pytest.mark.parametrize(
    ("id_", "rules", "bound"),
    [
        ("strict", (), {LAWFUL}),
        ("lax", (), set()),
        ("lax", (OPEN,), {OPEN}),
        ("strict", (OPEN,), {LAWFUL, OPEN}),
        ("mine", (), {LAWFUL}),
        (None, (), {LAWFUL}),
        (None, (OPEN,), {LAWFUL, OPEN}),
        ("lax", ("bygone",), {LAWFUL, "bygone"}),
    ],
)
def test_a_card_says_which_rules_its_licence_asks_for(
    id_: str | None, rules: tuple[str, ...], bound: set[str]
) -> None:
    """An unknown licence, or an unknown rule on a card, counts as the strictest."""
    info = replace(INFO, licence_id=id_, licence_rules=rules)
    assert rules_of_licence(BOOK, info) == bound


def test_the_licences_of_the_programs_own_cards_are_known() -> None:
    book = rulebooks.load()
    for card in ("openrail-m", "faipl-1.0-sd"):
        assert rules_of_licence(book, replace(INFO, licence_id=card)) == set(book.licences[card])


def test_only_floor_and_licence_hold_everywhere() -> None:
    lines = ground_of(BOOK, frozenset({LAWFUL})).lines
    assert {rule: found.effect for rule, found in lines.items()} == {
        NEVER: FLOOR,
        LAWFUL: REFUSED,
        GROWN: ADULTS,
        OPEN: NOTHING,
    }
    assert floor_effect(BOOK.rules[LAWFUL]) == NOTHING


def test_an_unknown_preset_is_as_strict_as_all_presets_together() -> None:
    for rule, own in ((OPEN, NOTHING), (GROWN, ADULTS), (NEVER, FLOOR)):
        known = [preset_effect(BOOK, name, rule) for name in BOOK.presets]
        assert preset_effect(BOOK, "bygone", rule) == join(known)
        assert preset_effect(replace(BOOK, presets={}), "bygone", rule) == own
    assert line(replace(PLAIN, preset="bygone")).effect == REFUSED


@pytest.mark.parametrize(
    ("document", "enabled", "by"),
    [
        ({}, True, Layer.SERVER),
        ({"rules": Overrides(enabled=False)}, False, Layer.SERVER),
        ({"rules": Overrides(enabled=True)}, True, Layer.SERVER),
        ({"categories": {CATEGORY: Overrides(enabled=False)}}, False, Layer.CATEGORY),
        ({"channels": {PARENT: Overrides(enabled=False)}}, False, Layer.CHANNEL),
        ({"channels": {CHANNEL: Overrides(enabled=False)}}, False, Layer.CHANNEL),
        (
            {
                "channels": {CHANNEL: Overrides(enabled=True), PARENT: Overrides(enabled=False)},
                "rules": Overrides(enabled=False),
            },
            True,
            Layer.CHANNEL,
        ),
        (
            {"categories": {CATEGORY: Overrides(enabled=True)}, "rules": Overrides(enabled=False)},
            True,
            Layer.CATEGORY,
        ),
        ({"paused": True, "channels": {CHANNEL: Overrides(enabled=True)}}, False, Layer.SERVER),
        ({"only_channels": frozenset({ELSEWHERE})}, False, Layer.SERVER),
        (
            {
                "only_channels": frozenset({ELSEWHERE}),
                "channels": {CHANNEL: Overrides(enabled=True)},
            },
            False,
            Layer.SERVER,
        ),
        ({"only_channels": frozenset({ELSEWHERE, CHANNEL})}, True, Layer.SERVER),
        ({"only_channels": frozenset({PARENT})}, True, Layer.SERVER),
        ({"only_channels": frozenset({CATEGORY})}, True, Layer.SERVER),
        (
            {
                "only_channels": frozenset({CHANNEL}),
                "channels": {CHANNEL: Overrides(enabled=False)},
            },
            False,
            Layer.CHANNEL,
        ),
    ],
)
def test_settings_decide_where_the_bot_is_switched_on(
    document: dict[str, object], *, enabled: bool, by: Layer
) -> None:
    policy = effective(BOOK, replace(PLAIN, **document), HERE)
    assert (policy.enabled, policy.enabled_by) == (enabled, by)


def test_a_servers_term_has_its_own_effect() -> None:
    guild = replace(
        PLAIN,
        blocked=(
            Term(text="dragon", effect=SPOILER),
            Term(text="owl", effect=HELD),
            Term(text="dragon", effect=Effect(alert=True)),
        ),
    )
    policy = effective(BOOK, guild, HERE)
    both = Finding(rule=SERVER, words=("dragon", "owl"))
    assert policy.effect(Finding(rule=SERVER, words=("dragon",))) == SPOILER | Effect(alert=True)
    assert policy.effect(both) == HELD | Effect(alert=True)
    with pytest.raises(KeyError):
        policy.effect(Finding(rule=SERVER, words=("bygone",)))
    with pytest.raises(KeyError):
        policy.effect(Finding(rule=RuleId("bygone"), words=()))
    freed = with_line(guild, "channel", Overrides(effects={SERVER: NOTHING}))
    assert effective(BOOK, freed, HERE).effect(both) == NOTHING, "a channel lets them pass"
    assert policy.effect(Finding(rule=NEVER, words=("x",))) == FLOOR


def test_a_setting_of_a_removed_rule_is_ignored() -> None:
    guild = with_line(PLAIN, "server", Overrides(effects={RuleId("bygone"): REFUSED}))
    assert effective(BOOK, guild, HERE).lines.keys() == BOOK.rules.keys()


def test_another_servers_policy_is_a_fault() -> None:
    with pytest.raises(AssertionError):
        effective(BOOK, PLAIN, replace(HERE, guild_id=GuildId(1)))


def test_places_of_one_document_are_not_mixed_up() -> None:
    lines = {CHANNEL: HELD, ELSEWHERE: SPOILER}
    guild = replace(PLAIN, channels={id_: Overrides(effects={OPEN: e}) for id_, e in lines.items()})
    for id_, effect in [*lines.items(), *lines.items()]:
        place = Place(guild_id=GUILD, channel_id=id_)
        assert effective(BOOK, guild, place).lines[OPEN].effect == effect


def test_an_allowed_phrase_hides_its_words_from_every_rule_but_the_floors() -> None:
    book = rulebooks.load()
    guild = replace(PLAIN, allowed=("nude statue", "nude loli"))
    screen = effective(book, guild, HERE).screen
    assert not screen.findings("a nude statue")
    assert {f.rule for f in screen.findings("nude, smile")} == {"sexual"}
    assert "minors-sexualised" in {f.rule for f in screen.findings("nude loli")}
    assert ground_of(book).screen.findings("a nude statue")


def test_compiled_terms_and_lines_are_kept_with_the_document() -> None:
    first = effective(BOOK, guild := replace(PLAIN), HERE)
    again = effective(BOOK, guild, HERE, frozenset(ROLES))
    assert first.screen is again.screen, "the server's terms are compiled once"
    assert first.lines is again.lines
    assert effective(BOOK, replace(guild), HERE).screen is not first.screen
    other = make_rulebook()
    assert effective(other, guild, HERE).rulebook is other
    assert guild == replace(guild), "the compiled parts are not part of the document"


def test_a_place_is_explained_line_by_line() -> None:
    guild = replace(
        with_line(PLAIN, "channel", Overrides(effects={OPEN: HELD, SERVER: SPOILER})),
        categories={CATEGORY: Overrides(enabled=False)},
        preset="family",
    )
    assert effective(BOOK, guild, HERE).explain() == (
        "Switched off here (this category)",
        f"Title of never: {FLOOR_IN_WORDS}",
        "Title of lawful: refused (the model's licence)",
        "Title of grown: refused (in every server and the preset)",
        "Title of open: held until a moderator approves (this channel)",
        "Blocked words of this server: shown behind a spoiler (this channel)",
    )
    assert effective(BOOK, PLAIN, HERE).explain()[0] == "Switched on here (this server)"
    freed = replace(PLAIN, roles={ROLES[0]: RoleTerms(exempt=frozenset({OPEN}))})
    explained = effective(BOOK, freed, HERE, frozenset(ROLES)).explain()
    assert explained[-1] == "Title of open: allowed (exempt by a role)"
    assert "in age-restricted channels only (in every" in explained[-2]


def test_rules_are_called_by_their_titles() -> None:
    assert title_of(BOOK, OPEN) == "Title of open"
    assert title_of(BOOK, SERVER) == "Blocked words of this server"
    assert title_of(BOOK, RuleId("bygone")) == "bygone"


def test_a_channel_without_a_category_obeys_the_channel_list() -> None:
    bare = Place(guild_id=GUILD, channel_id=ChannelId(1))
    assert effective(BOOK, PLAIN, bare).enabled
    assert not effective(
        BOOK, replace(PLAIN, only_channels=frozenset({ChannelId(2)})), bare
    ).enabled


def test_the_programs_own_rulebook_works_under_every_preset() -> None:
    book = rulebooks.load()
    for preset in book.presets:
        policy = effective(book, replace(PLAIN, preset=preset), HERE)
        assert policy.lines.keys() == book.rules.keys()
        assert policy.explain()


def test_is_compiled_is_true_only_after_use_with_that_rulebook() -> None:
    guild = replace(PLAIN)
    assert not is_compiled(BOOK, guild)
    effective(BOOK, guild, HERE)
    assert is_compiled(BOOK, guild)
    assert not is_compiled(make_rulebook(), guild)


def test_everywhere_uses_the_given_rulebook() -> None:
    book = make_rulebook()
    assert ground_of(book).rulebook is book
    assert ground_of(book).screen.findings("1girl") == frozenset()


def test_an_unknown_place_names_the_layer_that_made_it_strict() -> None:
    """The channel may be in the category, so the category's setting counts, as its own layer."""
    guild = replace(PLAIN, categories={CATEGORY: Overrides(effects={OPEN: REFUSED})})
    unknown = Place(guild_id=GUILD, channel_id=CHANNEL, whole=False)
    assert effective(BOOK, guild, unknown).lines[OPEN].layer is Layer.CATEGORY
