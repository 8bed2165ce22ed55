"""What the screening sees through, and what it leaves in peace."""

# ruff: noqa: RUF001  letters that look alike are what is tested
from __future__ import annotations

import pytest

from bot.domain import RuleId
from bot.policy import floor
from bot.policy.rules import Criterion
from bot.policy.screening import findings, normalise

LISTS = {name: terms for name, terms in vars(floor).items() if isinstance(terms, frozenset)}


def rules(prompt: str, negative: str = "") -> set[RuleId]:
    return {finding.rule for finding in findings(prompt, negative)}


@pytest.mark.parametrize("name", LISTS)
def test_every_term_is_written_in_its_normal_form(name: str) -> None:
    """A term in another form would never match anything."""
    assert {term: normalise(term) for term in LISTS[name]} == {t: t for t in LISTS[name]}


RULES = [rule for rule in Criterion if rule is not Criterion.SERVER]


def found_with(rule: Criterion, word: str, beside: str) -> bool:
    """Whether a word of the rule is found beside another word."""
    if rule.value.unwanted:
        return rule.id in rules(f"{beside}, smile", negative=word)
    return rule.id in rules(f"{beside}, {word}, smile")


@pytest.mark.parametrize("rule", RULES)
def test_every_word_of_a_rule_is_found_where_it_counts(rule: Criterion) -> None:
    wanted = rule.value
    beside = min(wanted.beside) if wanted.beside else "1girl"
    assert wanted.words
    assert not [word for word in wanted.words if not found_with(rule, word, beside)]
    one = min(wanted.words)
    assert not [word for word in wanted.beside or () if not found_with(rule, one, word)]


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.value.beside])
def test_a_word_that_counts_beside_another_counts_nowhere_else(rule: Criterion) -> None:
    assert not [word for word in rule.value.words if found_with(rule, word, "1girl")]


@pytest.mark.parametrize(
    "prompt",
    [
        "LoLi", "ｌｏｌｉ", "𝓵𝓸𝓵𝓲", "ⓛⓞⓛⓘ", "🅻🅾🅻🅸", "🇱🇴🇱🇮", "ʟᴏʟɪ", "ⅼoⅼi",  # NFKC and case
        "lо\u200bli", "lo\u00adli", "l\u2060oli", "l̶o̶l̶i̶", "lóli", "l\ufe0fo\ufe0fli",  # unseen
        "lоli", "lοli", "løli", "лоли", "лоликон", "шота",  # other scripts
        "l o l i", "l.o.l.i", "l-o-l-i", "l * o * l * i", "l🌸o🌸l🌸i", "l。o。l。i", "l!o!l!i",
        "lo-li", "lo_li", "lo.li", "lo li", "lo\nli", "sho ta",  # spacing
        "l0li", "lo1i", "1oli", "shot@", "$hota", "lol!", "1loli", "2lolis", "loli2", "looooli",
        "(loli:1.3)", "((lo)li)", "[lo]li", "lo(li:1.2)", "{loli}", "<lora:loli:1>", "loli_girl",
        "ロリ", "合法ロリ", "ロリっ子", "幼女の絵", "loliの絵", "ﾛﾘ",  # scripts without spaces
    ],
)  # fmt: skip
def test_a_spelling_trick_is_seen_through(prompt: str) -> None:
    assert Criterion.SEXUALISED_MINOR.id in rules(f"1girl, {prompt}, smile")


@pytest.mark.parametrize(
    "prompt",
    [
        "nude, 15yo", "nude, 12 y/o", "nude 16 years old", "nude, a seventeen-year-old",
        "nude, age 15", "nude, aged 9", "nude, 15歳", "n u d e, child", "nud3 k1d",
        "sexy schoolgirl",
        "kids in lingerie", "topless, middle school", "裸の少女",
    ],
)  # fmt: skip
def test_a_minor_beside_anything_sexual_is_found(prompt: str) -> None:
    assert Criterion.MINOR_IN_SEXUAL_CONTEXT.id in rules(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "1girl, blue hair, glasses, smile", "2girls, classic dress, grape soda",
        "1boy, bass guitar",
        "cocktail dress, night city", "analog clock", "peacock feathers", "assassin, dagger",
        "1girl, grass field, glass of water", "scunthorpe castle", "cumulonimbus clouds, summer",
        "lolita fashion, gothic dress", "lollipop, candy", "shot glass", "a shot at the sky",
        "shooting star, close-up shot", "calorie, カロリー", "プロリーグ", "フロリダ", "美少女",
        "mother and child, park", "baby dragon", "teenage wizard, staff", "schoolgirl, umbrella",
        "4koma", "1koma, 3d render", "8bit pixel art", "mature female, kimono", "Essex countryside",
        "sextant, sailor", "therapist office", "drapes, window", "rapeseed oil",
        "kid icarus", "minor key, piano", "100 years old tree", "115 years old elf, bikini",
        "15 candles, birthday cake", "flag 🇯🇵, 🌸", "فتاة واحدة، شعر أزرق",
        "1girl, baby blue bikini",
        "title card", "hello kitty", "analysis of a cube", "coca-cola bottle", "uncanny valley",
    ],
)  # fmt: skip
def test_harmless_words_are_left_in_peace(prompt: str) -> None:
    assert not findings(prompt)


def test_sexual_words_alone_are_for_adults_and_no_more() -> None:
    assert rules("1girl, nude, beach") == {Criterion.SEXUAL.id}
    assert rules("1girl, n.u.d.e") == {Criterion.SEXUAL.id}


def test_what_is_unwanted_is_not_wanted() -> None:
    assert not rules("1girl, smile", negative="loli, child, nsfw, nude")
    assert rules("1girl, nude", negative="loli, child") == {Criterion.SEXUAL.id}
    assert Criterion.ADULTHOOD_UNWANTED.id in rules("1girl, nude", negative="mature female, lowres")


def test_real_people_are_found_beside_sexual_words_only() -> None:
    assert not rules("a politician giving a speech")
    assert Criterion.REAL_PERSON_IN_SEXUAL_CONTEXT.id in rules("nude politician")


@pytest.mark.parametrize(
    ("term", "prompt"),
    [
        ("spoiler dragon", "Spoiler_Dragon, sky"),
        ("Spoiler Dragon", "1girl, s p o i l e r dragon"),
        ("dragon", "dr4gon"),
        ("ドラゴン", "赤いドラゴンの絵"),
    ],
)
def test_a_servers_term_is_found_in_its_own_spelling(term: str, prompt: str) -> None:
    found = findings(prompt, blocked=frozenset({term, "something else"}))
    assert [(f.rule, f.words) for f in found] == [(Criterion.SERVER.id, (term,))]


def test_a_term_without_letters_blocks_nothing() -> None:
    assert not findings("1girl, smile", blocked=frozenset({"", "!!", "\u200b"}))
