"""Rules on levels of content ignore a denied word, and all other rules count it."""

from __future__ import annotations

import pytest

from bot.domain import RuleId
from bot.policy.decide import weigh
from bot.policy.denials import Denials, DenialWords
from bot.policy.layers import ground_of
from bot.policy.rulebook import SERVER
from bot.policy.screening import Screen, Term
from bot.rulebooks import load

BOOK = load()
DENIALS = Denials(BOOK.lexicon.denials)
SCREEN = Screen(BOOK)

#: The term stands between bars.
DENIED = """
a knight, without |blood|
1girl, (no |nudity|:1.3), tatami
no (|nudity|:1.3), tatami
no ((|nudity|))
NO |NUDITY|
not_|nude|, coat
never |gory|
nothing |sexual|, two knights
w/o |gore| please
a |gore|-free battle
a non-|nude| study of a dancer
no |naked| people
no |sexual| content, castle
no blood or |gore|
don't show |nudity|
not |nude| at all
keine |Nacktheit|, Alm
ohne |Blut| im Bild
pas de |nudité|
pas d'|orgie|
sin |sangre| en la espada
nada de |desnudos|
sem |nudez|, estádio
без |обнажёнки|, лес
не |голая|
无|裸露|,樱花
没有|裸体|的街道
|裸|ではない、桜
|流血|なしの大会
|피| 없이, 기사
|알몸|이 아닌 고양이
"""
NOT_DENIED = """
she is |nude|
why not |nude|
not not |nude|
never without |nudity|
no, |nude|
no. |nude|
not only |nude|
nothing if not |nude|
nothing but |nude|
not |nude|?
not |nudity|-free
not non-|nude|
no |nipple| covers
no |nudity| limits
no |n.u.d.e|, hat
|no bra|
not |without clothes|
[no:0.5] |nudity|
[no|full] |nudity|
casino |nude|
не без |секса|
nicht ohne |Sex|
Frau, noch |nackt| im Bett
不是没有|裸体|
不仅|裸体|
不要|不穿衣服|
|裸|ではないわけではない
|裸|じゃない?
|裸|でなくては
|全裸|ではないか
|裸|なしではない
|알몸| 없는 게 아닌 여자
"""


def split_at_bars(marked: str) -> tuple[str, str, str]:
    before, _, rest = marked.rpartition("|")[0].rpartition("|")
    return before, rest, marked.rpartition("|")[2]


@pytest.mark.parametrize("marked", DENIED.strip().split("\n"))
def test_a_denial_is_recognised_in_every_language(marked: str) -> None:
    assert DENIALS.is_denied(*split_at_bars(marked))


@pytest.mark.parametrize("marked", NOT_DENIED.strip().split("\n"))
def test_a_phrase_that_only_looks_like_a_denial_is_not_one(marked: str) -> None:
    assert not DENIALS.is_denied(*split_at_bars(marked))


def rules(prompt: str, negative: str = "", screen: Screen = SCREEN) -> set[RuleId]:
    return {finding.rule for finding in screen.findings(prompt, negative)}


@pytest.mark.parametrize(
    "prompt",
    [
        "zombie, no gore",
        "battle without blood or gore",
        "woman, not naked",
        "woman, never topless",
        "keine nackte Frau, Alm",
        "no coprophagia",
        "don't show gore",
        "w/o gore, please",
        "a gore-free battle",
        "Frau, nicht nackt",
        "femme, pas nue",
        "mujer no desnuda",
        "mulher não nua",
        "женщина, не голая",
        "裸ではない女性",
        "女人,没有全裸",
        "나체가 아닌 여자",
    ],
)
def test_content_level_rules_ignore_denied_words(prompt: str) -> None:
    assert not rules(prompt)


@pytest.mark.parametrize(
    ("prompt", "rule"),
    [
        ("young boy, not naked", "minors-sexual"),
        ("Emma Watson, not nude", "real-person-sexual"),
        ("woman, not raped", "sexual-violence"),
        ("no swastika", "hate-symbols"),
        ("no suicide", "self-harm"),
        # Somebody without these clothes is undressed.
        ("no bikini", "suggestive"),
    ],
)
def test_all_other_rules_count_denied_words(prompt: str, rule: str) -> None:
    assert RuleId(rule) in rules(prompt)


def test_a_licence_rule_counts_denied_words_and_ignores_allowed_phrases() -> None:
    gore = RuleId("gore")
    assert not weigh(ground_of(BOOK), "no gore", "").found
    bound = weigh(ground_of(BOOK, frozenset({gore})), "no gore", "")
    assert {finding.rule for finding in bound.found} == {gore}
    lenient = Screen(BOOK, allowed=["severed head"])
    assert not lenient.findings("severed head")
    assert {finding.rule for finding in lenient.findings("severed head", "", {gore})} == {gore}


def test_a_servers_own_terms_count_even_if_denied() -> None:
    assert rules("no dragon", screen=Screen(BOOK, [Term(text="dragon")])) == {SERVER}


@pytest.mark.parametrize(
    "prompt",
    [
        "no nudity, naked woman",
        "no clothes, woman",
        "no bra, woman",
        "not naked but topless",
        "(nude:1.2), (not nude:1.2)",
        "[no topless|topless] woman",
        "woman, no BREAK nude",
        "woman, (no:0.1) nude",
        "woman, <lora:no nude:1>",
        "woman, never not nude",
        "woman, no nude body hidden",
        "속옷 없이, 여자",
        "옷 없이, 여자",
        "パンツなし、女性",
        "没穿内衣的女人",
    ],
)
def test_a_word_that_is_not_really_denied_counts(prompt: str) -> None:
    assert RuleId("sexual") in rules(prompt)


def test_too_many_denials_count_as_asking_for_it() -> None:
    few, many = (", ".join(["not naked"] * count) for count in (12, 13))
    assert not rules(few)
    assert rules(many) == {RuleId("sexual")}


def test_a_denial_has_no_effect_in_the_negative_prompt() -> None:
    assert RuleId("sexual") in rules("1girl", "no clothes")
    assert RuleId("sexual") in rules("1woman, not", "(nude:-1)")


def test_a_denial_is_whole_words_in_languages_with_spaces() -> None:
    words = DenialWords(spaced=True, before=("no", "not"), little=("any",), behind=("at all",))
    denials = Denials({"english": words})
    assert denials.first == {"no", "not", "free", "frei"}
    assert denials.is_denied("a hat, no ", "nude", ", sky")
    assert denials.is_denied("not any ", "nude", " at all")
    for before, behind in (
        ("piano ", ""),
        ("no", ""),
        ("notany ", ""),
        ("no ", "s"),
        ("no ", " at allen"),
    ):
        assert not denials.is_denied(before, "nude", behind)


def test_a_language_without_a_kind_of_denial_word_has_no_such_denial() -> None:
    behind = Denials({"some": DenialWords(denied=("nai",), behind=("no",))})
    assert behind.is_denied("", "nude", "nai")
    assert behind.is_denied("", "nude", "naino hat")
    assert not behind.is_denied("", "nude", "")
    assert not behind.is_denied("bu", "nude", "")
    before = Denials({"some": DenialWords(before=("bu", "bushi"))})
    assert before.is_denied("bu", "nude", "")
    assert before.is_denied("bushi", "nude", "")
    assert not before.is_denied("", "nude", "nai")
    assert not before.is_denied("shi", "nude", "")
