"""Ages below 18 are found, and other numbers are not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.policy.ages import DIGITS, Ages
from bot.policy.folding import Letters
from bot.policy.reading import UnreadableError
from bot.policy.splitting import words
from bot.rulebooks import load

LEXICON = load().lexicon
LETTERS = Letters(LEXICON.letters)
AGES = Ages(LEXICON.ages, lambda text: text.translate(LETTERS))


def found(text: str) -> list[str]:
    folded = text.translate(LETTERS)
    return [folded[a:b] for a, b in AGES.find(folded, words(folded))]


@pytest.mark.parametrize(
    "text",
    [
        "12 years old",
        "12yo",
        "12 y/o",
        "12-year-old",
        "12 years",
        "12 yrs",
        "a 9 year old",
        "aged 12",
        "age 12",
        "age:12",
        "age: 12",
        "(age:12)",
        "age of 12",
        "turned 13",
        "she is 12",
        "she's 12",
        "she is only twelve",
        "looks twelve",
        "she is 18 but looks like 12",
        "he's just 12",
        "edad: apenas 12",
        "twelve years old",
        "twelve-year-old",
        "aged seven",
        "17.5 years",
        "1 2 years",
        "12(years:1.2) old",
        "07 years old",
        "12 months old",
        "１２歳",
        "12歳",
        "12才",
        "十二歳",
        "十歳",
        "一二歳",
        "12岁",
        "十二岁",
        "12歲",
        "12살",
        "열두 살",
        "열두살",
        "십이세",
        "열두살이다",
        "열두살이",
        "12 jahre alt",
        "zwölf jahre",
        "12 ans",
        "douze ans",
        "12 años",
        "doce años",
        "12 anos",
        "treze anos",
        "12 лет",
        "двенадцать лет",
        "5 лет",
        "3 года",
        "возраст 12",
        "年齢12",
        "나이 12",
        "12 ปี",
        "13-летняя",
        "edad 12",
        "alter: 12",
    ],
)
def test_an_age_below_eighteen_is_found(text: str) -> None:
    assert found(f"x, {text}, x")
    assert found(text)


@pytest.mark.parametrize(
    "text",
    [
        "18 years old",
        "25yo",
        "112 years old",
        "1girl, 2boys",
        "12 roses",
        "years",
        "age",
        "12 years later",
        "10 years ago",
        "5 year anniversary",
        "12:30",
        "page 12",
        "2012 years",
        "12 yolks",
        "12 yearlings",
        "十八歳",
        "二十歳",
        "20살",
        "(a:1.2)",
        "cage 12",
        "one woman",
        "twelve yellow birds",
        "seventy years old",
        "18,5 years",
    ],
)
def test_other_numbers_are_not_ages(text: str) -> None:
    assert not found(f"x {text} x")


def test_the_whole_age_expression_is_found() -> None:
    assert found("a girl, age: 12, smile") == ["age: 12"]
    assert found("a girl of 12 years old, smile") == ["12 years old"]


def test_a_text_with_too_many_numbers_is_unreadable() -> None:
    with pytest.raises(UnreadableError):
        found("5 " * 400)


def test_a_measured_amount_is_not_an_age() -> None:
    assert found("she is only five minutes away") == []
    assert found("she is five minutes late, she is five") == ["she is five"]
    assert not AGES.is_age("she is five minutes late", (0, 11))
    assert AGES.is_age("she is five, late", (0, 11))
    assert found("a woman who looks one way, looks both ways, looks two ways") == []


@given(text=st.text(st.sampled_from("0123478 .,x"), max_size=12))
@settings(max_examples=500, deadline=None)
def test_the_fast_digit_pattern_matches_where_the_plain_one_does(text: str) -> None:
    """The plain pattern looks behind before it looks for a digit: ten times as slow."""
    plain = re.compile(r"(?<!\d)0?(?:1[ .]?[0-7]|[1-9])(?:[.,]\d{1,2})?(?!\d)")
    assert [digits.span() for digits in DIGITS.finditer(text)] == [
        digits.span() for digits in plain.finditer(text)
    ]


@pytest.mark.parametrize(
    ("before", "age"),
    [
        ("twenty ", "two years old"),
        ("twenty-", "two years old"),
        ("one hundred and ", "two years old"),
        ("hundred-and-", "two years old"),
        ("vingt et ", "onze ans"),
        ("vingt-et-", "onze ans"),
        ("soixante-", "dix ans"),
        ("treinta y ", "dos años"),
        ("trinta e ", "dois anos"),
        ("cento e ", "dez anos"),
        ("сорок ", "два года"),
    ],
)
def test_the_last_words_of_a_larger_number_are_not_an_age(before: str, age: str) -> None:
    """For most places the last characters before them decide, without a search."""
    assert found(age)
    assert found(f"the table and {age}")
    assert not found(before + age)
