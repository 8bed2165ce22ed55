"""Scores as pictures: a histogram, and contact sheets of kept and dropped pictures.

Called by the command `score`; Pillow only. Must not know towers or heads.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont, ImageOps

from models.data.pictures import UnusableError, open_rgb

BACKGROUND, INK, FAINT, RULE = "#fbfaf8", "#2c2a33", "#8b8794", "#e6e2dc"
KEPT, DROPPED = "#2f8f83", "#cf8a93"
_WIDTH, _HEIGHT = 1040, 520
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 1010, 80, 450
_BARS = 36
_TILE, _GAP, _ACROSS = 150, 10, 8


#: Maps a score to its x position in pixels.
Scale = Callable[[float], float]


class Scored(NamedTuple):
    """A picture file and its score."""

    path: Path
    score: float


class Group(NamedTuple):
    """Pictures that stand together on a sheet, below one line of text."""

    title: str
    pictures: Sequence[Scored]


def histogram(scores: Sequence[float], threshold: float, low: float, high: float) -> Image.Image:
    """A histogram of scores between `low` and `high`, or as far as the scores reach.

    The bars begin at the threshold and go both ways: each is either kept or dropped.
    """
    low, high = min(low, *scores), max(high, *scores)
    step = (high - low) / _BARS
    bars = Counter(_bar(score, threshold, step) for score in scores)
    low = min(low, threshold + step * min(bars))
    high = max(high, threshold + step * (max(bars) + 1))
    top = _round_up(max(bars.values()))

    def x(score: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (score - low) / (high - low)

    def y(count: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * count / top

    picture = Image.new("RGB", (_WIDTH, _HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    for share in range(5):
        count = top * share / 4
        draw.line((_LEFT, y(count), _RIGHT, y(count)), RULE)
        draw.text((_LEFT - 10, y(count)), f"{count:,.0f}", FAINT, _font(14), anchor="rm")
    for bar, count in bars.items():
        left, right = x(threshold + step * bar), x(threshold + step * (bar + 1))
        draw.rectangle((left + 1, y(count), right - 1, _BOTTOM), KEPT if bar >= 0 else DROPPED)
    _axis(draw, low, high, x)
    kept = sum(score > threshold for score in scores)
    draw.line((x(threshold), _TOP - 8, x(threshold), _BOTTOM), INK, 2)
    draw.text((x(threshold), _TOP - 12), f"over {threshold:g}", INK, _font(15), anchor="mb")
    draw.text((_LEFT, 18), f"{len(scores):,} pictures", INK, _font(22))
    summary = f"{kept:,} kept, {len(scores) - kept:,} dropped"
    draw.text((_RIGHT, 22), summary, FAINT, _font(17), anchor="ra")
    return picture


def sheet(title: str, groups: Sequence[Group]) -> Image.Image:
    """A contact sheet: whole pictures with their scores below. A missing file leaves a gap."""
    groups = [group for group in groups if group.pictures]
    rows = sum(-(-len(group.pictures) // _ACROSS) for group in groups)
    width = _GAP + _ACROSS * (_TILE + _GAP)
    picture = Image.new("RGB", (width, 56 + 36 * len(groups) + rows * (_TILE + 30)), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    draw.text((_GAP, 14), title, INK, _font(22))
    y = 56
    for group in groups:
        draw.text((_GAP, y + 4), group.title, FAINT, _font(16))
        y += 36
        for start in range(0, len(group.pictures), _ACROSS):
            for column, scored in enumerate(group.pictures[start : start + _ACROSS]):
                _tile(picture, scored, _GAP + column * (_TILE + _GAP), y)
            y += _TILE + 30
    return picture


def _bar(score: float, threshold: float, step: float) -> int:
    """The index of a score's bar; bar 0 begins right above the threshold, which is dropped."""
    return math.ceil((score - threshold) / step) - 1


def _axis(draw: ImageDraw.ImageDraw, low: float, high: float, x: Scale) -> None:
    draw.line((_LEFT, _BOTTOM, _RIGHT, _BOTTOM), INK)
    step = 1.0 if high - low > 3 else 0.1
    for tick in range(math.ceil(low / step), math.floor(high / step) + 1):
        tick_x = x(tick * step)
        draw.line((tick_x, _BOTTOM, tick_x, _BOTTOM + 5), INK)
        draw.text((tick_x, _BOTTOM + 10), f"{tick * step:g}", FAINT, _font(14), anchor="ma")
    draw.text(
        ((_LEFT + _RIGHT) / 2, _BOTTOM + 34), "aesthetic score", FAINT, _font(15), anchor="ma"
    )


def _tile(sheet_picture: Image.Image, scored: Scored, x: int, y: int) -> None:
    draw = ImageDraw.Draw(sheet_picture)
    try:
        small = ImageOps.contain(open_rgb(scored.path), (_TILE, _TILE), Image.Resampling.LANCZOS)
    except UnusableError:
        draw.rectangle((x, y, x + _TILE, y + _TILE), RULE)
    else:
        sheet_picture.paste(
            small, (x + (_TILE - small.width) // 2, y + (_TILE - small.height) // 2)
        )
    draw.text((x + _TILE / 2, y + _TILE + 5), f"{scored.score:.2f}", INK, _font(14), anchor="ma")


def _round_up(count: int) -> int:
    """The next number that divides into four round steps."""
    unit = 4 * 10 ** max(0, len(str(count)) - 2)
    return max(4, unit * -(-count // unit))


def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)
