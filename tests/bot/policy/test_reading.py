"""All readings of a text, each as long as the text itself."""

# ruff: noqa: RUF001  full-width signs are what is tested
from __future__ import annotations

import pytest

from bot.policy.folding import JOINT
from bot.policy.reading import (
    Reading,
    UnreadableError,
    join_texts,
    negatively_weighted,
    readings,
    without_brackets,
    without_breaks,
)


def shown(reading: Reading) -> str:
    return reading.text.replace(JOINT, "·")


def ways(text: str) -> list[str]:
    return [shown(reading) for reading in readings(text)]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("(nude:1.2), [sky]", "·nude·····, ·sky·"),
        ("{a}<b>\\(c\\)", "·a··b···c··"),
        ("nu(:1.0)de", "nu······de"),
        ("a: 1.2 )b", "a······· b".replace(" ", "")),
        ("12:30, a:b", "12···, a:b"),
        ("age:12", "age···"),
    ],
)
def test_brackets_and_weights_are_joints(text: str, read: str) -> None:
    assert without_brackets(text).replace(JOINT, "·") == read
    assert len(read) == len(text)


@pytest.mark.parametrize("around", ["{}", "é{}", "裸{}婦"])
@pytest.mark.parametrize("bracket", "()[]{}<>|\\")
def test_every_bracket_is_a_joint_in_every_script(around: str, bracket: str) -> None:
    assert without_brackets(around.format(f"a{bracket}b")) == around.format(f"a{JOINT}b")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("lo BREAK li", "lo·······li"),
        ("BREAK a  BREAK", "······a·······"),
        ("a BREAKS b break", "a BREAKS b break"),
        ("lo<|endoftext|>li", "lo             li"),
        ("BREAKBREAK BREAK", "BREAKBREAK······"),
    ],
)
def test_a_break_is_a_joint_with_the_space_around_it(text: str, read: str) -> None:
    assert without_breaks(text).replace(JOINT, "·") == read


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "1girl, 2boys, 4koma, 3d, 8k, 10mm, x2, 100",
            ["1girl, 2boys, 4koma, 3d, 8k, 10mm, x2, 100"],
        ),
        ("l0li", ["l0li", "loli"]),
        ("sh0t@, sky", ["sh0t@, sky", "shota, sky"]),
        ("1oli", ["1oli", "ioli", "loli"]),
        ("1o1i", ["1o1i", "ioii", "ioli", "loii", "loli"]),
        ("l 0 l i", ["l 0 l i", "l o l i"]),
        ("lo break li", ["lo break li", "lo ······li"]),
        ("(hild", ["·hild", "child"]),
        ("(a), (hild", ["·a·, ·hild", "·a·, child"]),
        ("(a, b) <hild", ["·a, b· ·hild", "·a, b· child"]),
        ("(hild, )a(", ["·hild, ·a·", "·hild, ·ac"]),
        (":) (hild", [":· ·hild", ":· child"]),
        ("(h1ld", ["·h1ld", "·hild", "·hlld", "ch1ld", "child", "chlld"]),
        ("[a](http", ["·a··http"]),
    ],
)
def test_digits_and_signs_are_read_as_letters(text: str, found: list[str]) -> None:
    assert ways(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[a|b]c", {"·a···c", "···b·c"}),
        ("{a|b|c}", {"·a·····", "···b···", "·····c·"}),
        ("[a:b:0.5]c", {"·a·······c", "···b·····c"}),
        ("lo[x:0.5]li", {"lo·x·····li", "lo·······li"}),
        ("[x|lo][y|li]", {"·x······y···", "·x········li·", "···lo···y···", "···lo·····li·"}),
        ("[[x|lo]|y]li", {"··x·······li", "····lo····li", "········y·li"}),
    ],
)
def test_options_are_read_one_by_one(text: str, found: set[str]) -> None:
    wanted = {way.replace("·", "") for way in found}
    assert wanted <= {way.replace("·", "") for way in ways(text)[1:]}
    assert all(len(way) == len(text) for way in ways(text))


@pytest.mark.parametrize("text", ["[lowres], (a:1.2)", "a | b", "[a:b]", "(a:b:c)", "[a", "12:30]"])
def test_text_without_alternation_has_at_most_two_readings(text: str) -> None:
    assert len({way.replace("·", "") for way in ways(text)}) <= 2


def test_a_part_keeps_its_position_and_cuts_no_word() -> None:
    text = f"{'canal ' * 20}[x|y] {'canal ' * 20}"
    parts = list(readings(text))[1:]
    assert len(parts) == 2
    for part in parts:
        assert set(part.text.replace(JOINT, " ").split()) <= {"canal", "x", "y"}
        assert text[part.start :].startswith(part.text[:5])


def test_a_text_with_too_many_readings_is_unreadable() -> None:
    with pytest.raises(UnreadableError):
        list(readings("[a|b]" * 500))
    with pytest.raises(UnreadableError):
        negatively_weighted("((((nude:-1))))" * 200)
    assert len(list(readings("{red|blue|green|black|white} hair, " * 6))) == 31


def test_a_negative_weight_reverses_a_wish() -> None:
    assert negatively_weighted("lowres, (nude:-1), bad").strip(" ,") == "nude"
    assert negatively_weighted("（nude：-0.5）").strip(" ,") == "nude"
    assert negatively_weighted("(nu:-1)(de:-2)").strip(" ,") == "nude"
    assert not negatively_weighted("(nude:1.2), a:b, -1").strip(" ,")
    assert not negatively_weighted("((nude:-1):-1)").strip(" ,")


def test_joined_texts_stay_separate() -> None:
    assert join_texts(["a", "", "b"]) == "a\nb"
