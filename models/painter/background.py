"""Backgrounds: plain colours, patterns on them, and skies. One function for each.

Called by the drawing. It must not know the figure. The picture spans `width` x `height` units from
the upper left corner; the figure stands in its middle.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from models.painter.pen import ellipse, fade, group, mix, path
from models.painter.tones import Tones


def _ground(width: float, height: float, fill: str) -> str:
    return f'<rect width="{width}" height="{height}" fill="{fill}"/>'


def _pattern_tint(tones: Tones) -> str:
    """A second tone of the ground: lighter on dark, deeper on light grounds."""
    base = tones.background
    bright = sum(int(base[i : i + 2], 16) for i in (1, 3, 5)) / 3
    if bright > 238:
        return "#e3e3ee"
    return mix(base, "#ffffff", 0.42) if bright > 90 else mix(base, "#ffffff", 0.2)


def _scatter(rng: Random, width: float, height: float, count: int) -> list[tuple[float, float]]:
    """Places away from the figure's face, spread evenly by rejection."""
    out: list[tuple[float, float]] = []
    for _ in range(count * 14):
        x, y = rng.uniform(8, width - 8), rng.uniform(8, height - 30)
        central = abs(x - width / 2) < 120 and y > 90
        if not central and all((x - a) ** 2 + (y - b) ** 2 > 52**2 for a, b in out):
            out.append((x, y))
        if len(out) == count:
            break
    return out


def simple(tones: Tones, rng: Random, width: float, height: float) -> str:
    """One colour."""
    del rng
    return _ground(width, height, tones.background)


def gradient(tones: Tones, rng: Random, width: float, height: float) -> str:
    """The colour at the top, white at the bottom."""
    del rng
    ramp = fade("ground", 0, height, [(0, mix(tones.background, "#000000", 0.06)), (1, "#ffffff")])
    return ramp + _ground(width, height, "url(#ground)")


def polka_dot(tones: Tones, rng: Random, width: float, height: float) -> str:
    """Rows of dots."""
    del rng
    tint = _pattern_tint(tones)
    dots = "".join(
        ellipse((x + (32 if row % 2 else 0), y), (15, 15), tint)
        for row, y in enumerate(range(16, int(height) + 30, 32))
        for x in range(0, int(width) + 64, 64)
    )
    return _ground(width, height, tones.background) + dots


def striped(tones: Tones, rng: Random, width: float, height: float) -> str:
    """Broad stripes from corner to corner."""
    del rng
    tint = _pattern_tint(tones)
    bars = "".join(
        f"M{x} -10L{x + height * 0.6:.0f} {height + 10}h34L{x + 34} -10Z"
        for x in range(-480, int(width), 72)
    )
    return _ground(width, height, tones.background) + path(bars, tint)


def sunburst(tones: Tones, rng: Random, width: float, height: float) -> str:
    """Rays from the middle."""
    del rng
    cx, cy, rays = width / 2, height * 0.5, ""
    for i in range(12):
        a, b = 2 * math.pi * i / 12, 2 * math.pi * (i + 0.5) / 12
        rays += (
            f"M{cx} {cy}L{cx + 800 * math.cos(a):.0f} {cy + 800 * math.sin(a):.0f}"
            f"L{cx + 800 * math.cos(b):.0f} {cy + 800 * math.sin(b):.0f}Z"
        )
    return _ground(width, height, tones.background) + path(rays, _pattern_tint(tones))


def hearts(tones: Tones, rng: Random, width: float, height: float) -> str:
    """Hearts about the figure."""
    heart = "M0 26C-36 2 -30 -26 -12 -26C-4 -26 0 -18 0 -14C0 -18 4 -26 12 -26C30 -26 36 2 0 26Z"
    out = _ground(width, height, tones.background)
    for x, y in _scatter(rng, width, height, 15):
        turn, size = rng.uniform(-20, 20), rng.uniform(0.7, 1.15)
        out += group(
            path(heart, "#ff5f86", "#c22d5b", 3.4)
            + ellipse((-11, -12), (4, 5), "#ffffff", opacity=0.8),
            f"translate({x:.0f} {y:.0f}) rotate({turn:.0f}) scale({size:.2f})",
        )
    return out


