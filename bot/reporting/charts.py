"""Bar charts and histograms as pictures, drawn with Pillow.

Called by the reports. Must not know what the figures mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

_PAPER, _INK, _FAINT, _RULE = "#fbfaf8", "#2c2a33", "#8b8794", "#e6e2dc"
#: The colours of a value that meets its goal, and of one that does not.
GOOD, BAD = "#2f8f83", "#c8606d"
_WIDTH, _ROW, _TOP, _MARGIN = 1100, 26, 84, 24
#: The bars' leftmost start, rightmost end, and least full length, in px.
_LEFT, _RIGHT, _SHORTEST = 330, 960, 200
_GAP = 10
_TICKS = 5


class _Scale(NamedTuple):
    """Where bars begin and end, in px, and the value at the end."""

    left: float
    right: float
    highest: float

    def across(self, value: float) -> float:
        """The x position of a value."""
        return self.left + (self.right - self.left) * value / self.highest


class Bar(NamedTuple):
    """One line of a chart: its name, its value, and a note behind it."""

    name: str
    value: float
    note: str
    good: bool = True


def bars(
    title: str,
    subtitle: str,
    lines: Sequence[Bar],
    goal: float | None,
    end: float | None = None,
) -> Image.Image:
    """Horizontal bars from 0, in the given order; a line across all of them marks the goal.

    `end` is the end of the scale; by default a round number above all values.
    """
    highest = end or _round_up(max([*(line.value for line in lines), goal or 0.0]))
    height = _TOP + _ROW * len(lines) + _MARGIN + 20
    picture = Image.new("RGB", (_WIDTH, height), _PAPER)
    draw = ImageDraw.Draw(picture)
    scale = _fit_scale(draw, lines, highest)
    _heading(draw, title, subtitle)
    bottom = _TOP + _ROW * len(lines)
    for tick in range(_TICKS + 1):
        value = highest * tick / _TICKS
        x = scale.across(value)
        draw.line((x, _TOP, x, bottom), _RULE)
        draw.text((x, bottom + 6), f"{value:,.6g}", _FAINT, _font(13), anchor="ma")
    for at, line in enumerate(lines):
        _bar(draw, _TOP + _ROW * at, line, scale)
    if goal is not None:
        x = scale.across(goal)
        draw.line((x, _TOP - 6, x, bottom), _INK, 2)
        draw.text((x, _TOP - 8), f"goal {goal:g}", _INK, _font(13), anchor="mb")
    return picture


def histogram(
    title: str, subtitle: str, values: Sequence[float], goal: float | None
) -> Image.Image:
    """A histogram with two bars per doubling; the goal lies between two of them."""
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


def _fit_scale(draw: ImageDraw.ImageDraw, lines: Sequence[Bar], highest: float) -> _Scale:
    """The scale that leaves room for every name and note while bars stay visible."""
    names = max((draw.textlength(line.name, _font(14)) for line in lines), default=0.0)
    notes = max((draw.textlength(line.note, _font(13)) for line in lines), default=0.0)
    right = min(_RIGHT, _WIDTH - _MARGIN - notes - _GAP)
    left = max(_LEFT, _MARGIN + names + _GAP)
    return _Scale(left, max(right, left + _SHORTEST), highest)


def _bar(draw: ImageDraw.ImageDraw, top: int, line: Bar, scale: _Scale) -> None:
    middle = top + _ROW / 2
    draw.text((scale.left - _GAP, middle), line.name, _INK, _font(14), anchor="rm")
    if line.value > 0:
        colour, end = GOOD if line.good else BAD, max(scale.across(line.value), scale.left + 1)
        draw.rectangle((scale.left, top + 5, end, top + _ROW - 5), colour)
    draw.text((scale.right + _GAP, middle), line.note, _FAINT, _font(13), anchor="lm")


def _heading(draw: ImageDraw.ImageDraw, title: str, subtitle: str) -> None:
    draw.text((_MARGIN, 14), title, _INK, _font(21))
    draw.text((_MARGIN, 43), subtitle, _FAINT, _font(14))


def _round_up(value: float) -> float:
    """The end of the scale: its ticks are 1, 2, 4 or 5 times a power of ten apart, at least 1."""
    power = 10 ** math.floor(math.log10(max(value / _TICKS, 1)))
    steps = (power * step for step in (1, 2, 4, 5, 10))
    return _TICKS * next(step for step in steps if _TICKS * step >= value)


def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)
