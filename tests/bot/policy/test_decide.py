"""Decisions: the join, the floor, servers' own rules, age-restricted places, release."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bot import rulebooks
from bot.domain import (
    Admitted,
    ChannelId,
    Place,
    Rating,
    RefusalReason,
    Refused,
    Ruling,
)
from bot.policy.decide import admit
from bot.policy.effect import NOTHING
from bot.policy.layers import GuildPolicy, everywhere
from bot.policy.screening import Screen, Term
from tests.stages.factories import CHANNEL, GUILD, make_ask, make_place
from tests.stages.law import make_guild, make_policy

ROOT = Path(__file__).parents[3]
FREE = make_guild()
GROUND = everywhere(rulebooks.load())
PARENT = ChannelId(CHANNEL + 1)


def refusal(prompt: str, guild: GuildPolicy = FREE, place: Place | None = None) -> RefusalReason:
    verdict = admit(make_ask(prompt, place=place), make_policy(guild, place))
    assert isinstance(verdict, Refused), verdict
    assert verdict.text
    return verdict.reason


def test_only_policy_constructs_what_was_admitted_or_released() -> None:
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


def test_a_harmless_ask_is_admitted_as_it_is() -> None:
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
    """Whatever a server may say, it is only ever added to what is found."""
    for guild in (make_guild(), make_guild(Term(text="loli", effect=NOTHING))):
        assert refusal("loli", guild, make_place(adult=True)) is RefusalReason.FLOOR


@pytest.mark.parametrize("place", ADULT_PLACES)
def test_channel_parent_and_server_each_make_a_place_adult(place: Place) -> None:
    verdict = admit(make_ask("1girl, nude", place=place), make_policy(place=place))
    assert isinstance(verdict, Admitted)
    assert verdict.rating is Rating.EXPLICIT


def test_elsewhere_sexual_content_is_sent_to_an_age_restricted_channel() -> None:
    assert refusal("1girl, nude") is RefusalReason.AGE


def test_a_servers_term_is_refused_with_its_reason() -> None:
    told = Term(text="spoiler dragon", reason="we are still reading it")
    guild = make_guild(told, "politics")
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
    guild = make_guild(off=off)
    place = Place(guild_id=GUILD, channel_id=CHANNEL, parent_id=PARENT)
    assert refusal("1girl", guild, place) is RefusalReason.CHANNEL


def test_a_fault_of_ours_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    elsewhere = make_policy(place=make_place(adult=True))
    assert isinstance(refused := admit(make_ask(), elsewhere), Refused)
    assert refused.reason is RefusalReason.FAULT
    monkeypatch.setattr(Screen, "findings", broken)
    assert refusal("1girl") is RefusalReason.FAULT