def sparkle(tones: Tones, rng: Random, width: float, height: float) -> str:
    """Four-pointed sparkles."""
    star = "M0 -30C3 -8 8 -3 30 0C8 3 3 8 0 30C-3 8 -8 3 -30 0C-8 -3 -3 -8 0 -30Z"
    out = _ground(width, height, tones.background)
    for x, y in _scatter(rng, width, height, 15):
        out += group(
            path(star, "#fff3a8", "#e8b23c", 3.2),
            f"translate({x:.0f} {y:.0f}) scale({rng.uniform(0.6, 1.1):.2f})",
        )
    return out


def bubbles(tones: Tones, rng: Random, width: float, height: float) -> str:
    """Soap bubbles."""
    out = _ground(width, height, tones.background)
    for x, y in _scatter(rng, width, height, 15):
        r = rng.uniform(14, 30)
        out += ellipse((x, y), (r, r), "#ffffff", opacity=0.4) + ellipse(
            (x, y), (r, r), "none", "#6fa8dc", 3.4
        )
        out += ellipse((x - r * 0.35, y - r * 0.4), (r * 0.24, r * 0.3), "#ffffff")
    return out


def starry_sky(tones: Tones, rng: Random, width: float, height: float) -> str:
    """A night full of stars."""
    del tones
    out = fade("ground", 0, height, [(0, "#121a4e"), (0.6, "#3c3b8e"), (1, "#8a5aa8")]) + _ground(
        width, height, "url(#ground)"
    )
    for _ in range(60):
        at, r = (rng.uniform(0, width), rng.uniform(0, height)), rng.uniform(1.4, 3.2)
        out += ellipse(at, (r, r), "#ffffff", opacity=0.9)
    star = "M0 -18C2 -5 5 -2 18 0C5 2 2 5 0 18C-2 5 -5 2 -18 0C-5 -2 -2 -5 0 -18Z"
    for x, y in _scatter(rng, width, height * 0.9, 9):
        out += group(
            path(star, "#fff6c4"), f"translate({x:.0f} {y:.0f}) scale({rng.uniform(0.7, 1.2):.2f})"
        )
    return out


def full_moon(tones: Tones, rng: Random, width: float, height: float) -> str:
    """A large moon behind the head, in a dark blue night."""
    del tones, rng
    out = fade("ground", 0, height, [(0, "#0f1738"), (1, "#2d4a86")]) + _ground(
        width, height, "url(#ground)"
    )
    cx, cy = width / 2, height * 0.4
    out += ellipse((cx, cy), (236, 236), ("#fff3c0"), opacity=0.22) + ellipse(
        (cx, cy), (212, 212), "#ffedb0"
    )
    for x, y, r in (
        (-150, -60, 26),
        (150, -90, 20),
        (168, 60, 28),
        (-168, 50, 18),
        (-70, -165, 20),
        (60, -178, 14),
    ):
        out += ellipse((cx + x, cy + y), (r, r), "#f2d588")
    return out


def blue_sky(tones: Tones, rng: Random, width: float, height: float) -> str:
    """A summer sky with white clouds."""
    del tones
    out = fade("ground", 0, height, [(0, "#3f9bec"), (1, "#c4ecff")]) + _ground(
        width, height, "url(#ground)"
    )
    cloud = (
        ellipse((0, 0), (62, 26), "#ffffff")
        + ellipse((-26, -18), (34, 30), "#ffffff")
        + ellipse((22, -24), (38, 36), "#ffffff")
        + ellipse((0, 12), (66, 15), "#dcefff")
    )
    for x, y in ((0.1, 0.16), (0.92, 0.24), (0.02, 0.52), (0.98, 0.62)):
        out += group(
            cloud,
            (
                f"translate({width * x + rng.uniform(-16, 16):.0f}"
                f" {height * y + rng.uniform(-16, 16):.0f}) scale({rng.uniform(0.9, 1.4):.2f})"
            ),
        )
    return out


def sunset(tones: Tones, rng: Random, width: float, height: float) -> str:
    """A low sun between red clouds."""
    del tones
    out = fade(
        "ground", 0, height, [(0, "#6a3f8f"), (0.45, "#f0716a"), (0.8, "#ffc35c"), (1, "#ffe08a")]
    ) + _ground(width, height, "url(#ground)")
    out += ellipse((width * 0.14, height * 0.62), (62, 62), "#fff0b4")
    for x, y, w in ((0.06, 0.3, 90), (0.95, 0.22, 110), (0.9, 0.52, 80), (0.02, 0.8, 80)):
        out += ellipse(
            (width * x + rng.uniform(-20, 20), height * y), (w, 13), "#ffb08f", opacity=0.85
        )
    return out


