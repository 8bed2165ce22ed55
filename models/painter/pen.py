"""Strokes, shapes and colours in SVG: what every part of a portrait is drawn with.

Called by the parts of the painter. It must not know what a face or a hat is. Lengths are in the
drawing's own units (512 across a square picture, y downwards, x = 0 on the axis of the face);
colours are `#rrggbb`.
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from random import Random

Point = tuple[float, float]
Points = Sequence[Point]

#: The thickness of an outline; about two pixels in a picture of 256.
LINE = 4.2


def rgb(colour: str) -> tuple[int, int, int]:
    """The three bytes of `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(a: str, b: str, t: float) -> str:
    """The colour a share `t` of the way from `a` to `b`."""
    channels = (round(x * (1 - t) + y * t) for x, y in zip(rgb(a), rgb(b), strict=True))
    return "#" + "".join(f"{max(0, min(255, c)):02x}" for c in channels)


def jitter(colour: str, amount: float, rng: Random) -> str:
    """The colour moved a little in hue, saturation and value: no two dresses are the same red."""
    h, s, v = colorsys.rgb_to_hsv(*(c / 255 for c in rgb(colour)))
    h = (h + rng.uniform(-amount, amount) * 0.12) % 1
    s = min(1.0, max(0.0, s * (1 + rng.uniform(-amount, amount))))
    v = min(1.0, max(0.0, v * (1 + rng.uniform(-amount, amount) * 0.6)))
    return "#" + "".join(f"{round(c * 255):02x}" for c in colorsys.hsv_to_rgb(h, s, v))


def ink(colour: str) -> str:
    """The line colour of a fill: the same hue, nearly black."""
    return mix(mix(colour, "#000000", 0.35), "#2a1526", 0.62)


def attributes(
    fill: str = "none", stroke: str | None = None, width: float = LINE, opacity: float = 1.0
) -> str:
    """The presentation attributes of one shape, with round joins."""
    text = f'fill="{fill}"'
    if stroke:
        text += (
            f' stroke="{stroke}" stroke-width="{width:.1f}"'
            ' stroke-linejoin="round" stroke-linecap="round"'
        )
    if opacity == 1:
        return text
    # A shape's own `opacity` costs the renderer a layer of the whole picture; these do not.
    return text + f' fill-opacity="{opacity:.2f}" stroke-opacity="{opacity:.2f}"'


def path(
    d: str,
    fill: str = "none",
    stroke: str | None = None,
    width: float = LINE,
    opacity: float = 1.0,
) -> str:
    """One path."""
    return f'<path d="{d}" {attributes(fill, stroke, width, opacity)}/>'


def ellipse(
    centre: Point,
    radii: Point,
    fill: str = "none",
    stroke: str | None = None,
    width: float = LINE,
    *,
    opacity: float = 1.0,
) -> str:
    """One ellipse around a point; `radii` are half its width and half its height."""
    (x, y), (rx, ry) = centre, radii
    shape = f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" '
    return shape + attributes(fill, stroke, width, opacity) + "/>"


def group(content: str, transform: str = "", clip: str = "") -> str:
    """The content, transformed as a whole and clipped by the clip path of that name."""
    moved = f' transform="{transform}"' if transform else ""
    cut = f' clip-path="url(#{clip})"' if clip else ""
    return f"<g{moved}{cut}>{content}</g>"


def on_both_sides(content: str) -> str:
    """The content on the right side of the axis and its mirror picture on the left."""
    return content + group(content, "scale(-1 1)")


def on_side(content: str, side: int) -> str:
    """The content as drawn for the right (`side` 1), or mirrored to the left (-1)."""
    return content if side > 0 else group(content, "scale(-1 1)")


def clip(name: str, d: str) -> str:
    """The definition of a clip path."""
    return f'<clipPath id="{name}"><path d="{d}"/></clipPath>'


def fade(name: str, y0: float, y1: float, stops: Iterable[tuple[float, str]]) -> str:
    """A vertical gradient between two heights of the drawing; paint with it as `url(#name)`."""
    marks = "".join(f'<stop offset="{at}" stop-color="{colour}"/>' for at, colour in stops)
    return (
        f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse"'
        f' x1="0" y1="{y0}" x2="0" y2="{y1}">{marks}</linearGradient>'
    )


def glow(name: str, colour: str, opacity: float) -> str:
    """A radial gradient that fades out to the rim of the shape it fills."""
    return (
        f'<radialGradient id="{name}"><stop offset="0" stop-color="{colour}"'
        f' stop-opacity="{opacity}"/><stop offset="1" stop-color="{colour}"'
        ' stop-opacity="0"/></radialGradient>'
    )


def spline(points: Points, *, closed: bool = False, start: str = "M") -> str:
    """A Catmull-Rom spline through the points as cubic Bezier path data."""
    count = len(points)
    d = f"{start}{points[0][0]:.1f} {points[0][1]:.1f}"
    for i in range(count if closed else count - 1):
        before = points[i - 1] if closed or i else points[i]
        a, b = points[i], points[(i + 1) % count]
        after = points[(i + 2) % count] if closed or i + 2 < count else b
        d += (
            f"C{a[0] + (b[0] - before[0]) / 6:.1f} {a[1] + (b[1] - before[1]) / 6:.1f}"
            f" {b[0] - (after[0] - a[0]) / 6:.1f} {b[1] - (after[1] - a[1]) / 6:.1f}"
            f" {b[0]:.1f} {b[1]:.1f}"
        )
    return d + ("Z" if closed else "")


def locks(points: Points, start: str = "L") -> str:
    """An edge of hair through valley, tip, valley, tip, ...: tips are sharp, sides bulge."""
    d = f"{start}{points[0][0]:.1f} {points[0][1]:.1f}"
    for a, b in pairwise(points):
        valley, tip = (a, b) if a[1] < b[1] else (b, a)
        x = valley[0] + (tip[0] - valley[0]) * 0.18
        y = valley[1] + (tip[1] - valley[1]) * 0.62
        d += f"Q{x:.1f} {y:.1f} {b[0]:.1f} {b[1]:.1f}"
    return d


def blade(points: Points, width: float, *, taper: float = 0.0) -> str:
    """A stroke with line weight: `width` in its middle, `taper` of that at its ends."""
    count = len(points)
    left: list[Point] = []
    right: list[Point] = []
    for i, (x, y) in enumerate(points):
        before, after = points[max(i - 1, 0)], points[min(i + 1, count - 1)]
        dx, dy = after[0] - before[0], after[1] - before[1]
        length = (dx * dx + dy * dy) ** 0.5 or 1.0
        along = 2 * i / (count - 1) - 1
        half = width / 2 * max(taper, 1 - along * along)
        left.append((x - dy / length * half, y + dx / length * half))
        right.append((x + dy / length * half, y - dx / length * half))
    return spline(left) + spline(right[::-1], start="L") + "Z"


def bow_curve(a: Point, b: Point, bow: float, count: int = 5) -> list[Point]:
    """Points on a curve from `a` to `b` that leaves the chord by `bow` units in its middle."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    out: list[Point] = []
    for i in range(count):
        t = i / (count - 1)
        off = bow * 4 * t * (1 - t)
        out.append((a[0] + dx * t - dy / length * off, a[1] + dy * t + dx / length * off))
    return out
