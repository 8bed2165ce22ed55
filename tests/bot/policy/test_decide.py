"""Decisions: the join, the floor, servers' own rules, and age-restricted places."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import rulebooks
from bot.domain import (
    Admitted,
    ChannelId,
    Layer,
    Place,
    Rating,
    RefusalReason,
    Refused,
    RoleId,
    RuleId,
    Ruling,
)
from bot.policy.decide import admit
from bot.policy.effect import NOTHING, Audience, Effect
from bot.policy.layers import GuildPolicy, Overrides, RoleTerms, effective, ground_of
from bot.policy.rulebook import SERVER
from bot.policy.screening import Screen, Term
from bot.words import refusals
from tests.stages.factories import CHANNEL, GUILD, make_ask, make_place
from tests.stages.law import FixedScreen, make_guild, make_policy
from tests.stages.policies import ADULTS, BOOK, GROWN, LAWFUL, NEVER, OPEN, REFUSED

ROOT = Path(__file__).parents[3]
FREE = make_guild()
STRICTEST = Effect(ruling=Ruling.REFUSE, audience=Audience.ADULTS, alert=True, strike=True)
GROUND = ground_of(rulebooks.load())
PARENT = ChannelId(CHANNEL + 1)


def refusal(prompt: str, guild: GuildPolicy = FREE, place: Place | None = None) -> RefusalReason:
    verdict = admit(make_ask(prompt, place=place), make_policy(guild, place))
    assert isinstance(verdict, Refused), verdict
    assert verdict.text
    return verdict.reason


def test_only_policy_constructs_admitted_and_released_values() -> None:
    """From the syntax tree, under whatever name the class was imported."""
    faults: list[str] = []
    for path in [p for top in ("bot", "cogs", "models") for p in (ROOT / top).rglob("*.py")]:
        if path == ROOT / "bot" / "policy" / "decide.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.ImportFrom(names=names):
                    renamed = [n for n in names if n.asname and n.name in {"Admitted", "Released"}]
                    faults += [f"{path}:{node.lineno}: renamed" for _ in renamed]
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                    if name in {"Admitted", "Released"}:
                        faults.append(f"{path}:{node.lineno}: constructs {name}")
                    if name == "replace" and "admitted" in ast.unparse(node).lower():
                        faults.append(f"{path}:{node.lineno}: alters an Admitted")
                case _:
                    pass
    assert not faults, faults


def test_a_harmless_ask_is_admitted_unchanged() -> None:
    ask = make_ask("1girl, blue hair")
    assert admit(ask, make_policy()) == Admitted(
        ask=ask, rating=Rating.GENERAL, ruling=Ruling.ALLOW
    )


ADULT_PLACES = [
    Place(guild_id=GUILD, channel_id=CHANNEL, channel_age_restricted=True),
    Place(guild_id=GUILD, channel_id=CHANNEL, parent_id=PARENT, parent_age_restricted=True),
    Place(guild_id=GUILD, channel_id=CHANNEL, guild_age_restricted=True),
]


@pytest.mark.parametrize("place", ADULT_PLACES)
def test_the_floor_holds_in_every_place(place: Place) -> None:
    for prompt in ("loli", "nude, schoolgirl", "rape", "nude actress"):
        assert refusal(prompt, place=place) is RefusalReason.FLOOR


def test_no_servers_policy_can_lower_the_floor() -> None:
    """A server's settings only ever add to what is found."""
    for guild in (make_guild(), make_guild(Term(text="loli", effect=NOTHING))):
        assert refusal("loli", guild, make_place(adult=True)) is RefusalReason.FLOOR


@pytest.mark.parametrize("place", ADULT_PLACES)
def test_channel_parent_and_server_each_make_a_place_adult(place: Place) -> None:
    verdict = admit(make_ask("1girl, nude", place=place), make_policy(place=place))
    assert isinstance(verdict, Admitted)
    assert verdict.rating is Rating.EXPLICIT


def test_sexual_content_in_an_ordinary_channel_is_refused_for_age() -> None:
    assert refusal("1girl, nude") is RefusalReason.AGE


def test_a_servers_term_is_refused_with_its_reason() -> None:
    term = Term(text="spoiler dragon", reason="we are still reading it")
    guild = make_guild(term, "politics")
    verdict = admit(make_ask("Spoiler-Dragon in the sky"), make_policy(guild))
    assert isinstance(verdict, Refused)
    assert verdict.reason is RefusalReason.SERVER
    assert "spoiler dragon" in verdict.text
    assert "we are still reading it" in verdict.text
    assert "politics" not in verdict.text
    assert refusal("nude, politics", guild) is RefusalReason.SERVER


