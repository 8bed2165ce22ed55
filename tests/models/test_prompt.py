"""The prompt language: weights, escapes, breaks, and whatever people type."""

from __future__ import annotations

import math

import pytest

from models.prompt import WEIGHT_MAX, Piece, parse, without_special_tokens


def weights(prompt: str) -> list[tuple[str, float]]:
    return [(piece.text, round(piece.weight, 4)) for piece in parse(prompt)]


# What AUTOMATIC1111's parser is documented to make of these prompts.
CONFORMANCE = [
    ("normal text", [("normal text", 1.0)]),
    ("an (important) word", [("an ", 1.0), ("important", 1.1), (" word", 1.0)]),
    ("(unbalanced", [("unbalanced", 1.1)]),
    (r"\(literal\]", [("(literal]", 1.0)]),
    ("(unnecessary)(parens)", [("unnecessaryparens", 1.1)]),
    (
        "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
        [
            ("a ", 1.0),
            ("house", 1.573),
            (" ", 1.1),
            ("on", 1.0),
            (" a ", 1.1),
            ("hill", 0.55),
            (", sun, ", 1.1),
            ("sky", 1.4641),
            (".", 1.1),
        ],
    ),
]


@pytest.mark.parametrize(("prompt", "expected"), CONFORMANCE)
def test_prompts_are_read_as_automatic1111_reads_them(
    prompt: str, expected: list[tuple[str, float]]
) -> None:
    assert weights(prompt) == expected


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("", []),
        ("()", []),
        ("((x))", [("x", 1.21)]),
        ("[x]", [("x", 0.9091)]),
        ("[(x)]", [("x", 1.0)]),
        ("(x:1.3)", [("x", 1.3)]),
        ("(x : .5 )", [("x ", 0.5)]),
        ("(x:-1)", [("x", -1.0)]),
        ("x:1.3)", [("x:1.3)", 1.0)]),
        ("(x:1.2.3)", [("x:1.2.3", 1.1)]),
        ("(x:)", [("x:", 1.1)]),
        ("(cat ears, :3)", [("cat ears, :3", 1.1)]),
        ("(:3)", [(":3", 1.1)]),
        ("(:3:1.2)", [(":3", 1.2)]),
        ("(best quality, cute,:1.2)", [("best quality, cute,", 1.2)]),
        ("(cute:3)", [("cute", 3.0)]),
        ("((cat ears:1.2), :3)", [("cat ears", 1.32), (", :3", 1.1)]),
        ("a) b] (c", [("a) b] ", 1.0), ("c", 1.1)]),
        ("(a[b)c]", [("a", 1.1), ("b", 1.0), ("c", 0.9091)]),
        ("12:30, ratio 3:4", [("12:30, ratio 3:4", 1.0)]),
        (r"hatsune miku \(vocaloid\)", [("hatsune miku (vocaloid)", 1.0)]),
        (r"back\slash \\ end\\", [("back\\slash \\ end\\", 1.0)]),
        ("trailing\\", [("trailing\\", 1.0)]),
    ],
)
def test_corner_cases(prompt: str, expected: list[tuple[str, float]]) -> None:
    assert weights(prompt) == expected


def test_break_starts_a_new_chunk() -> None:
    assert parse("a cat BREAK (a dog:1.2)") == (
        Piece(text="a cat"),
        Piece(text="a dog", weight=1.2, breaks=True),
    )


def test_break_inside_emphasis_keeps_the_weight_on_both_sides() -> None:
    assert parse("(a BREAK b)") == (
        Piece(text="a", weight=1.1),
        Piece(text="b", weight=1.1, breaks=True),
    )


def test_break_must_be_a_separate_word_in_capitals() -> None:
    assert weights("BREAKFAST at daybreak, break") == [("BREAKFAST at daybreak, break", 1.0)]


def test_users_cannot_write_special_tokens() -> None:
    for text in ("a<|endoftext|>b", "a<|end<|x|>oftext|>b", "<|startoftext|><|endoftext|>"):
        assert "<|endoftext|>" not in without_special_tokens(text)
        assert "<|startoftext|>" not in without_special_tokens(text)
    assert weights("a<|endoftext|>b") == [("a b", 1.0)]


@pytest.mark.parametrize(
    "prompt", ["(" * 2000 + "x", "(x:1e9)", "(x:999999999999)", "[" * 2000 + "x"]
)
def test_a_weight_is_always_finite_and_bounded(prompt: str) -> None:
    for piece in parse(prompt):
        assert math.isfinite(piece.weight)
        assert abs(piece.weight) <= WEIGHT_MAX


@pytest.mark.parametrize(
    "prompt", ["مرحبا (بالعالم:1.2)", "👩‍👩‍👧 (👍)", "a\u200bb\nc\td", "()[]" * 5000]
)
def test_any_text_can_be_parsed(prompt: str) -> None:
    letters = "".join(piece.text for piece in parse(prompt))
    assert all(letter in prompt for letter in letters)
