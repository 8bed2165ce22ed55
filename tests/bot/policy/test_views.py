"""Other views of the characters of a text, and the original positions of what they show."""

# ruff: noqa: RUF001  letters that look alike are what is tested
from __future__ import annotations

import pytest

from bot.policy.folding import Letters
from bot.policy.matching import Innocent
from bot.policy.screening import Screen
from bot.policy.views import Views
from bot.rulebooks import load

LEXICON = load().lexicon
INNOCENT = Innocent(
    words=frozenset({"macdonald", "mcneil", "on", "no"}),
    halves=frozenset({"on", "no"}),
    familiar=frozenset(),
)
LISTED = frozenset({"moon", "light", "plant"})
VIEWS = Views(Letters(LEXICON.letters), LEXICON, INNOCENT, LISTED)


def views(text: str) -> list[str]:
    return [view.source for view in VIEWS.of(text)]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("PicWord", ["Pic Word"]),
        ("PICWord", ["PIC Word"]),
        ("a cuteWord, PICWord", ["a cute Word, PIC Word"]),
        ("Pic2Word", ["Pic2 Word"]),
        ("ＰｉｃＷｏｒｄ", ["Ｐｉｃ Ｗｏｒｄ"]),
        ("Pi\u0301cWo\u0301rd", ["Pi\u0301c Wo\u0301rd"]),
        ("Pic\u0301Word", ["Pic\u0301 Word"]),
        ("ДобрыйДень", ["Добрый День"]),
        ("日本Word2Word", ["日本Word2 Word"]),
        ("ひらaÉword", ["ひらa Éword"]),
        ("MacDonald, McNeil", []),
        ("A Word, NATO, 1girl", []),
    ],
)
def test_a_word_is_split_before_a_capital(text: str, seen: list[str]) -> None:
    assert views(text) == seen


@pytest.mark.parametrize("sign", ["PicWord", "a|b", "ɯoou", "nυde", "口リ"])
def test_only_the_text_around_a_sign_gets_another_view(sign: str) -> None:
    """A long text is not read again in full for every view."""
    calm = "a quiet lake, " * 40
    near, far = views(f"red {sign} hat"), views(f"{calm}red {sign} hat, {calm}")
    assert near
    assert len(far) == len(near)
    assert all(len(view) < 100 for view in far)
    for view in VIEWS.of(f"{calm}red {sign} hat, {calm}"):
        assert min(view.places) > 400


def test_signs_far_apart_get_separate_views() -> None:
    calm = "a quiet lake, " * 20
    assert len(views(f"PicWord, {calm}PicWord")) == 2
    assert len(views("PicWord, PicWord")) == 1


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("ɯoou", ["noom"] * 3),
        ("ɯoou ʇuɐld", ["plant noom", "noom plant", "plant noom", "noom plant"]),
        ("moon", []),
    ],
)
def test_upside_down_text_is_read_backwards(text: str, seen: list[str]) -> None:
    assert views(text) == seen


def test_a_row_of_reversed_words_is_restored_in_place() -> None:
    seen = [view.source for view in VIEWS.mirrored("macdonald thgil noom, mcneil", ["thgil"])]
    assert seen == [
        "mcneil ,moon light macdonald", "macdonald light moon, mcneil",
        "macdonald moon light, mcneil", "macdonald light moon, mcneil",
    ]  # fmt: skip


@pytest.mark.parametrize("text", [", xab, xcd ,", "  xab,,  xcd", "xab xcd", "xab on xcd  "])
def test_separators_between_reversed_words_keep_their_places(text: str) -> None:
    words_turned = " ".join(
        ",".join(part if part == "on" else part[::-1] for part in word.split(","))
        for word in text.split(" ")
    )
    seen = [view.source for view in VIEWS.mirrored(text, ["xab", "xcd"])]
    assert seen[:2] == [text[::-1].replace("no", "on"), words_turned]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("macdonald no noom", "macdonald moon on"),  # a word that is another word backwards
        ("macdonald noom tieren", "macdonald moon tieren"),  # a word in no list in either direction
        ("no macdonald noom", "no macdonald moon"),
    ],
)
def test_only_neighbours_that_read_backwards_are_reversed_too(text: str, seen: str) -> None:
    assert seen in [view.source for view in VIEWS.mirrored(text, ["noom"])]


