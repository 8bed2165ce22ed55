"""Decisions: the join, the floor, servers' own rules, age-restricted places, release."""

from __future__ import annotations

import ast
import math
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import (
    Admitted,
    ChannelId,
    GuildId,
    Place,
    Rating,
    RefusalReason,
    Refused,
    Released,
    Withheld,
)
from bot.policy import decide
from bot.policy.decide import BlockedTerm, GuildPolicy, admit, may_preview, release
from models.contract import Rendered, Scores
from tests.stages.factories import CHANNEL, GUILD, make_ask, make_draw, make_job, make_place
from tests.stages.fake_engine import INFO

ROOT = Path(__file__).parents[3]
FREE = GuildPolicy(guild_id=GUILD)
PARENT = ChannelId(CHANNEL + 1)


def refusal(prompt: str, guild: GuildPolicy = FREE, place: Place | None = None) -> RefusalReason:
    verdict = admit(make_ask(prompt, place=place), guild)
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
    assert admit(ask, FREE) == Admitted(ask=ask, rating=Rating.GENERAL)


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
    for blocked in [(), (BlockedTerm(term="loli", reason="ours"),)]:
        guild = GuildPolicy(guild_id=GUILD, blocked=blocked)
        assert refusal("loli", guild, make_place(adult=True)) is RefusalReason.FLOOR


@pytest.mark.parametrize("place", ADULT_PLACES)
def test_channel_parent_and_server_each_make_a_place_adult(place: Place) -> None:
    verdict = admit(make_ask("1girl, nude", place=place), FREE)
    assert isinstance(verdict, Admitted)
    assert verdict.rating is Rating.EXPLICIT


def test_elsewhere_sexual_content_is_sent_to_an_age_restricted_channel() -> None:
    assert refusal("1girl, nude") is RefusalReason.AGE


def test_a_servers_term_is_refused_with_its_reason() -> None:
    guild = GuildPolicy(
        guild_id=GUILD,
        blocked=(
            BlockedTerm(term="spoiler dragon", reason="we are still reading it"),
            BlockedTerm(term="politics", reason=""),
        ),
    )
    verdict = admit(make_ask("Spoiler-Dragon in the sky"), guild)
    assert isinstance(verdict, Refused)
    assert verdict.reason is RefusalReason.SERVER
    assert "spoiler dragon" in verdict.text
    assert "we are still reading it" in verdict.text
    assert "politics" not in verdict.text
    assert refusal("nude, politics", guild) is RefusalReason.SERVER


def test_a_refusal_of_many_terms_still_fits_a_message() -> None:
    terms = [f"{'x' * 70} {n}" for n in range(60)]
    guild = GuildPolicy(
        guild_id=GUILD, blocked=tuple(BlockedTerm(term=t, reason="r" * 200) for t in terms)
    )
    verdict = admit(make_ask(", ".join(terms)), guild)
    assert isinstance(verdict, Refused)
    assert len(verdict.text) <= 2000


@pytest.mark.parametrize("off", [CHANNEL, PARENT])
def test_a_channel_switched_off_silences_its_threads_too(off: ChannelId) -> None:
    guild = GuildPolicy(guild_id=GUILD, disabled_channels=frozenset({off}))
    place = Place(guild_id=GUILD, channel_id=CHANNEL, parent_id=PARENT)
    assert refusal("1girl", guild, place) is RefusalReason.CHANNEL


def test_a_fault_of_ours_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    assert refusal("1girl", GuildPolicy(guild_id=GuildId(GUILD + 1))) is RefusalReason.FAULT
    monkeypatch.setattr(decide, "load", broken)
    assert refusal("1girl") is RefusalReason.FAULT


RENDERED = Rendered(row_id="0000000001", width_px=1, height_px=1, rgb=b"abc", batch_width=1)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"nudity": 0.1},
        {"blank": math.nan},
        {"blank": 0.0, "nudity": math.nan},
        {"blank": -0.1},
        {"blank": 1.5},
        {"blank": 0.9},
        {"blank": 0.0, "nudity": 0.95},
    ],
)
def test_what_is_not_known_to_be_fit_is_withheld(values: dict[str, float]) -> None:
    verdict = release(make_job(), RENDERED, Scores(values=values))
    assert isinstance(verdict, Withheld)
    assert verdict.text


def test_what_is_fit_is_released_with_what_it_may_be_treated_as() -> None:
    job = make_job()
    clean = release(job, RENDERED, Scores(values={"blank": 0.0, "nudity": 0.1}))
    assert isinstance(clean, Released)
    assert (clean.rgb, clean.rating) == (b"abc", Rating.GENERAL)
    adult = make_job(rating=Rating.EXPLICIT)
    shown = release(adult, RENDERED, Scores(values={"blank": 0.0, "nudity": 0.95}))
    assert isinstance(shown, Released)
    assert shown.rating is Rating.EXPLICIT


def test_a_plain_ask_is_admitted_by_its_place_and_its_picture_labelled_by_the_result() -> None:
    """A nude picture of a plain prompt is held back elsewhere, and shown where adults are."""
    for place, nude_is, adult in (
        (make_place(), Withheld, False),
        (make_place(adult=True), Released, True),
    ):
        admitted = admit(make_ask("1girl, beach", place=place), FREE)
        assert isinstance(admitted, Admitted)
        assert (admitted.rating is Rating.EXPLICIT) is adult
        job = make_job(prompt="1girl, beach", rating=admitted.rating)
        nude = release(job, RENDERED, Scores(values={"blank": 0.0, "nudity": 0.9}))
        assert isinstance(nude, nude_is)
        assert getattr(nude, "rating", Rating.EXPLICIT) is Rating.EXPLICIT
        clean = release(job, RENDERED, Scores(values={"blank": 0.0, "nudity": 0.1}))
        assert isinstance(clean, Released)
        assert clean.rating is Rating.GENERAL, "it may be shown again in every channel"


@pytest.mark.parametrize("values", [{"blank": 0.0}, {"blank": 0.0, "nudity": 0.0}])
def test_what_a_prompt_for_adults_draws_is_for_adults_whatever_was_measured(
    values: dict[str, float],
) -> None:
    for prompt, negative in (("1girl, nude", ""), ("1girl", "(nude:-1)")):
        draw = make_draw(prompt, negative=negative)
        job = replace(make_job(rating=Rating.EXPLICIT), draw=draw)
        shown = release(job, RENDERED, Scores(values=values))
        assert isinstance(shown, Released)
        assert shown.rating is Rating.EXPLICIT
        below = release(replace(job, rating=Rating.GENERAL), RENDERED, Scores(values=values))
        assert isinstance(below, Withheld), "the words became adult ones while it waited"


@pytest.mark.parametrize(("name", "threshold"), [("blank", 0.5), ("nudity", 0.8)])
def test_a_threshold_is_exactly_where_it_is_said_to_be(name: str, threshold: float) -> None:
    job = make_job()
    for value, fit in ((math.nextafter(threshold, 0), True), (threshold, False)):
        verdict = release(job, RENDERED, Scores(values={"blank": 0.0, name: value}))
        assert isinstance(verdict, Released if fit else Withheld)


def test_an_unfinished_picture_is_shown_only_where_a_finished_one_surely_could_be() -> None:
    bold = replace(INFO, can_draw_nudity=True)
    adult = make_job(rating=Rating.EXPLICIT)
    assert may_preview(make_job(), INFO)
    assert not may_preview(make_job(), bold)
    assert may_preview(adult, bold)
