"""Characters that look like others, and where they were written."""

# ruff: noqa: RUF001  letters that look alike are what is tested

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from bot.policy.drawings import (
    Alphabets,
    Pictograms,
    as_digits,
    as_displayed,
    as_kana,
    as_letters,
    bars_as_ones,
    in_one_kana,
)
from bot.policy.windows import View

ALPHABETS = Alphabets(["αвçδєƒ            σπ       z".ljust(26)[:26]])
PICTURES = Pictograms({"rose": "🌹🥀"})


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("r()se", ["rose"]),
        ("/\\/ut", ["nut"]),
        ("a () b", []),
        ("\\(red\\)", []),
    ],
)
def test_signs_next_to_letters_are_read_as_a_letter(text: str, seen: list[str]) -> None:
    assert [view.source for view in as_letters(text)] == seen
    assert all(len(view.places) == len(view.source) for view in as_letters(text))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("1O years", ["10 years"]),
        ("l2yo", ["12yo"]),
        ("1boy, is, 2B, lb", []),
        ("a, x1O years", []),
    ],
)
def test_a_letter_beside_a_digit_is_also_read_as_a_digit(text: str, seen: list[str]) -> None:
    assert [view.source for view in as_digits(text)] == seen


def test_an_emoji_is_read_as_its_word_in_place() -> None:
    (view,) = PICTURES.of("X 🌹!")
    assert view.source == "X  rose !"
    assert view.places == [0, 1, 2, 2, 2, 2, 2, 2, 3]
    assert [*PICTURES.of("a 🌸!")] == []


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("βed, δαб", []),
        ("δєaf hat", ["deaf hat"]),
        ("δog", []),  # a single letter could be a look-alike of anything
    ],
)
def test_a_word_is_read_only_in_an_alphabet_with_all_its_letters(
    text: str, seen: list[str]
) -> None:
    assert [view.source for view in ALPHABETS.of(text)] == seen


def test_a_word_is_read_in_every_alphabet_that_has_all_its_letters() -> None:
    two = Alphabets(["αβ".ljust(26), "αδγ".ljust(26)])
    assert [view.source for view in two.of("αβ αγ αα βγ")] == ["ab aγ aa bγ", "aβ ac aa βc"]
    assert [view.source for view in two.of("xαβ-, αβγ")] == ["xab-, abγ"]
    assert [*two.of("βγ")] == []


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a|b", ["a1b"]),
        ("|b, a|", ["1b, a1"]),
        ("a | b", []),
        ("[a|b] c|d", ["[a|b] c1d"]),
        ("[[a]b|c] (d|e) {f|g} <h|i>", []),
        ("a) b|c", ["a) b1c"]),
    ],
)
def test_a_bar_outside_brackets_is_also_read_as_a_digit(text: str, seen: list[str]) -> None:
    assert [view.source for view in bars_as_ones(text)] == seen


@pytest.mark.parametrize(
    ("see", "text", "seen", "places"),
    [
        (as_letters, "a r()se", "a rose", [0, 1, 2, 3, 5, 6]),
        (as_letters, "/\\/()", "no", [0, 3]),
        (as_digits, "is 1O years", "is 10 years", [*range(11)]),
        (as_displayed, "\u202ecba\u202c d", "\u202eabc\u202c d", [0, 3, 2, 1, 4, 5, 6]),
        (bars_as_ones, "a b|c", "a b1c", [*range(5)]),
        (as_kana, "a 口リ", "a ロリ", [*range(4)]),
        (in_one_kana, "a ろリ", "a ロリ", [*range(4)]),
    ],
)
def test_each_character_keeps_its_original_position(
    see: Callable[[str], Iterator[View]], text: str, seen: str, places: list[int]
) -> None:
    view = next(see(text))
    assert (view.source, [*view.places]) == (seen, places)


FAR = "calm lake, " * 30


@pytest.mark.parametrize(
    "see", [as_letters, as_digits, as_displayed, bars_as_ones, as_kana, in_one_kana]
)
def test_only_the_text_around_a_sign_gets_another_view(
    see: Callable[[str], Iterator[View]],
) -> None:
    sign = "r()se 1O a|b \u202ecba\u202c 口リ ろリ"
    text = f"{FAR}{sign}{FAR}{sign}{FAR}"
    views = [*see(text)]
    assert len(views) == 2 * len([*see(sign)])
    for view in views:
        first, last = view.places[0], view.places[-1]
        assert (view.source[:5], view.source[-5:]) == (
            text[first : first + 5],
            text[last - 4 : last + 1],
        )
        assert last - first < 100
    assert {view.places[0] > len(FAR) + len(sign) for view in views} == {False, True}
