"""Word lists as lines: they read back as written, in chunks that fit a form."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import Ruling
from bot.languages import language
from bot.policy.document import TERMS_MAX
from bot.policy.document_faults import REASON_CHARS_MAX, TERM_CHARS_MAX
from bot.policy.effect import Effect
from bot.policy.screening import Screen, Term, is_wordless
from bot.policy.term_lists import (
    CHUNK_CHARS,
    Merged,
    chunks_of,
    fault_of,
    line_of,
    merge,
    read_lines,
    replaced,
    unique,
)
from bot.rulebooks import load
from bot.words import documents as words
from bot.words.speaking import speaking

WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp", "Zs")), max_size=20
).map(lambda text: " ".join(text.split()))
TERMS = st.builds(Term, text=WORDS.map(lambda w: f"dragon {w}".strip()), reason=WORDS)


@settings(deadline=None)
@given(TERMS)
def test_a_term_reads_back_as_written(term: Term) -> None:
    assert read_lines(line_of(term)) == ([term], [])


@settings(deadline=None)
@given(st.lists(TERMS, max_size=60))
def test_chunks_hold_the_whole_list_in_its_order(terms: list[Term]) -> None:
    chunks = chunks_of(terms)
    assert [term for c in chunks for term in terms[c.start : c.stop]] == terms
    read = [term for chunk in chunks for term in read_lines(chunk.text)[0]]
    assert read == terms


def test_a_chunk_is_full_to_its_last_character() -> None:
    lines = [*("x" * 99 for _ in range(39)), "x" * 100]
    full = [Term(text=line) for line in lines]
    assert [len(chunk.text) for chunk in chunks_of(full * 2)] == [CHUNK_CHARS, CHUNK_CHARS]
    over = [*full[:-1], Term(text="x" * 101)]
    assert [len(chunk.text) for chunk in chunks_of(over)] == [CHUNK_CHARS - 101, 101]


def test_ten_thousand_long_terms_fit_their_forms() -> None:
    terms = [
        Term(text=f"dragon {n} ".ljust(TERM_CHARS_MAX, "="), reason="r" * REASON_CHARS_MAX)
        for n in range(TERMS_MAX)
    ]
    chunks = chunks_of(terms)
    assert max(len(chunk.text) for chunk in chunks) <= CHUNK_CHARS
    assert chunks[-1].stop == TERMS_MAX


@pytest.mark.parametrize(
    ("line", "text", "reason"),
    [
        ("dragon", "dragon", ""),
        ("  spoiler   dragon ", "spoiler dragon", ""),
        ("dragon = not here", "dragon", "not here"),
        ("dragon=not here = ever", "dragon", "not here = ever"),
        (r"a\=b = why", "a=b", "why"),
        ("dragon =", "dragon", ""),
    ],
)
def test_a_line_is_a_term_and_its_reason(line: str, text: str, reason: str) -> None:
    assert read_lines(line) == ([Term(text=text, reason=reason)], [])


def test_unreadable_lines_are_reported_with_their_numbers() -> None:
    text = "\n".join(
        ["ok", "", "!!", "x" * (TERM_CHARS_MAX + 1), f"ok = {'r' * 201}", "= why", "a\u200bb"]
    )
    terms, faults = read_lines(text)
    assert terms == [Term(text="ok")]
    assert [fault.line for fault in faults] == [3, 4, 5, 6, 7]
    assert [faults[0].why, faults[3].why] == [
        words.WORDLESS(),
        "there is nothing before the =",
    ]


@pytest.mark.parametrize(
    "text",
    ["BREAK", "BREAK BREAK", "\u3164", "\u2800", "<|endoftext|>", ":1.2", "()", "BREAK :1.3)"],
)
def test_a_term_without_words_is_refused_and_matches_no_prompt(text: str) -> None:
    assert is_wordless(text)
    assert fault_of(Term(text=text))
    for terms in ([text], [text, "cat"], ["cat", text]):
        screen = Screen(load(), [Term(text=term) for term in terms])
        assert not screen.findings(f"a dog, {text}, a tree")


@pytest.mark.parametrize("text", ["break", "Break", "BREAK dance", "a", "日", "1", "(cat:1.2)"])
def test_a_term_with_a_word_in_it_is_accepted(text: str) -> None:
    assert fault_of(Term(text=text)) is None


def test_editing_a_chunk_keeps_its_neighbours_and_known_effects() -> None:
    held = Effect(ruling=Ruling.HOLD)
    terms = [Term(text=t) for t in "abcdef"]
    terms[2] = Term(text="c", effect=held)
    (whole,) = chunks_of(terms)
    middle = type(whole)(start=2, stop=4, text="c\nd")
    changed = replaced(terms, middle, [Term(text="c", reason="why"), Term(text="x")])
    assert [t.text for t in changed] == ["a", "b", "c", "x", "e", "f"]
    assert changed[2] == Term(text="c", reason="why", effect=held)
    assert changed[3].effect == Effect(ruling=Ruling.REFUSE), "a new term is refused"


def test_a_repeated_term_is_dropped_and_the_first_stays() -> None:
    terms = [Term(text="Dragon", reason="1"), Term(text="cat"), Term(text="dragon", reason="2")]
    assert unique(terms) == tuple(terms[:2])


def terms(*texts: str) -> list[Term]:
    return [Term(text=text) for text in texts]


def test_two_moderators_edits_of_a_list_are_merged() -> None:
    before = [*terms("a", "b", "c"), Term(text="d", reason="old")]
    now = [*terms("b", "c", "e"), Term(text="d", reason="theirs")]
    wrote = "a\n\n b = mine \nd = old\nf"
    assert merge(before, 0, wrote, now) == Merged(at=0, text="e\nd = theirs\nb = mine\nf")
    assert merge(before, 0, wrote, []) == Merged(at=0, text="b = mine\nf")
    assert merge([], 0, "x", now) == Merged(at=0, text="b\nc\ne\nd = theirs\nx")


def test_an_edit_merges_into_the_nearest_chunk_and_never_overfills_it() -> None:
    before = terms(*(f"{n:04}" for n in range(1600)))
    first, second = (chunk.text.split("\n") for chunk in chunks_of(before)[:2])
    assert merge(before, 1, "\n".join([*second[1:], "x"]), before[900:]) == Merged(
        at=0, text="\n".join([*(t.text for t in before[900:1600]), "x"])
    )
    merged = merge(before, 0, "\n".join(first[1:]), [*terms("new"), *before])
    assert merged is not None
    assert first[0] not in merged.text.split("\n")
    assert merge(before, 0, "\n".join([*first, "y" * 80, "z" * 80]), before) is None


def test_line_faults_are_reported_in_the_current_language() -> None:
    text = f"= why\n{'x' * 81}\na = {'x' * 201}\n!!\na\u200bb"
    with speaking(language("de")):
        _, faults = read_lines(text)
    assert [fault.why for fault in faults] == [
        "vor dem = steht nichts",
        "ein Wort oder Ausdruck hat höchstens 80 Zeichen",
        "ein Grund hat höchstens 200 Zeichen",
        (
            "nichts davon ist in einem Prompt zu finden: BREAK in Großbuchstaben, Gewichte und"
            " unsichtbare Zeichen sind keine Wörter"
        ),
        "darin steht ein unsichtbares Zeichen",
    ]
