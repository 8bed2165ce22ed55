"""The laws of the layers, for any settings: nobody gets below floor and licence."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import Finding, Layer, Place, RoleId, RuleId, Ruling
from bot.policy.effect import NOTHING, Audience, Effect
from bot.policy.layers import (
    EffectivePolicy,
    GuildPolicy,
    Overrides,
    PolicyLine,
    RoleTerms,
    effective,
    ground_of,
)
from bot.policy.rulebook import SERVER, Rulebook
from tests.stages.factories import GUILD
from tests.stages.policies import (
    ADULTS,
    ANY_RULES,
    BOOK,
    CATEGORY,
    CHANNEL,
    EFFECTS,
    ELSEWHERE,
    FEW_LINES,
    FLOOR,
    GROWN,
    LAWFUL,
    LICENCES,
    NEVER,
    OPEN,
    PARENT,
    PLACES,
    REFUSED,
    ROLES,
    make_rule,
    make_rulebook,
    overrides,
    policies,
    with_line,
)

PLAIN = GuildPolicy(guild_id=GUILD)
HERE = Place(guild_id=GUILD, channel_id=CHANNEL, parent_id=PARENT, category_id=CATEGORY)
FLOOR_IN_WORDS = "refused; moderators are told; counts as a strike (in every server)"
HELD, SPOILER = Effect(ruling=Ruling.HOLD), Effect(ruling=Ruling.SPOILER)
SOME_ROLES = st.frozensets(st.sampled_from(ROLES))
SOME_LICENCE = st.sampled_from([*LICENCES, None])
POLICIES = policies(lines=FEW_LINES)
MANY = settings(max_examples=100, deadline=None)


def effects(policy: EffectivePolicy) -> dict[RuleId, Effect]:
    return {rule: found.effect for rule, found in policy.lines.items()}


@MANY
@given(POLICIES, PLACES, SOME_ROLES, SOME_LICENCE)
def test_no_combination_of_layers_gets_below_floor_or_licence(
    guild: GuildPolicy, place: Place, roles: frozenset[RoleId], licence: frozenset[RuleId] | None
) -> None:
    policy = effective(BOOK, guild, place, roles, licence)
    assert policy.lines[NEVER].effect >= FLOOR
    assert policy.lines[NEVER].layer is Layer.FLOOR
    assert policy.lines[GROWN].effect >= ADULTS, "what is for adults stays for adults"
    if licence is None or LAWFUL in licence:
        assert policy.lines[LAWFUL].effect >= REFUSED
    for rule, ground in ground_of(BOOK, licence).lines.items():
        assert ground.effect <= policy.lines[rule].effect


@MANY
@given(EFFECTS)
def test_the_strictest_floor_absorbs_any_server_setting(said: Effect) -> None:
    strictest = Effect(ruling=Ruling.REFUSE, audience=Audience.ADULTS, alert=True, strike=True)
    book = make_rulebook(make_rule(NEVER, strictest, floor=True))
    guild = replace(PLAIN, channels={CHANNEL: Overrides(effects={NEVER: said})})
    found = effective(book, guild, HERE).lines[NEVER]
    assert found == PolicyLine(effect=strictest, layer=Layer.FLOOR, layers=(Layer.FLOOR,))


RULES = list(BOOK.rules.values())
#: Every two rules occur in either order. Only a few, because each rulebook is compiled.
TURNED_BOOKS = [make_rulebook(*order) for order in (RULES[::-1], RULES[2:] + RULES[:2])]


@MANY
@given(
    POLICIES, PLACES, st.sampled_from(TURNED_BOOKS), st.tuples(SOME_ROLES, SOME_LICENCE),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_the_order_of_rules_and_settings_does_not_matter(
    guild: GuildPolicy,
    place: Place,
    book: Rulebook,
    who: tuple[frozenset[RoleId], frozenset[RuleId] | None],
    dice: random.Random,
) -> None:
    def shuffled(lines: Overrides) -> Overrides:
        items = list(lines.effects.items())
        dice.shuffle(items)
        return replace(lines, effects=dict(items))

    turned = replace(
        guild,
        rules=shuffled(guild.rules),
        channels={id_: shuffled(o) for id_, o in reversed(guild.channels.items())},
        categories={id_: shuffled(o) for id_, o in reversed(guild.categories.items())},
        roles=dict(reversed(guild.roles.items())),
        blocked=guild.blocked[::-1],
    )
    one = effective(BOOK, guild, place, *who)
    other = effective(book, turned, place, *who)
    assert dict(one.lines) == dict(other.lines)
    assert (one.enabled, one.enabled_by) == (other.enabled, other.enabled_by)
    assert one.terms == other.terms


LAYERS = st.sampled_from(["server", "category", "parent", "channel"])


@MANY
@given(
    POLICIES, LAYERS, overrides(), st.tuples(ANY_RULES, EFFECTS, EFFECTS),
    st.tuples(SOME_ROLES, SOME_LICENCE),
)  # fmt: skip
def test_a_stricter_line_in_any_layer_never_makes_a_place_looser(
    guild: GuildPolicy,
    layer: str,
    lines: Overrides,
    setting: tuple[RuleId, Effect, Effect],
    who: tuple[frozenset[RoleId], frozenset[RuleId] | None],
) -> None:
    rule, low, more = setting
    loose = replace(lines, effects={**lines.effects, rule: low})
    strict = replace(lines, effects={**lines.effects, rule: low | more})
    before = effective(BOOK, with_line(guild, layer, loose), HERE, *who)
    after = effective(BOOK, with_line(guild, layer, strict), HERE, *who)
    for name, found in effects(before).items():
        assert found <= after.lines[name].effect


@MANY
@given(POLICIES, LAYERS, overrides(), SOME_ROLES)
def test_repeating_a_setting_changes_nothing(
    guild: GuildPolicy, layer: str, lines: Overrides, roles: frozenset[RoleId]
) -> None:
    once = with_line(guild, layer, lines)
    policy = effective(BOOK, once, HERE, roles)
    again = effective(BOOK, with_line(once, layer, lines), HERE, roles)
    assert dict(policy.lines) == dict(again.lines)
    spoken = Overrides(effects=effects(effective(BOOK, once, HERE)), enabled=policy.enabled)
    written = effective(BOOK, with_line(once, "channel", spoken), HERE)
    assert effects(written) == dict(spoken.effects), "a place that sets what holds there anyway"


@MANY
@given(POLICIES, PLACES, SOME_ROLES, SOME_LICENCE, st.frozensets(ANY_RULES))
def test_an_exemption_touches_only_its_rules_and_never_floor_or_licence(
    guild: GuildPolicy,
    place: Place,
    roles: frozenset[RoleId],
    licence: frozenset[RuleId] | None,
    exempt: frozenset[RuleId],
) -> None:
    role = RoleId(99)
    freed = replace(guild, roles={**guild.roles, role: RoleTerms(exempt=exempt)})
    before = effective(BOOK, freed, place, roles, licence)
    after = effective(BOOK, freed, place, roles | {role}, licence)
    ground = ground_of(BOOK, licence).lines
    for rule, found in effects(after).items():
        if rule in exempt:
            floor = ground[rule].effect if rule in ground else NOTHING
            assert found == floor
        else:
            assert found == before.lines[rule].effect


@MANY
@given(POLICIES, PLACES, SOME_ROLES, SOME_LICENCE)
def test_every_line_names_the_layers_that_made_it(
    guild: GuildPolicy, place: Place, roles: frozenset[RoleId], licence: frozenset[RuleId] | None
) -> None:
    for found in effective(BOOK, guild, place, roles, licence).lines.values():
        assert found.layer in found.layers or found.effect.ruling is Ruling.ALLOW
        assert len(set(found.layers)) == len(found.layers)
        assert list(found.layers) == sorted(found.layers, key=list(Layer).index)


@MANY
@given(POLICIES, PLACES, SOME_ROLES, SOME_LICENCE)
def test_remembered_lines_equal_freshly_computed_ones(
    guild: GuildPolicy, place: Place, roles: frozenset[RoleId], licence: frozenset[RuleId] | None
) -> None:
    """Lines kept with a document are the ones that a fresh document computes."""
    for other in (place, replace(place, channel_id=ELSEWHERE, category_id=None)):
        for some in (roles, frozenset[RoleId]()):
            for bound in (licence, frozenset({GROWN})):
                remembered = effective(BOOK, guild, other, some, bound)
                fresh = effective(BOOK, replace(guild), other, some, bound)
                assert dict(remembered.lines) == dict(fresh.lines)


@MANY
@given(POLICIES, SOME_ROLES, SOME_LICENCE, st.booleans(), st.data())
def test_a_partly_known_place_is_as_strict_as_any_it_may_be(
    guild: GuildPolicy,
    roles: frozenset[RoleId],
    licence: frozenset[RuleId] | None,
    in_thread: bool,  # noqa: FBT001  hypothesis gives it
    data: st.DataObject,
) -> None:
    """An unknown thread still has its parent's id; an unknown channel has no parent."""
    category = data.draw(st.sampled_from([*guild.categories, None]))
    parent = PARENT if in_thread else data.draw(st.sampled_from([*guild.channels, None]))
    unknown = Place(
        guild_id=GUILD, channel_id=CHANNEL, parent_id=PARENT if in_thread else None, whole=False
    )
    known = Place(guild_id=GUILD, channel_id=CHANNEL, parent_id=parent, category_id=category)
    strict = effective(BOOK, guild, unknown, roles, licence)
    real = effective(BOOK, guild, known, roles, licence)
    assert real.enabled or not strict.enabled
    for rule in real.lines.keys() - {SERVER}:
        assert real.lines[rule].effect <= strict.lines[rule].effect, rule
    for term in guild.blocked:
        found = Finding(rule=SERVER, words=(term.text,))
        assert real.effect(found) <= strict.effect(found), term


def test_rules_of_any_category_apply_if_the_category_is_unknown() -> None:
    guild = replace(
        PLAIN,
        categories={CATEGORY: Overrides(effects={OPEN: REFUSED}), ELSEWHERE: Overrides()},
        channels={ELSEWHERE: Overrides(effects={OPEN: HELD}, enabled=False)},
    )
    thread = Place(guild_id=GUILD, channel_id=CHANNEL, parent_id=PARENT, whole=False)
    assert effective(BOOK, guild, thread).lines[OPEN].effect == REFUSED
    assert effective(BOOK, guild, thread).enabled
    assert not effective(BOOK, guild, replace(thread, parent_id=None)).enabled
    spoken = replace(guild, channels={CHANNEL: Overrides(effects={OPEN: SPOILER}, enabled=True)})
    assert effective(BOOK, spoken, thread).lines[OPEN].effect == SPOILER, "its own line is known"
