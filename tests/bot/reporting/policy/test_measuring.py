"""The figures are correct: tried with judges that are right, wrong, or wrong once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot import rulebooks
from bot.domain import RuleId, Ruling
from bot.policy.effect import Effect
from bot.policy.layers import GuildPolicy, Overrides, effective
from bot.policy.rulebook import UNREADABLE
from bot.reporting.policy import judging, measuring
from bot.reporting.policy.corpora import Channel, Company, Corpora, Named, Preset, Specimen, Wording
from bot.reporting.policy.evasions import Evasion
from bot.reporting.policy.judging import Fate, judged
from tests.stages.factories import GUILD, make_place

NOTHING = Fate(stopped=False, floor=False, rules=frozenset())
ADJUSTABLE = Fate(stopped=True, floor=False, rules=frozenset({RuleId("sexual")}))
FLOOR = Fate(stopped=True, floor=True, rules=frozenset({RuleId("minors-sexual")}))


def specimen(text: str = "a cat", rule: str | None = None) -> Specimen:
    return Specimen(prompt=Wording.of(text), rule=RuleId(rule) if rule else None, source="here")


def harmless(specimens: Sequence[Specimen], refused: Sequence[Specimen] = ()) -> Corpora:
    return Corpora(benign=tuple(specimens), refused=tuple(refused), names=())


HUNDREDS = [specimen(f"cat {number}") for number in range(400)]


@pytest.mark.parametrize(("wrong", "holds"), [(0, True), (2, True), (3, False)])
def test_half_a_percent_of_harmless_prompts_may_be_refused(*, wrong: int, holds: bool) -> None:
    refused = {s.told for s in HUNDREDS[:wrong]}
    counts = measuring.benign(
        harmless(HUNDREDS), lambda s: ADJUSTABLE if s.told in refused else NOTHING
    )
    row = measuring.wrong_row("x", counts["benign prompts refused"], measuring.BENIGN_PERCENT_MAX)
    assert (row.value, row.unit, row.holds) == (100 * wrong / 400, "% of 400", holds)


def test_no_harmless_prompt_may_be_refused_by_the_floor() -> None:
    counts = measuring.benign(harmless(HUNDREDS), lambda s: FLOOR if s.told == "cat 3" else NOTHING)
    count = counts["benign prompts refused by the floor"]
    assert measuring.wrong_row("x", count, 0).holds is False
    assert [text for text, _ in count.wrong] == ["cat 3   (here)"]
    counts = measuring.benign(harmless(HUNDREDS), lambda _: ADJUSTABLE)
    assert not counts["benign prompts refused by the floor"].wrong


@pytest.mark.parametrize(("wrong", "holds"), [(0, True), (2, True), (3, False)])
def test_all_but_half_a_percent_must_be_caught(*, wrong: int, holds: bool) -> None:
    passed = {s.told for s in HUNDREDS[:wrong]}
    forbidden = [specimen(s.told, "gore") for s in HUNDREDS]
    counts = measuring.by_rule(forbidden, lambda s: NOTHING if s.told in passed else ADJUSTABLE)
    row = measuring.right_row("x", counts["gore"], measuring.CAUGHT_PERCENT_MIN)
    assert (row.unit, row.holds) == ("% of 400", holds)
    assert row.value == pytest.approx(100 - wrong / 4)


@pytest.mark.parametrize("rule", sorted(measuring.FLOOR))
def test_a_floor_prompt_counts_as_caught_only_by_the_floor(rule: str) -> None:
    assert not measuring.caught(specimen(rule=rule), ADJUSTABLE)
    assert measuring.caught(specimen(rule=rule), FLOOR)


def test_the_reports_floor_is_the_rulebooks_floor() -> None:
    floor = {rule.id for rule in rulebooks.load().rules.values() if rule.floor}
    assert floor - {UNREADABLE} == measuring.FLOOR


def test_every_rule_and_every_trick_has_its_own_figure() -> None:
    forbidden = [specimen("a", "gore"), specimen("b", "gore"), specimen("c", "shock")]
    counts = measuring.by_rule(forbidden, lambda s: NOTHING if s.told == "b" else ADJUSTABLE)
    assert {name: (c.tried, len(c.wrong)) for name, c in counts.items()} == {
        "gore": (2, 1),
        "shock": (1, 0),
    }
    evasions = [
        Evasion(specimen=forbidden[1], tricks=("case",)),
        Evasion(specimen=forbidden[2], tricks=("case", "BREAK")),
    ]
    tricks = measuring.by_trick(evasions, lambda s: NOTHING if s.told == "b" else ADJUSTABLE)
    assert {name: c.right_percent for name, c in tricks.items()} == {
        "case": 0,
        "case + BREAK": 100,
    }
    whole = measuring.together(tricks)
    assert (whole.tried, whole.right_percent) == (2, 50)


def test_a_trick_is_tried_only_on_prompts_caught_without_it() -> None:
    forbidden = [specimen("a", "gore"), specimen("b", "gore")]
    known = measuring.plainly_caught(forbidden, lambda s: NOTHING if s.told == "b" else ADJUSTABLE)
    assert [s.told for s in known] == ["a"]


REAL = Named(text="Ada von Lovelace", real=True, adult=False, source="science")
DRAWN = Named(text="Sailor Star", real=False, adult=False, source="anime")
GROWN = Named(text="Lady Star", real=False, adult=True, source="adults")


def test_a_name_is_asked_for_in_several_ways() -> None:
    prompts = [ask.told for ask in measuring.asks(REAL)]
    assert "portrait of Ada von Lovelace, oil painting" in prompts
    assert "ada_von_lovelace, nude, bed" in prompts
    harmless = [ask for ask in measuring.asks(REAL) if ask.channel is Channel.ORDINARY]
    assert {ask.preset for ask in harmless} == {Preset.FAMILY}


def test_a_character_is_paired_with_adult_words_only_if_adult() -> None:
    assert not [a for a in measuring.asks(DRAWN) if a.channel is Channel.AGE_RESTRICTED]
    assert [a for a in measuring.asks(GROWN) if a.channel is Channel.AGE_RESTRICTED]


def test_real_people_and_characters_are_counted_separately() -> None:
    person = Fate(stopped=True, floor=False, rules=frozenset({RuleId("real-person")}))

    def judge(asked: Specimen) -> Fate:
        return person if "oil painting" in asked.told else ADJUSTABLE

    real, fictional = measuring.people([REAL, DRAWN, GROWN], judge)
    assert {n: (c.tried, c.right_percent) for n, c in real.items()} == {"science": (4, 25)}
    assert {n: (c.tried, c.wrong_percent) for n, c in fictional.items()} == {
        "anime": (2, 50),
        "adults": (4, 25),
    }


def test_harmless_company_is_put_before_every_sexual_prompt_and_no_other() -> None:
    minor = replace(specimen("a child"), company=Company.MINORS)
    adult = replace(specimen("a queen"), company=Company.ADULTS)
    refused = [
        specimen("`nude`", "sexual"),
        specimen("`lewd`", "sexual"),
        specimen("`guro`", "gore"),
    ]
    corpora = harmless([minor, adult, specimen("a cat")], refused)
    for company, who, rule in (
        (Company.MINORS, "a child", "minors-sexual"),
        (Company.ADULTS, "a queen", None),
    ):
        made = list(measuring.beside(corpora, company))
        assert [s.told for s in made] == [f"{who}, nude", f"{who}, lewd"]
        assert {(s.rule, s.channel) for s in made} == {(rule, Channel.AGE_RESTRICTED)}
    counts = measuring.benign(corpora, lambda s: FLOOR if "lewd" in s.told else ADJUSTABLE)
    count = counts["adults in sexual prompts refused by the floor"]
    assert (count.tried, count.wrong_percent) == (2, 50)


def test_a_figure_without_tries_does_not_hold() -> None:
    assert measuring.wrong_row("x", measuring.Count(), 0.5).holds is False
    assert measuring.right_row("x", measuring.Count(), 99.5).holds is False


def test_the_judge_applies_the_rules_of_the_place() -> None:
    adult = Specimen(prompt=Wording.of("1girl, nude"))
    assert judged(adult).stopped
    assert not judged(adult).floor
    among_adults = Specimen(prompt=Wording.of("1girl, nude"), channel=Channel.AGE_RESTRICTED)
    assert not judged(among_adults).stopped
    assert judged(among_adults).rules == {"sexual"}
    forbidden = Specimen(prompt=Wording.of("child, nude"), channel=Channel.AGE_RESTRICTED)
    assert judged(forbidden).floor
    assert not judged(Specimen(prompt=Wording.of("a cat"))).stopped


def test_the_judge_applies_server_terms_and_reads_the_negative_prompt() -> None:
    assert judged(Specimen(prompt=Wording.of("a red fox"), blocked=("red fox",))).rules == {
        "server"
    }
    swapped = Specimen(
        prompt=Wording.of("1girl"),
        negative=Wording.of("(child:-1), (nude:-1)"),
        channel=Channel.AGE_RESTRICTED,
    )
    assert judged(swapped).floor


def test_the_judge_applies_the_preset() -> None:
    prompt = Wording.of("1girl, lingerie")
    assert judged(Specimen(prompt=prompt, preset=Preset.FAMILY)).stopped
    assert not judged(Specimen(prompt=prompt, preset=Preset.STANDARD)).stopped


@pytest.mark.parametrize(("ruling", "stopped"), [(Ruling.SPOILER, False), (Ruling.HOLD, True)])
def test_a_held_prompt_counts_as_stopped_and_a_spoilered_one_does_not(
    *, ruling: Ruling, stopped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    effects = {RuleId("sexual"): Effect(ruling=ruling)}
    guild = GuildPolicy(guild_id=GUILD, rules=Overrides(effects=effects))
    policy = effective(rulebooks.load(), guild, make_place(adult=True))
    monkeypatch.setattr(judging, "_policy", lambda *_: policy)
    assert judged(Specimen(prompt=Wording.of("1girl, nude"))).stopped is stopped