def ocean(tones: Tones, rng: Random, width: float, height: float) -> str:
    """Sea and sky with a beach."""
    del tones
    line = height * 0.46
    out = fade("ground", 0, line, [(0, "#58b4f4"), (1, "#d8f3ff")]) + _ground(
        width, height, "url(#ground)"
    )
    out += fade("sea", line, height, [(0, "#1f78c8"), (0.6, "#3cc0d8"), (1, "#8fe4dc")])
    out += f'<rect y="{line:.0f}" width="{width}" height="{height - line:.0f}" fill="url(#sea)"/>'
    for i in range(16):
        x, y = rng.uniform(0, width), line + 18 + i * (height - line) / 17
        out += path(
            f"M{x - 34:.0f} {y:.0f}q17 -9 34 0t34 0", stroke="#ffffff", width=4, opacity=0.75
        )
    return out


def _drifting(rng: Random, width: float, height: float, count: int, shapes: list[str]) -> str:
    out = ""
    for i, (x, y) in enumerate(_scatter(rng, width, height, count)):
        out += group(
            shapes[i % len(shapes)],
            (
                f"translate({x:.0f} {y:.0f}) rotate({rng.uniform(0, 360):.0f})"
                f" scale({rng.uniform(0.75, 1.15):.2f})"
            ),
        )
    return out


def cherry_blossoms(tones: Tones, rng: Random, width: float, height: float) -> str:
    """Blossoms and petals in a pale pink light."""
    del tones
    petal = path(
        "M0 14C-15 4 -14 -14 -5 -17L0 -11L5 -17C14 -14 15 4 0 14Z", "#ff9dc0", "#d4608f", 2.6
    )
    leaf = group(petal, "translate(0 -16)")
    flower = "".join(group(leaf, f"rotate({72 * i})") for i in range(5)) + ellipse(
        (0, 0), (6, 6), "#ffe48a", "#d4608f", 2.2
    )
    out = fade("ground", 0, height, [(0, "#ffe4ee"), (1, "#fff9f4")]) + _ground(
        width, height, "url(#ground)"
    )
    return out + _drifting(rng, width, height, 16, [flower, petal, petal])


def autumn_leaves(tones: Tones, rng: Random, width: float, height: float) -> str:
    """Falling red and golden leaves."""
    del tones
    shapes = [
        path(
            "M0 -26L7 -10L22 -16L16 0L28 10L10 12L0 28L-10 12L-28 10L-16 0L-22 -16L-7 -10Z",
            colour,
            "#7a3412",
            2.8,
        )
        + path("M0 28V-10", stroke="#7a3412", width=2.6)
        for colour in ("#e8602c", "#f2a032", "#cf3a2c")
    ]
    out = fade("ground", 0, height, [(0, "#ffe9b8"), (1, "#fff6e0")]) + _ground(
        width, height, "url(#ground)"
    )
    return out + _drifting(rng, width, height, 16, shapes)


def snowing(tones: Tones, rng: Random, width: float, height: float) -> str:
    """Snow in grey-blue air."""
    del tones
    out = fade("ground", 0, height, [(0, "#7f9cc4"), (1, "#c9dbee")]) + _ground(
        width, height, "url(#ground)"
    )
    for _ in range(70):
        r = rng.uniform(3.5, 9)
        out += ellipse(
            (rng.uniform(0, width), rng.uniform(0, height)), (r, r), "#ffffff", opacity=0.95
        )
    return out


SCENES: dict[str, Callable[[Tones, Random, float, float], str]] = {
    "simple": simple,
    "gradient": gradient,
    "polka dot": polka_dot,
    "striped": striped,
    "sunburst": sunburst,
    "hearts": hearts,
    "sparkle": sparkle,
    "bubbles": bubbles,
    "starry sky": starry_sky,
    "full moon": full_moon,
    "blue sky": blue_sky,
    "sunset": sunset,
    "ocean": ocean,
    "cherry blossoms": cherry_blossoms,
    "autumn leaves": autumn_leaves,
    "snowing": snowing,
}