def test_a_refusal_of_many_terms_still_fits_a_message() -> None:
    terms = [f"{'x' * 70} {n}" for n in range(60)]
    guild = make_guild(*(Term(text=t, reason="r" * 200) for t in terms))
    verdict = admit(make_ask(", ".join(terms)), make_policy(guild))
    assert isinstance(verdict, Refused)
    assert len(verdict.text) <= 2000


@pytest.mark.parametrize("off", [CHANNEL, PARENT])
def test_a_channel_switched_off_silences_its_threads_too(off: ChannelId) -> None:
    guild = make_guild(disabled=off)
    place = Place(guild_id=GUILD, channel_id=CHANNEL, parent_id=PARENT)
    assert refusal("1girl", guild, place) is RefusalReason.CHANNEL


def test_an_internal_error_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    elsewhere = make_policy(place=make_place(adult=True))
    assert isinstance(refused := admit(make_ask(), elsewhere), Refused)
    assert refused.reason is RefusalReason.FAULT
    monkeypatch.setattr(Screen, "findings", broken)
    assert refusal("1girl") is RefusalReason.FAULT


HELD, SPOILER = Effect(ruling=Ruling.HOLD), Effect(ruling=Ruling.SPOILER)
WORDS = {NEVER: ["wicked"], LAWFUL: ["libel"], GROWN: ["bare"], OPEN: ["bikini", "beach"]}


def verdict_of(
    *found: RuleId,
    adult: bool = False,
    licence: frozenset[RuleId] = frozenset(),
    guild: GuildPolicy | None = None,
    words: Mapping[RuleId, Sequence[str]] = WORDS,
) -> Admitted | Refused:
    """The verdict on a prompt in which the tests' rules find their words."""
    place = make_place(adult=adult)
    policy = effective(BOOK, guild or make_guild(), place, licence=licence)
    screen = FixedScreen({rule: words[rule] for rule in found})
    return admit(make_ask(place=place), replace(policy, screen=screen))


def refused(*found: RuleId, **more: Any) -> Refused:
    verdict = verdict_of(*found, **more)
    assert isinstance(verdict, Refused)
    return verdict


@pytest.mark.parametrize("adult", [False, True])
@pytest.mark.parametrize("others", [(), (GROWN,), (LAWFUL, GROWN, OPEN)])
def test_a_floor_finding_is_reported_before_all_others(
    *, adult: bool, others: tuple[RuleId, ...]
) -> None:
    verdict = refused(NEVER, *others, adult=adult, licence=frozenset({LAWFUL}))
    assert (verdict.reason, verdict.rule, verdict.layer) == (
        RefusalReason.FLOOR,
        NEVER,
        Layer.FLOOR,
    )
    assert verdict.text == refusals.floor(BOOK.rules[NEVER])
    assert verdict.words == ("wicked",)
    assert (verdict.appealable, verdict.strike, verdict.alert) == (False, True, True)


def test_a_floor_refusal_stays_the_floors_whatever_a_server_sets() -> None:
    for effect in (STRICTEST, ADULTS, NOTHING):
        guild = make_guild(channels={CHANNEL: Overrides(effects={NEVER: effect})})
        verdict = refused(NEVER, guild=guild)
        assert (verdict.reason, verdict.layer, verdict.appealable) == (
            RefusalReason.FLOOR,
            Layer.FLOOR,
            False,
        )


def test_a_licence_refusal_names_the_words_and_cannot_be_appealed() -> None:
    loose = make_guild(preset="age-restricted")
    verdict = refused(LAWFUL, OPEN, guild=loose, licence=frozenset({LAWFUL}))
    assert (verdict.reason, verdict.rule, verdict.layer) == (
        RefusalReason.FLOOR,
        LAWFUL,
        Layer.LICENCE,
    )
    assert verdict.text == refusals.refused(BOOK.rules[LAWFUL], ("libel",), Layer.LICENCE)
    assert (verdict.appealable, verdict.strike, verdict.alert) == (False, False, False)
    assert isinstance(verdict_of(LAWFUL, guild=loose), Admitted)


@pytest.mark.parametrize(
    ("document", "layer"),
    [
        ({"preset": "family"}, Layer.PRESET),
        ({"rules": Overrides(effects={OPEN: REFUSED})}, Layer.SERVER),
        ({"channels": {CHANNEL: Overrides(effects={OPEN: REFUSED})}}, Layer.CHANNEL),
    ],
)
def test_a_server_refusal_can_be_appealed(document: dict[str, Any], layer: Layer) -> None:
    verdict = refused(OPEN, guild=make_guild(**document))
    assert (verdict.reason, verdict.rule, verdict.layer) == (RefusalReason.SERVER, OPEN, layer)
    assert verdict.words == ("beach", "bikini")
    assert verdict.text == refusals.refused(BOOK.rules[OPEN], verdict.words, layer)
    assert verdict.appealable