def test_only_the_text_around_a_reversed_word_is_reversed() -> None:
    far = "a quiet lake, " * 5
    turned = [*VIEWS.mirrored(f"xab, {far}noom", ["noom"])]
    assert turned
    assert not any("bax" in view.source for view in turned)
    assert not [*VIEWS.mirrored("xab, xcd", [])]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("red \u202ethgil no\u202c hat", "red \u202eon light\u202c hat"),
        ("red \u202etah", "red \u202ehat"),
        ("\u202ea\nb", None),
    ],
)
def test_text_under_a_direction_override_is_read_as_displayed(text: str, seen: str | None) -> None:
    assert (seen or text) in views(text)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Picⁿᵘ", "Pic ⁿᵘ"),
        ("🇳 🇺Cute", "🇳 🇺 Cute"),
        ("élan naïve", None),
        ("ⁿᵘ ᵘⁿ", None),
    ],
)
def test_letters_of_two_styles_are_two_words(text: str, seen: str | None) -> None:
    assert views(text) == ([seen] if seen else [])


def test_a_known_name_tied_to_another_letter_is_split() -> None:
    assert views("McNeil, MacD*x") == ["McNeil, Mac D*x"]
    assert views("x*MacDonald") == ["x*Mac Donald"]
    assert views("MacDonald, x") == []


def test_a_foreign_letter_among_latin_ones_is_read_by_its_look() -> None:
    assert "cowboy" in views("cowЬoy")
    assert {"hand", "haud"} <= set(views("haиd"))
    assert not views("дом, тон")


def test_a_bar_touching_a_letter_is_also_read_as_a_one() -> None:
    assert views("p|ant, a | b, |ine") == ["p1ant, a | b, 1ine"]
    assert not views("[red|blue] hair, {a|b}")


def test_kanji_among_katakana_are_read_by_their_look() -> None:
    assert views("口ボット、カメ力") == ["ロボット、カメカ"]
    assert not views("人口、口")


def test_findings_are_reported_as_they_were_written() -> None:
    screen = Screen(load())

    def words_found(prompt: str) -> set[str]:
        return {word for finding in screen.findings(prompt) for word in finding.words}

    assert words_found("1girl ﷺ, CuteNude, sky") == {"Nude"}
    assert words_found("ﷺ, ǝpnu, sky") == {"ǝpnu"}
    assert words_found("1girl, nυdξ") == {"nυdξ"}
    assert words_found("nude, ƃunoʎ lɹıƃ, sky") == {"nude", "ƃunoʎ lɹıƃ"}
    assert words_found("nude, lɹıƃ ƃunoʎ, sky") == {"nude", "lɹıƃ ƃunoʎ"}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("голаяяя", "голая"),
        ("ЯяЯ ююг", "Я юг"),
        ("ж\u0331ж\u030aж", "ж"),
        ("ш\u200bшапка", "шапка"),
    ],
)
def test_a_run_of_a_letter_that_folds_to_two_is_read_once(text: str, seen: str) -> None:
    assert seen in views(text)


def test_a_letter_that_is_not_repeated_has_no_shorter_view() -> None:
    assert shorter_views("яблоко, юность, чай, наш дом") == []


def shorter_views(text: str) -> list[str]:
    return [seen for seen in views(text) if seen != text and len(seen) < len(text)]


@pytest.mark.parametrize("text", ["nυdξ", "ｎυｄξ", "ɴυᴅξ", "ñυđξ", "nuԁξ"])
def test_letters_of_two_scripts_are_read_by_their_look(text: str) -> None:
    assert views(text)


@pytest.mark.parametrize("text", ["υξ", "гоνу", "1υ", "_ξ", "裸υ"])
def test_letters_of_one_script_are_not_read_by_their_look(text: str) -> None:
    assert not views(text)
