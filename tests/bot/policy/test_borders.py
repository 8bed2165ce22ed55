"""Kanji that form a term only where two words meet are ignored; a written term is found."""

from __future__ import annotations

import pytest

from bot import rulebooks
from bot.policy.borders import is_chance
from bot.policy.screening import Screen

WORDS = {"出口", "交警", "口交", "学校", "交换"}


@pytest.mark.parametrize(
    ("text", "span"),
    [("出口交警", (1, 3)), ("地铁出口交警", (3, 5))],
)
def test_a_term_across_two_words_is_chance(text: str, span: tuple[int, int]) -> None:
    assert is_chance(text, span, WORDS)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("口交", (0, 2)),  # nothing beside it
        ("出口交", (1, 3)),  # a word on the left only
        ("口交警", (0, 2)),  # a word on the right only
        ("入口交警", (1, 3)),  # the word on the left is not in the list
        ("cock", (0, 4)),  # another script
    ],
)
def test_a_term_that_is_extended_on_one_side_only_is_not_chance(
    text: str, span: tuple[int, int]
) -> None:
    assert not is_chance(text, span, WORDS)


def test_a_term_between_two_whole_words_is_not_chance() -> None:
    words = {"很美丽", "丽人体", "很美", "人体"}
    assert not is_chance("很美丽丽人体", (2, 4), words)
    assert is_chance("很美丽人体", (2, 4), {"很美丽", "人体"})


@pytest.mark.parametrize("prompt", ["反正太晚了", "地铁出口交警, 小雨", "大混乱交差点"])
def test_terms_across_everyday_words_are_allowed(prompt: str) -> None:
    assert not Screen(rulebooks.load()).findings(prompt)


@pytest.mark.parametrize("prompt", ["情侣做爱", "少女正太控", "小正太, 海边", "口交图"])
def test_the_terms_themselves_are_found(prompt: str) -> None:
    assert Screen(rulebooks.load()).findings(prompt)


@pytest.mark.parametrize("prompt", ["кот на окне", "кот и тот мальчик", "a witch's cat"])
def test_words_that_only_resemble_a_term_are_allowed(prompt: str) -> None:
    assert not Screen(rulebooks.load()).findings(prompt)


@pytest.mark.parametrize("prompt", ["голая", "c\u043ec\u043a", "nude, kid"])
def test_terms_in_look_alike_letters_are_found(prompt: str) -> None:
    assert Screen(rulebooks.load()).findings(prompt)


@pytest.mark.parametrize("prompt", ["nude, kid gloves", "nude, minor key sheet music"])
def test_half_a_harmless_phrase_forms_no_term_with_the_word_before(prompt: str) -> None:
    assert {finding.rule for finding in Screen(rulebooks.load()).findings(prompt)} == {"sexual"}


def test_a_term_of_three_characters_can_be_chance_and_one_of_four_cannot() -> None:
    assert is_chance("甲乙丙丁戊", (1, 4), {"甲乙", "丙丁戊"})
    assert not is_chance("甲乙丙丁戊己", (1, 5), {"甲乙", "丙丁戊己"})


@pytest.mark.parametrize(
    ("text", "term", "chance"),
    [
        ("交叉口,交通灯", "口,交", True), ("交叉口、 交通灯", "口、 交", True),
        ("口,交通灯", "口,交", False), ("交叉口,交", "口,交", False),
        ("交叉口。交通灯", "口。交", False),
    ],
)  # fmt: skip
def test_a_term_across_two_whole_tags_is_chance(text: str, term: str, *, chance: bool) -> None:
    start = text.index(term)
    words = {"交叉口", "交通灯"}
    assert is_chance(text, (start, start + len(term)), words) is chance
