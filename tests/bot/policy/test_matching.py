"""Terms are found by whole words, through every disguise, and innocent words are left alone."""

from __future__ import annotations

import pytest

from bot.policy.matching import Innocent, Vocabulary
from bot.policy.reading import Reading, UnreadableError
from bot.policy.splitting import words
from bot.policy.spoken import Spoken, longest
from bot.policy.terms import TermIndex, outside

HALVES = frozenset(
    {"an", "us", "the", "pen", "is", "a", "tea", "pot", "rapped", "boys", "live", "evil", "on"}
)
NAMES = frozenset({"lana", "anna"})
INNOCENT = Innocent(words=HALVES | NAMES, halves=HALVES, familiar=HALVES)


def found(terms: list[str], text: str) -> list[tuple[str, str, bool]]:
    """Each term, the text it was found in, and whether that is plain; sorted, without repeats."""
    hits = Vocabulary(terms, INNOCENT).find(Spoken(Reading(text)))
    return sorted({(terms[term], text[start:end], plain) for term, start, end, plain in hits})


@pytest.mark.parametrize(
    ("term", "text", "where"),
    [
        ("nude", "a nude, b", "nude"),
        ("nude", "nude", "nude"),
        ("nude", "n-u-d-e", "n-u-d-e"),
        ("nude", "n u d e", "n u d e"),
        ("nude", "nu de", "nu de"),
        ("nude", "nuuude", "nuuude"),
        ("nude", "nnuuddee", "nnuuddee"),
        ("nude", "edun", "edun"),
        ("nude", "on nu-de", "nu-de"),
        ("tea potter", "teap otter", "teap otter"),
        ("nude", "e d u n", "e d u n"),
        ("nude", "1nude", "nude"),
        ("nude", "nude2", "nude"),
        ("nude", "x\x01nu\x01de\x01y", "nu\x01de"),
        ("no bra", "no bra", "no bra"),
        ("no bra", "nobra", "nobra"),
        ("no bra", "no_bra", "no_bra"),
        ("no bra", "no, bra", "no, bra"),
        ("no bra", "n o b r a", "n o b r a"),
        ("no bra", "noo braa", "noo braa"),
        ("no bra", "arb on", "arb on"),
        ("pussy", "puussy", "puussy"),
        ("pussy", "pus\x01sy", "pus\x01sy"),
        ("sex", "boys sex", "sex"),
        ("裸", "赤裸々", "裸"),
        ("少女", "裸の少女", "少女"),
        ("ロリ", "ロリの絵", "ロリ"),
        ("ろり", "かわいい ろりの絵", "ろり"),
        ("소녀", "소녀를", "소녀"),
        ("벌거벗은", "는벌거벗은", "벌거벗은"),
        ("anus", "an\x01us", "an\x01us"),
    ],
)
def test_a_term_is_found(term: str, text: str, where: str) -> None:
    assert where in [seen for _, seen, _ in found([term], text)]


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("nude", "nudes"),
        ("ass", "glass"),
        ("ass", "as"),
        ("ass", "as a pot"),
        ("anus", "an us"),
        ("penis", "the pen is"),
        ("raped", "rapped"),
        ("anal", "lana"),
        ("live", "evil"),
        ("teapot", "tea pot"),
        ("ロリ", "カロリー"),
        ("ろり", "ころり"),
        ("소녀", "미소녀"),
        ("no bra", "bra no"),
        ("sex", "xes"),
        ("2b", "22b"),
        ("100", "1000"),
        ("no bra", "no x bra"),
        ("ab", "a b"),
    ],
)
def test_a_word_that_only_resembles_a_term_is_not_found(term: str, text: str) -> None:
    assert not found([term], text)


def test_only_a_term_written_as_listed_is_plain() -> None:
    assert found(["no bra"], "no bra") == [("no bra", "no bra", True)]
    assert ("no bra", "nobra", True) in found(["no bra"], "nobra")
    for text in ("no braa", "arb on", "no b ra", "n o b r a"):
        assert not [hit for hit in found(["no bra"], text) if hit[2]], text


def test_overlapping_terms_are_all_found() -> None:
    assert [term for term, _, _ in found(["a b", "b c", "b"], "a b c")] == ["a b", "b", "b c"]


def test_a_text_with_too_many_disguises_is_unreadable() -> None:
    with pytest.raises(UnreadableError):
        found(["nude"], "nu-de " * 400)


def test_a_word_ends_where_its_script_ends() -> None:
    assert words("abc123 déf_ロリ絵ひら한글 it's") == [
        "abc",
        "123",
        "d",
        "é",
        "f",
        "ロリ",
        "絵",
        "ひら",
        "한글",
        "it",
        "s",
    ]


def test_an_index_without_terms_finds_nothing() -> None:
    assert not found([], "nude")
    assert not found(["", "!!"], "nude !!")
    TermIndex([], INNOCENT)


def test_effort_grows_with_parts_and_with_their_words() -> None:
    def effort(text: str) -> int:
        line = Spoken(Reading(text))
        Vocabulary(["nude"], INNOCENT).find(line)
        return line.effort

    assert effort("the tea pot") == 0
    assert 0 < effort("xyzzy") < effort("xyzzy pot") < effort("the xyzzy pot")
    far = " the" * 40
    assert effort(f"xyzzy{far} xyzzy") > 2 * effort("xyzzy pot")


def test_an_index_reaches_as_far_as_the_one_beside_it() -> None:
    wide = TermIndex([(("words", "long"), [" ".join("abcdefghijkl")])], INNOCENT)
    own = TermIndex([(("blocked", "short"), ["moon"])], INNOCENT, shares_parts_with=wide)
    assert own.reach == wide.reach > TermIndex([], INNOCENT).reach


def test_only_the_longest_of_nested_spans_are_kept() -> None:
    assert longest([(2, 3), (0, 4), (0, 2), (3, 6)]) == [(0, 4), (3, 6)]
    assert longest([(2, 8), (0, 5), (2, 6), (3, 4), (2, 8)]) == [(0, 5), (2, 8)]


def test_a_span_fully_inside_a_shield_does_not_count() -> None:
    shields = [(10, 20), (2, 30), (40, 44)]
    spans = {(2, 30), (3, 4), (12, 20), (1, 5), (25, 31), (40, 44), (43, 45), (50, 51)}
    assert outside(spans, shields) == {(1, 5), (25, 31), (43, 45), (50, 51)}
    assert outside(spans, []) == spans
