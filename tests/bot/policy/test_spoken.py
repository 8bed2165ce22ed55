"""A reading as words and letters: the fast path for plain text agrees with the patterns."""

from __future__ import annotations

import re
from bisect import bisect_left

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.policy.folding import JOINT
from bot.policy.reading import Reading
from bot.policy.splitting import collapsed, without_runs, words
from bot.policy.spoken import Spoken

#: What the words of ASCII are, and what ties two of them together.
WORD = re.compile("[a-z]++|[0-9]++")
TIE = re.compile(r"(?<=[a-z0-9])(?:[^\w\s,]++|[\s_,][^\w\s,][\s_,])(?=[a-z0-9])")
PLAIN = st.text(st.sampled_from(f"ab09  -.'(,_\n{JOINT}"), max_size=40)


def line(text: str) -> Spoken:
    return Spoken(Reading(text))


@given(text=PLAIN)
@settings(max_examples=300, deadline=None)
def test_words_of_plain_text_match_the_pattern(text: str) -> None:
    assert words(text) == WORD.findall(text)


@given(text=PLAIN)
@settings(max_examples=500, deadline=None)
def test_ties_of_plain_text_match_the_pattern(text: str) -> None:
    begins = [word.start() for word in WORD.finditer(text)]
    ends = [tie.end() for tie in TIE.finditer(text)]
    assert line(text).tied == {bisect_left(begins, end) for end in ends}


@pytest.mark.parametrize(
    ("text", "tied"),
    [
        ("a-b", {1}),
        ("one, two three four five six seven-eight nine ten", {7}),
        ("one 2two three four five six - seven eight", {7}),
        ("one two three four five six -- seven eight", set[int]()),
        ("-a b-", set[int]()),
        ("a-b-c-d", {1, 2, 3}),
        ("裸-体", {1}),
    ],
)
def test_a_word_is_tied_to_the_one_before(text: str, tied: set[int]) -> None:
    """A few ties among many words are counted differently from many among few."""
    assert line(text).tied == tied


@pytest.mark.parametrize("word", ["xyz", "x", "ロ", "é"])
def test_an_unknown_word_may_be_a_disguise(word: str) -> None:
    assert line(word).strange(frozenset())


@pytest.mark.parametrize("word", ["1337", "0", "裸", "々"])
def test_numbers_and_kanji_disguise_nothing(word: str) -> None:
    assert not line(word).strange(frozenset())


def test_a_part_is_searched_in_both_directions() -> None:
    (part,) = line("a moon, xyz").disguised_parts(frozenset({"a", "moon"}), 2)
    assert part.key == "amonxyz"
    seen = part.both_ways
    found = [(0, seen.index("mon"), seen.index("mon") + 3), (1, seen.index("nom"), len(seen) - 1)]
    assert part.found_forwards(found) == [(0, 1, 4)]
    assert part.found_backwards(found) == [(1, 1, 4)]


def test_a_shared_letter_at_a_terms_edge_may_belong_to_either_word() -> None:
    """The letters of the key may belong to the outermost or to the innermost words."""
    (part,) = line("as s s sex").disguised_parts(frozenset(), 4)
    assert part.key == "asex"
    for start, end, words_of in (
        (0, 2, {"as", "as|s|s"}),
        (1, 2, {"s|s"}),
        (1, 4, {"sex", "s|s|sex"}),
    ):
        found = part.stretches([(7, start, end)])
        assert {"|".join(part.words_of(span)) for _, span, _ in found} == words_of
        assert all(number == 7 and is_odd for number, _, is_odd in found)


@pytest.mark.parametrize(
    ("text", "term", "alone"),
    [
        ("ろり", "ろり", True),
        ("ろりか", "ろり", False),
        ("かろり", "ろり", False),
        ("ろりの", "ろり", True),
        ("のろり", "ろり", True),
        ("ろりこん", "ろりこ", True),  # a long term is found inside words
        ("아이는", "아이", True),  # a Korean word may have a particle attached
        ("는아이", "아이", False),
        ("의아이", "아이", True),
    ],
)
def test_a_short_term_in_a_script_without_spaces_must_be_a_word(
    text: str,
    term: str,
    alone: bool,  # noqa: FBT001  a table
) -> None:
    (part,) = line(f"xyz {text} xyz").disguised_parts(frozenset(), 2)
    start = part.squeezed.index(term)
    assert part.stands_alone((start, start + len(term)), len(term)) is alone


def test_no_term_spans_both_directions_of_a_part() -> None:
    (part,) = line("xyz").disguised_parts(frozenset(), 2)
    assert not re.search(r"\w", part.both_ways[len(part.key)])


@given(text=st.text(st.sampled_from("aab1 裸é"), max_size=12))
@settings(max_examples=200, deadline=None)
def test_runs_of_a_letter_collapse_and_digits_stay(text: str) -> None:
    assert collapsed(text) == without_runs(text) == re.sub(r"(\D)\1+", r"\1", text)
