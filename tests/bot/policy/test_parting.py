"""Words that were run together are split, and whole words stay whole."""

from __future__ import annotations

import pytest

from bot.policy.parting import Parting
from bot.policy.reading import Reading
from bot.policy.screening import Screen
from bot.policy.spoken import Spoken
from bot.rulebooks import load

PARTING = Parting({"moon", "moonlight", "walk", "walks", "cat", "the", "roof"})


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("moonwalk", ("moon", "walk")),
        ("moonlightwalks", ("moonlight", "walks")),
        ("catontheroof", ("cat", "on", "the", "roof")),
        ("catonmoon", ()),  # a little word is split off long words only
        ("moonwalked", ()),
        ("moon", ()),
        ("moonwalk" * 5 + "moonwalks", ()),
    ],
)
def test_a_word_is_split_into_the_longest_words(word: str, parts: tuple[str, ...]) -> None:
    assert PARTING.parts(word) == parts


def test_a_split_line_keeps_its_original_positions() -> None:
    line = Spoken(Reading("a moonwalk, moon", start=5))
    (parted,) = PARTING.take_apart(line, {"moonwalk"})
    assert parted.text == "a moon walk, moon"
    assert parted.span_in_text(2, 6) == (7, 11)
    assert parted.span_in_text(7, 11) == (11, 15)
    assert parted.span_in_text(13, 17) == (17, 21)
    assert not list(PARTING.take_apart(line, {"moo"}))


def test_only_the_text_around_a_joined_word_is_kept_of_a_long_line() -> None:
    text = f"{'sky ' * 40}moonwalk {'sky ' * 40}"
    (parted,) = PARTING.take_apart(Spoken(Reading(text)), {"moonwalk"})
    assert len(parted.text) < 90
    at = parted.text.index("walk")
    assert parted.span_in_text(at, at + 4) == (164, 168)
    assert set(parted.text.split()) == {"sky", "moon", "walk"}


def test_a_repeated_word_is_split_in_any_script() -> None:
    parting = Parting(["cat", "ab", "ネコ", "犬"], foreign=["котик"])
    assert parting.parts("catcat") == ("cat", "cat")
    assert parting.parts("ネコ" * 60) == ("ネコ",) * 60
    assert parting.parts("котиккотик") == ("котик", "котик")
    assert parting.parts("abab") == parting.parts("犬犬") == parting.parts("イヌイヌ") == ()
    assert parting.may_part(["ネコ", "ネコネコ"])
    assert parting.may_part(["cat"])
    assert not parting.may_part(["ネコ", "котик"])


def test_words_written_backwards_are_recognised() -> None:
    assert PARTING.running_backwards(["xyz", "foor", "tac", "roof"]) == ["foor"]


SCREEN = Screen(load())


@pytest.mark.parametrize(
    "prompt",
    ["nakedgirlonbed", "verynudelady", "hotnakedbeachgirl", "yrev edun ydal", "ydal edun yrev"],
)
def test_an_adult_word_joined_to_others_is_found(prompt: str) -> None:
    assert {finding.rule for finding in SCREEN.findings(f"1girl, {prompt}")} == {"sexual"}


@pytest.mark.parametrize(
    "prompt",
    [
        "shuttlecock, stopcock", "Middlesex, Penistone, Scunthorpe", "bloodborne", "mountainlake",
        "lana, anna, edna", "Dickson, Hancock", "catgirls in wetlands", "redbreast, bluetit",
    ],
)  # fmt: skip
def test_a_whole_word_or_name_is_not_split(prompt: str) -> None:
    assert not SCREEN.findings(prompt)


def test_joined_words_far_apart_are_split_separately() -> None:
    text = f"moonwalk {'sky ' * 40}moonwalk, moonwalk"
    first, second = PARTING.take_apart(Spoken(Reading(text)), {"moonwalk"})
    assert first.text.startswith("moon walk sky")
    assert second.text.endswith("moon walk, moon walk")
    assert len(first.text) + len(second.text) < 120
    at = second.text.index("walk,")
    assert second.span_in_text(at, at + 4) == (173, 177)


def test_a_tie_before_a_non_word_is_ignored() -> None:
    line = Spoken(Reading("sunhat0\u0e4d\u0e32"))
    assert [*PARTING.take_apart(line, {"sunhat", "\u0e4d\u0e32"})] == []


@pytest.mark.parametrize(
    ("text", "strange", "parted"),
    [
        ("cat, cat moonl-ightwalk xyz", {"moonl", "ightwalk"}, "cat, cat moonl-ight walk xyz"),
        ("xyz moon-lightwalk", {"lightwalk"}, "xyz moon-light walk"),
        ("xyz m-oonw-al-k", {"k"}, "xyz m-oon w-al-k"),
        ("cat m-oonw-al-k xyz", {"m"}, "cat m-oon w-al-k xyz"),
        ("cat m-o-onw-al-k", {"m"}, None),  # too many pieces
        ("moonl ightwalk", {"moonl", "ightwalk"}, None),  # a gap ties nothing
        ("moonlight-walk", {"xyz"}, None),
    ],
)
def test_words_joined_and_cut_elsewhere_are_read(
    text: str, strange: set[str], parted: str | None
) -> None:
    found = [reading.text for reading in PARTING.take_apart(Spoken(Reading(text)), strange)]
    assert found == ([] if parted is None else [parted])


def test_a_word_in_two_rows_is_split_once() -> None:
    line = Spoken(Reading("moonwalk-a-b-c-xyz"))
    (parted,) = PARTING.take_apart(line, {"moonwalk", "xyz"})
    assert parted.text == "moon walk-a-b-c-xyz"
    assert parted.span_in_text(15, 18) == (14, 17)


@pytest.mark.parametrize(
    "prompt",
    [
        "observatorylebolt-n|p-tiefretnuo\ua7cdc",
        "\u04d8\u22a6\u0437%\ubc25)coproidominatrix\u3012\u3087",
        "u\u21a7ndaweg[a|b]lotnue",
    ],
)
def test_odd_tied_words_are_read_without_an_error(prompt: str) -> None:
    assert isinstance(SCREEN.findings(prompt), frozenset)


def test_a_joined_word_is_split_beside_an_unknown_one() -> None:
    (parted,) = PARTING.take_apart(Spoken(Reading("moonwalk-xyz")), {"moonwalk", "xyz"})
    assert parted.text == "moon walk-xyz"
