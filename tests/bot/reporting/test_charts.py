"""Bars are as long as their values, and coloured by whether they hold."""

from __future__ import annotations

import pytest
from PIL import Image, ImageColor

from bot.reporting import charts
from bot.reporting.charts import Bar

GOOD, BAD = ImageColor.getrgb(charts.GOOD), ImageColor.getrgb(charts.BAD)


def length_px(picture: Image.Image, colour: tuple[int, ...], row: int) -> int:
    y = 84 + 26 * row + 13
    return sum(picture.getpixel((x, y)) == colour for x in range(picture.width))


def test_a_bar_is_as_long_as_its_value() -> None:
    lines = [Bar("a", 100, "x"), Bar("b", 50, "x", good=False), Bar("c", 0, "x")]
    picture = charts.bars("title", "sub", lines, None)
    assert length_px(picture, GOOD, 0) > 600
    assert abs(length_px(picture, BAD, 1) - length_px(picture, GOOD, 0) / 2) < 3
    assert length_px(picture, GOOD, 2) == length_px(picture, BAD, 2) == 0


@pytest.mark.parametrize("side", ["name", "note"])
def test_a_long_name_and_a_long_note_are_shown_whole(side: str) -> None:
    """Nothing is written into the margins, and there is still room for a bar."""
    words = "2026-11-30 named by MODEL, no blind test, and more"
    line = Bar(words, 1, "x") if side == "name" else Bar("a", 1, words)
    picture = charts.bars("title", "sub", [line], None)
    left, right = (picture.crop((x, 84, x + 20, 110)) for x in (0, picture.width - 20))
    assert [len(margin.getcolors() or ()) for margin in (left, right)] == [1, 1]
    assert length_px(picture, GOOD, 0) > 30


def test_a_share_is_drawn_on_a_scale_up_to_the_whole() -> None:
    half, whole = (charts.bars("", "", [Bar("a", v, "x")], 50, end=100) for v in (50, 100))
    assert length_px(half, GOOD, 0) == pytest.approx(length_px(whole, GOOD, 0) / 2, abs=3)


def test_the_goal_lies_between_two_bars_of_a_histogram() -> None:
    picture = charts.histogram("title", "sub", [0.05] * 9 + [0.099, 0.1, 0.101], 0.1)
    rows = [
        (length_px(picture, GOOD, row) > 0, length_px(picture, BAD, row) > 0) for row in range(3)
    ]
    assert rows == [(True, False), (True, False), (False, True)]


def test_a_chart_without_bars_can_be_drawn() -> None:
    assert charts.bars("title", "sub", [], None).height > 0


@pytest.mark.parametrize(
    ("value", "end"), [(0, 5), (5, 5), (6, 10), (16, 20), (100, 100), (412, 500), (100.5, 200)]
)
def test_a_scale_ends_at_a_round_number_no_smaller_than_the_value(value: float, end: float) -> None:
    assert charts._round_up(value) == end
