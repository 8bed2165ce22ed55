"""Signs that are drawn like others, and where they were written."""

from __future__ import annotations

import pytest

from bot.policy.drawings import Alphabets, Pictograms, as_digits, as_letters

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
def test_signs_make_a_letter_beside_letters(text: str, seen: list[str]) -> None:
    assert [view.source for view in as_letters(text)] == seen
    assert all(len(view.places) == len(view.source) for view in as_letters(text))


@pytest.mark.parametrize(
    ("text", "seen"),
    [("1O years", ["10 years"]), ("l2yo", ["12yo"]), ("1boy, is, 2B, lb", [])],
)
def test_a_letter_beside_a_digit_may_be_one(text: str, seen: list[str]) -> None:
    assert [view.source for view in as_digits(text)] == seen


def test_a_picture_says_its_word_where_it_stands() -> None:
    (view,) = PICTURES.of("a 🌹!")
    assert view.source == "a  rose !"
    assert view.places == [0, 1, 2, 2, 2, 2, 2, 2, 3]
    assert [*PICTURES.of("a 🌸!")] == []


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("βed, δαб", []),
        ("δєaf hat", ["deaf hat"]),
        ("δog", []),  # one letter may be a look-alike of anything
    ],
)
def test_a_word_is_read_in_the_alphabet_of_all_its_letters(text: str, seen: list[str]) -> None:
    assert [view.source for view in ALPHABETS.of(text)] == seen
