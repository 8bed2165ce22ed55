"""Bars and histograms as pictures, drawn with Pillow, which the house has anyway.

Called by the reports. It must not know what the figures mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

_PAPER, _INK, _FAINT, _RULE = "#fbfaf8", "#2c2a33", "#8b8794", "#e6e2dc"
#: Of a value that holds its goal, and of one that does not.
GOOD, BAD = "#2f8f83", "#c8606d"
_WIDTH, _ROW, _TOP, _MARGIN = 1100, 26, 84, 24
_LEFT, _RIGHT = 330, 960
_TICKS = 5


class Bar(NamedTuple):
    """One line of a chart: what it is, its value, and a few words behind it."""

    name: str
    value: float
    note: str
    good: bool = True


def bars(title: str, subtitle: str, lines: Sequence[Bar], goal: float | None) -> Image.Image:
    """Horizontal bars from 0, in the order given; the goal is a line across all of them."""
    highest = _round_up(max([*(line.value for line in lines), goal or 0.0]))
    height = _TOP + _ROW * len(lines) + _MARGIN + 20
    picture = Image.new("RGB", (_WIDTH, height), _PAPER)
    draw = ImageDraw.Draw(picture)
    _heading(draw, title, subtitle)
    bottom = _TOP + _ROW * len(lines)
    for tick in range(_TICKS + 1):
        value = highest * tick / _TICKS
        x = _across(value, highest)
        draw.line((x, _TOP, x, bottom), _RULE)
        draw.text((x, bottom + 6), f"{value:,.6g}", _FAINT, _font(13), anchor="ma")
    for at, line in enumerate(lines):
        _bar(draw, _TOP + _ROW * at, line, highest)
    if goal is not None:
        x = _across(goal, highest)
        draw.line((x, _TOP - 6, x, bottom), _INK, 2)
        draw.text((x, _TOP - 8), f"goal {goal:g}", _INK, _font(13), anchor="mb")
    return picture


def histogram(
    title: str, subtitle: str, values: Sequence[float], goal: float | None
) -> Image.Image:
    """How many values lie where: two bars for each doubling, the goal between two of them."""
    edge = goal or 1.0
    places = [math.floor(2 * math.log2(max(value, 1e-6) / edge)) for value in values]
    low, high = min([*places, -1]), max([*places, 0])
    lines = [
        Bar(
            name=f"{edge * 2 ** (place / 2):.3g} to {edge * 2 ** ((place + 1) / 2):.3g}",
            value=places.count(place),
            note=f"{places.count(place):,}",
            good=goal is None or place < 0,
        )
        for place in range(low, high + 1)
    ]
    return bars(title, subtitle, lines, None)


def _bar(draw: ImageDraw.ImageDraw, top: int, line: Bar, highest: float) -> None:
    right = _across(line.value, highest)
    middle = top + _ROW / 2
    draw.text((_LEFT - 10, middle), line.name, _INK, _font(14), anchor="rm")
    if line.value > 0:
        colour = GOOD if line.good else BAD
        draw.rectangle((_LEFT, top + 5, max(right, _LEFT + 1), top + _ROW - 5), colour)
    draw.text((_RIGHT + 10, middle), line.note, _FAINT, _font(13), anchor="lm")


def _heading(draw: ImageDraw.ImageDraw, title: str, subtitle: str) -> None:
    draw.text((_MARGIN, 14), title, _INK, _font(21))
    draw.text((_MARGIN, 43), subtitle, _FAINT, _font(14))


def _round_up(value: float) -> float:
    """The end of the scale: its ticks are 1, 2, 4 or 5 times a power of ten apart, 1 at least."""
    power = 10 ** math.floor(math.log10(max(value / _TICKS, 1)))
    steps = (power * step for step in (1, 2, 4, 5, 10))
    return _TICKS * next(step for step in steps if _TICKS * step >= value)


def _across(value: float, highest: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * value / highest


def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)
