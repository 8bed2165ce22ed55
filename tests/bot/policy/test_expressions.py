"""Conditions: how they bind, what they find, and what is wrong with a faulty one."""

from __future__ import annotations

from collections.abc import Collection
from itertools import product

import pytest

from bot.policy.expressions import ExpressionError, Side, Span, read


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

    def told(self, spans: Collection[Span]) -> list[str]:
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
def test_an_expression_means_what_it_says(when: str, meant: object) -> None:
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


def test_unwanted_looks_at_the_other_side() -> None:
    assert holds("a and unwanted b", "a", "b")
    assert not holds("a and unwanted b", "a b")
    assert read("a and unwanted b").unwanted == {"b"}
    assert read("a and unwanted b").concepts == {"a", "b"}


def test_what_made_it_hold_is_told() -> None:
    places = read("a and b or c").condition.test(Text("c x a b"))
    assert places
    assert sorted(span for _, span in places) == [(0, 1), (2, 3), (3, 4)]


@pytest.mark.parametrize(
    ("when", "told"),
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
def test_a_fault_is_named_with_its_place(when: str, told: str) -> None:
    with pytest.raises(ExpressionError) as fault:
        read(when)
    assert told in str(fault.value)
