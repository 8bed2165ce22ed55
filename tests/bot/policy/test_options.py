"""Each option is read alone, and with its neighbours in the options around it."""

from __future__ import annotations

import pytest

from bot.policy.options import clusters
from bot.policy.screening import Screen
from bot.rulebooks import load


def readings(text: str) -> list[str]:
    """The whole text in each reading."""
    return [
        "".join(char for at, char in enumerate(text) if not any(a <= at < b for a, b in gone))
        for _, _, gone in clusters(text)
    ]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("x[a|b]y", "xay xby"),
        ("x{a|b}[c|d]", "xac xad xbc xbd"),
        (
            "[a|b]_[c|d],[e|f]",
            "a_c,[e|f] a_d,[e|f] b_c,[e|f] b_d,[e|f] [a|b]_[c|d],e [a|b]_[c|d],f",
        ),
        ("[a:b:0.5]", "a b"),
        ("[a:b:c:3]", "a b c"),
        ("x[a:0.5]", "xa x"),
        ("(x[a|b]y)", "(xay) (xby)"),
        ("[x[a|b]z|y]", "x[a|b]z y xaz xbz"),
        ("[m[x[a|b]|y]n|o]", "m[x[a|b]|y]n o mx[a|b]n myn mxan mxbn"),
        # Side by side in one option, in two options, and at two depths.
        ("[x[a|b][c|d]|y]", "x[a|b][c|d] y xac xad xbc xbd"),
        ("[x[a|b]|y[c|d]]", "x[a|b] y[c|d] xa xb yc yd"),
        ("[x[a|b]:y[c|d]:3]", "x[a|b] y[c|d] xa xb yc yd"),
        ("[[a|b]c|e][g|h]", "[a|b]cg [a|b]ch eg eh ac[g|h] bc[g|h]"),
        # Neither alternation nor prompt editing, or never closed.
        ("[x[a|b]:[c|d]:z]", "[xa:c:z] [xa:d:z] [xb:c:z] [xb:d:z]"),
        ("[[a|b]|[c|d]", "[a|c [a|d [b|c [b|d"),
        ("[a|b", ""),
        ("[x:y:z]", ""),
        (r"\[a|b\]", ""),
    ],
)
def test_each_option_is_read_without_the_others_of_its_group(text: str, read: str) -> None:
    assert readings(text) == read.split()


def test_many_neighbouring_groups_are_read_in_pairs() -> None:
    assert len(readings("[a|b]" * 6)) == 2**6
    many = readings("[a|b]" * 7)
    assert len(many) == 6 * 2 * 2
    assert {"ab[a|b]", "ba[a|b]", "bb[a|b]"} <= {read[:7] for read in many}


SCREEN = Screen(load())


@pytest.mark.parametrize(
    "prompt",
    [
        "1girl, [smile[s|d]|nu[dge|de]]",
        "1girl, [smile[s|d]:nu[dge|de]:0.5]",
        "1girl, [smile[s|d]|nu][dge|de]",
    ],
)
def test_words_spelled_by_nested_options_are_found(prompt: str) -> None:
    assert {finding.rule for finding in SCREEN.findings(prompt)} == {"sexual"}
