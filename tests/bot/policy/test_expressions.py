"""Conditions: how they bind, what they match, and how a faulty one is reported."""

from __future__ import annotations

from collections.abc import Collection
from itertools import permutations, product

import pytest

from bot.policy.expressions import ExpressionError, Places, Side, Span, read


class Text:
    """A side whose concepts are its words."""

    def __init__(self, text: str, opposite: str = "") -> None:
        self.words = text.split()
        self._opposite = opposite

    @property
    def opposite(self) -> Side:
        return Text(self._opposite)

    def spans(self, concept: str) -> Collection[Span]:
        return [(at, at + 1) for at, word in enumerate(self.words) if word == concept]

    def words_between(self, left: Span, right: Span) -> int:
        first, second = sorted((left, right))
        return second[0] - first[1]

    def texts_at(self, spans: Collection[Span]) -> list[str]:
        return [self.words[a] for a, _ in spans]


def holds(when: str, text: str, opposite: str = "") -> bool:
    return read(when).condition.test(Text(text, opposite)) is not None


@pytest.mark.parametrize(
    ("when", "meant"),
    [
        ("a and b or c", lambda a, b, c: (a and b) or c),
        ("a or b and c", lambda a, b, c: a or (b and c)),
        ("(a or b) and c", lambda a, b, c: (a or b) and c),
        ("a but not b or c", lambda a, b, c: (a and not b) or c),
        ("a and b but not c", lambda a, b, c: a and b and not c),
        ("a but not (b or c)", lambda a, b, c: a and not (b or c)),
        ("a", lambda a, b, c: a),
    ],
)
def test_operators_bind_in_the_expected_order(when: str, meant: object) -> None:
    assert callable(meant)
    for a, b, c in product((False, True), repeat=3):
        text = " ".join(word for word, there in zip("abc", (a, b, c), strict=True) if there)
        assert holds(when, text) is bool(meant(a, b, c)), (when, text)


def test_near_counts_the_words_between_in_either_order() -> None:
    assert holds("a near 2 b", "a x x b")
    assert holds("a near 2 b", "b x x a")
    assert not holds("a near 2 b", "a x x x b")
    assert holds("a near 0 b", "a x b a")
    assert holds("a near 1 b", "a x x x b " * 30), "too many pairs count as near"
    assert not holds("a near 2 b", "a x")


def test_an_expression_can_refer_to_another_by_name() -> None:
    combined = {"mixed": read("a near 1 b or unwanted c")}
    when = read("(mixed or d) and e", combined)
    assert when.concepts == {"a", "b", "c", "d", "e"}
    assert when.unwanted == {"c"}
    assert when.condition.test(Text("a x b x e")) is not None
    assert when.condition.test(Text("a x x b x e")) is None
    assert read("near-a", {"mixed": when}).concepts == {"near-a"}


def test_unwanted_tests_the_opposite_side() -> None:
    assert holds("a and unwanted b", "a", "b")
    assert not holds("a and unwanted b", "a b")
    assert read("a and unwanted b").unwanted == {"b"}
    assert read("a and unwanted b").concepts == {"a", "b"}


@pytest.mark.parametrize(
    "when",
    [
        "a",
        "a or b or c",
        "a and (b or c)",
        "a but not b",
        "(a or b) but not c",
        "a near 1 b or c",
        "a and unwanted b",
        "unwanted a or b",
        "a but not unwanted b",
    ],
)
def test_a_narrowed_condition_holds_where_the_whole_one_does(when: str) -> None:
    """For every text of up to three words, and every opposite side."""
    texts = [" ".join(letters) for n in range(4) for letters in permutations("abc", n)]
    whole = read(when).condition
    for text, opposite in product(texts, texts):
        left = whole.narrowed(frozenset(text.split()), frozenset(opposite.split()))
        places = whole.test(Text(text, opposite))
        if left is None:
            assert places is None, (text, opposite)
        else:
            found = left.test(Text(text, opposite))
            assert spans_of(found) == spans_of(places), (text, opposite)


def spans_of(places: Places | None) -> list[Span] | None:
    return None if places is None else [span for _, span in places]


def test_a_condition_that_cannot_hold_narrows_to_none() -> None:
    for when in ("a", "a and b", "b and a", "a near 2 b", "a but not b", "unwanted b"):
        assert read(when).condition.narrowed({"b"}, {"a"}) is None, when
    assert read("a or b").condition.narrowed({"b"}, ()) is not None


def test_a_condition_returns_the_places_that_made_it_hold() -> None:
    places = read("a and b or c").condition.test(Text("c x a b"))
    assert places
    assert sorted(span for _, span in places) == [(0, 1), (2, 3), (3, 4)]


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("", "has the end where a concept"),
        ("a b", "has `b` where nothing or one of"),
        ("a and", "has the end where a concept"),
        ("a or or b", "has `or` where a concept"),
        ("(a", "has the end where `)`"),
        ("a)", "has `)` where nothing"),
        ("a but b", "has `b` where `not`"),
        ("a near b", "has `b` where a number"),
        ("unwanted (a)", "has `(` where a concept"),
        ("a & b", "cannot be read from `& b` on"),
    ],
)
def test_a_fault_is_named_with_its_place(when: str, message: str) -> None:
    with pytest.raises(ExpressionError) as fault:
        read(when)
    assert message in str(fault.value)