def test_an_age_refusal_is_reported_before_a_hold() -> None:
    guild = make_guild(rules=Overrides(effects={OPEN: HELD}))
    verdict = refused(OPEN, GROWN, guild=guild)
    assert (verdict.reason, verdict.rule) == (RefusalReason.AGE, GROWN)
    assert verdict.text == refusals.adults(BOOK.rules[GROWN], ("bare",))
    assert not verdict.appealable, "another channel allows it"
    admitted = verdict_of(OPEN, GROWN, guild=guild, adult=True)
    assert isinstance(admitted, Admitted)
    assert (admitted.ruling, admitted.rating) == (Ruling.HOLD, Rating.EXPLICIT)


def test_a_server_refusal_does_not_point_to_an_age_restricted_channel() -> None:
    guild = make_guild(preset="family")
    for adult in (False, True):
        verdict = refused(GROWN, guild=guild, adult=adult)
        assert verdict.reason is RefusalReason.SERVER
        assert "age-restricted channel" not in verdict.text


@pytest.mark.parametrize("effect", [NOTHING, SPOILER, HELD])
def test_an_admitted_ask_carries_the_ruling_and_alert_of_its_rule(effect: Effect) -> None:
    for alert in (False, True):
        line = effect | Effect(alert=alert)
        admitted = verdict_of(OPEN, guild=make_guild(rules=Overrides(effects={OPEN: line})))
        assert isinstance(admitted, Admitted)
        assert (admitted.ruling, admitted.alert) == (effect.ruling, alert)


def test_an_exempt_role_lifts_a_rule_but_not_the_floor() -> None:
    role = RoleId(3)
    guild = make_guild(preset="family", roles={role: RoleTerms(exempt=frozenset({OPEN, NEVER}))})
    place = make_place()
    for rule, exempted in ((OPEN, Admitted), (NEVER, Refused)):
        policy = effective(BOOK, guild, place, frozenset({role}))
        policy = replace(policy, screen=FixedScreen({rule: WORDS[rule]}))
        assert isinstance(admit(make_ask(), policy), exempted)
        assert isinstance(verdict_of(rule, guild=guild), Refused)


def test_each_server_term_has_its_own_effect_and_reason() -> None:
    guild = make_guild(
        Term(text="owl", reason="no owls"),
        Term(text="cat", effect=ADULTS),
        Term(text="dog", effect=SPOILER),
    )
    verdict = refused(SERVER, guild=guild, words={SERVER: ["owl"]})
    assert (verdict.reason, verdict.rule, verdict.layer) == (
        RefusalReason.SERVER,
        SERVER,
        Layer.SERVER,
    )
    assert verdict.text == refusals.server_terms([("owl", "no owls")], for_adults=False)
    assert verdict.appealable
    grown = refused(SERVER, guild=guild, words={SERVER: ["cat"]})
    assert grown.reason is RefusalReason.AGE
    assert grown.text == refusals.server_terms([("cat", "")], for_adults=True)
    hidden = verdict_of(SERVER, guild=guild, words={SERVER: ["dog"]})
    assert isinstance(hidden, Admitted)
    assert hidden.ruling is Ruling.SPOILER


def test_an_unknown_finding_is_a_refusal() -> None:
    for rule in (RuleId("bygone"), SERVER):
        verdict = refused(rule, words={rule: ["x"]})
        assert verdict.reason is RefusalReason.FAULT
        assert (verdict.rule, verdict.appealable) == (None, False)


def test_a_silent_bot_says_why() -> None:
    off, paused = make_guild(disabled=CHANNEL), make_guild(paused=True)
    verdict = refused(guild=off)
    assert (verdict.reason, verdict.text, verdict.layer) == (
        RefusalReason.CHANNEL,
        refusals.SWITCHED_OFF,
        Layer.CHANNEL,
    )
    assert refused(guild=paused).text == refusals.PAUSED
    only = refused(guild=make_guild(only_channels=frozenset({ChannelId(4), ChannelId(5)})))
    assert (only.reason, only.layer) == (RefusalReason.CHANNEL, Layer.SERVER)


def test_an_ask_for_a_place_other_than_the_policys_is_a_fault() -> None:
    policy = make_policy(place=make_place(channel=CHANNEL + 5))
    verdict = admit(make_ask(), policy)
    assert isinstance(verdict, Refused)
    assert (verdict.reason, verdict.text) == (RefusalReason.FAULT, refusals.FAULT)
