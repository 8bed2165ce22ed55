"""Hair in front of the face and behind the body: bangs, lengths, strands and shine.

Called by the drawing. It must not know styles that are tied (see `styles`), faces or hats.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

from models.painter.pen import (
    Point,
    blade,
    bow_curve,
    clip,
    fade,
    group,
    locks,
    mix,
    path,
    spline,
)
from models.painter.portrait import Portrait
from models.painter.tones import Tones

#: The crown of the skull, left to right, between the temples.
CROWN: list[Point] = [
    (-127, 268), (-136, 215), (-132, 150), (-101, 92), (-52, 62), (0, 54),
    (52, 62), (101, 92), (132, 150), (136, 215), (127, 268),
]  # fmt: skip
#: A crown that stands up in spikes (tips and valleys in turn).
SPIKES: list[Point] = [
    (-127, 268), (-158, 224), (-134, 196), (-166, 146), (-126, 132), (-134, 74), (-88, 84),
    (-70, 26), (-30, 62), (6, 6), (40, 60), (88, 26), (96, 84), (146, 78), (130, 134), (170, 150),
    (134, 198), (158, 228), (127, 268),
]  # fmt: skip
#: The lower edge of each kind of bangs, right to left: tip at the ear, then valley, tip, valley ...
BANGS: dict[str, list[Point]] = {
    "blunt bangs": [
        (119, 318), (101, 196), (96, 226), (78, 208), (70, 226), (50, 206), (38, 226), (20, 206),
        (4, 226), (-12, 206), (-26, 226), (-44, 206), (-60, 226), (-76, 208), (-94, 226),
        (-101, 196), (-119, 318),
    ],
    "swept bangs": [
        (119, 312), (104, 190), (96, 216), (70, 142), (44, 226), (30, 176), (-8, 238), (-16, 186),
        (-52, 250), (-58, 196), (-92, 262), (-100, 210), (-119, 318),
    ],
    "parted bangs": [
        (119, 322), (106, 206), (96, 262), (82, 196), (62, 224), (0, 104), (-62, 224), (-82, 196),
        (-96, 262), (-106, 206), (-119, 322),
    ],
    "hair between eyes": [
        (119, 316), (102, 194), (90, 250), (70, 186), (48, 234), (26, 176), (-4, 304), (-28, 172),
        (-52, 238), (-72, 188), (-92, 252), (-102, 194), (-119, 316),
    ],
    "hair over one eye": [
        (119, 312), (106, 190), (98, 228), (82, 132), (26, 236), (16, 190), (-24, 344), (-34, 262),
        (-66, 352), (-76, 262), (-104, 340), (-108, 220), (-119, 318),
    ],
}  # fmt: skip
#: Where the strands meet.
WHORL: Point = (0, 66)


def _jittered_edge(points: list[Point], rng: Random, side: int) -> list[Point]:
    """The edge with its points moved at random; mirrored if the parting is on the other side."""
    out = [(x + rng.uniform(-3, 3), y + rng.uniform(-4, 4)) for x, y in points]
    return [(-x, y) for x, y in reversed(out)] if side < 0 else out


def _front_shape(portrait: Portrait, rng: Random) -> tuple[str, list[Point]]:
    """Path data of the hair in front, and its lower edge."""
    edge = _jittered_edge(BANGS[portrait.bangs], rng, portrait.side)
    if portrait.spiky:
        spikes = [(x + rng.uniform(-5, 5), y + rng.uniform(-5, 5)) for x, y in SPIKES]
        d = f"M{spikes[0][0]:.1f} {spikes[0][1]:.1f}"
        for a, b in pairwise(spikes):
            d += f"Q{(a[0] + b[0]) / 2 * 1.03:.1f} {(a[1] + b[1]) / 2:.1f} {b[0]:.1f} {b[1]:.1f}"
    else:
        d = spline(CROWN)
    return d + locks(edge) + "Z", edge


def _shine(tones: Tones, rng: Random) -> str:
    """The ring of light on the crown, toothed along the strands."""
    out = ""
    for x0, x1 in ((-96, -34), (-20, 52), (66, 100)):
        upper: list[Point] = []
        lower: list[Point] = []
        count = max(3, round((x1 - x0) / 11))
        for i in range(count + 1):
            x = x0 + (x1 - x0) * i / count
            y = 124 + (x / 98) ** 2 * 34
            upper.append((x, y - (7 if 0 < i < count else 0) - rng.uniform(0, 3)))
            lower.append((x, y + (13 if i % 2 else 3) + rng.uniform(0, 6)))
        d = spline(upper) + "".join(f"L{x:.1f} {y:.1f}" for x, y in lower[::-1]) + "Z"
        out += path(d, tones.hair.light, opacity=0.88)
    return out


def _strands(edge: list[Point], tones: Tones) -> str:
    """Tapered lines from the valleys between the locks up towards the whorl."""
    out = ""
    for x, y in edge[3:-3:2]:
        top = (WHORL[0] + (x - WHORL[0]) * 0.42, WHORL[1] + (y - WHORL[1]) * 0.2)
        curve = bow_curve((x, y + 4), top, (14 if x > 0 else -14) * abs(x) / 100 + 1)
        out += path(blade(curve, 5), tones.hair.line, opacity=0.62)
    for x in (-112, 112):
        curve = bow_curve((x, 250), (x * 0.72, 106), 16 if x > 0 else -16)
        out += path(blade(curve, 7), tones.hair.dark, opacity=0.8)
    return out


def front(portrait: Portrait, tones: Tones, rng: Random) -> tuple[str, str]:
    """The hair over the face, and the shadow it casts on the face (to be drawn before the eyes)."""
    shape, edge = _front_shape(portrait, rng)
    hair = tones.hair
    defs = clip("front", shape) + fade(
        "hairfade",
        54,
        330,
        [
            (0, mix(hair.base, hair.light, 0.1)),
            (0.45, hair.base),
            (1, mix(hair.base, hair.dark, 0.62)),
        ],
    )
    shade = path("M150 60C96 120 92 220 128 330L190 300Z", hair.dark, opacity=0.34)
    shade += path("M-150 60C-112 120 -110 220 -128 330L-190 300Z", hair.dark, opacity=0.22)
    out = defs + path(shape, "url(#hairfade)")
    out += group(shade + _strands(edge, tones) + _shine(tones, rng), clip="front")
    out += path(shape, stroke=hair.line, width=4.6)
    shadow = group(path(shape, tones.skin.dark, opacity=0.7), "translate(0 13)")
    return out, group(shadow, clip="face")


def sidelocks(portrait: Portrait, tones: Tones, rng: Random) -> str:
    """Long locks before the ears."""
    end = rng.uniform(405, 440)
    hair = tones.hair
    d = (
        f"M96 150C128 170 138 250 130 330C128 {end - 40:.0f} 118 {end - 14:.0f} 106 {end:.0f}"
        "C110 380 98 330 104 280C106 240 100 200 96 150Z"
    )
    lock = fade(
        "lockfade",
        150,
        440,
        [(0, hair.base), (0.6, hair.base), (1, mix(hair.base, hair.dark, 0.75))],
    )
    lock += path(d, "url(#lockfade)", hair.line, 4.2)
    lock += path(blade(bow_curve((117, 210), (115, end - 40), -6), 5), hair.dark, opacity=0.75)
    mirrored = group(lock, "scale(-1 1)")
    return (
        mirrored if portrait.bangs == "hair over one eye" and portrait.side < 0 else lock + mirrored
    )


def ahoge(tones: Tones, rng: Random) -> str:
    """The one lock that stands up."""
    lean = rng.choice((-1, 1))
    d = "M-9 64C-18 20 12 -16 56 0C30 2 12 18 14 62Z"
    return group(path(d, tones.hair.base, tones.hair.line, 4.4), f"scale({lean} 1)")


def _half_back(portrait: Portrait) -> tuple[list[Point], list[Point]]:
    """Right side of the back hair from the crown down, and its lower edge right to left."""
    if portrait.hair_style != "down" and portrait.hair_style not in ("single bun", "double bun"):
        return [(126, 150), (126, 250), (112, 330)], [(112, 330), (70, 352), (40, 330), (0, 350)]
    if portrait.hair_length == "short":
        if portrait.boy:
            return [(134, 150), (134, 250), (120, 330)], [
                (120, 330),
                (92, 366),
                (70, 340),
                (0, 350),
            ]
        return (
            [(138, 150), (148, 240), (146, 320), (122, 376)],
            [(122, 376), (96, 350), (84, 372), (60, 350), (0, 360)],
        )
    if portrait.hair_length == "medium":
        return (
            [(138, 150), (150, 260), (160, 370), (152, 452)],
            [(152, 452), (128, 424), (112, 462), (86, 432), (66, 462), (40, 430), (0, 450)],
        )
    return (
        [(138, 150), (154, 280), (176, 430), (184, 560), (190, 690)],
        [(176, 690), (150, 650), (124, 700), (90, 655), (60, 700), (30, 655), (0, 700)],
    )


def back(portrait: Portrait, tones: Tones, rng: Random) -> str:
    """The hair behind head and shoulders, by length."""
    right, edge = _half_back(portrait)
    spread = rng.uniform(0.97, 1.04)
    right = [(x * spread, y) for x, y in right]
    if portrait.wavy:
        right = _wavy_side(right)
    edge = [(x * spread, y + rng.uniform(-6, 6)) for x, y in edge]
    left_edge = [(-x, y + rng.uniform(-6, 6)) for x, y in edge[-2::-1]]
    left = [(-x, y) for x, y in right[::-1]]
    hair = tones.hair
    d = (
        spline([(0, 60), (96, 84), *right])
        + locks(edge + left_edge)
        + spline([*left, (-96, 84), (0, 60)], start="L")
        + "Z"
    )
    bottom = max(y for _, y in edge)
    inside = mix(hair.base, hair.dark, 0.62)
    out = fade(
        "backfade",
        100,
        bottom,
        [(0, inside), (0.5, mix(hair.base, hair.dark, 0.45)), (1, mix(hair.base, hair.dark, 0.25))],
    )
    out += clip("back", d) + path(d, "url(#backfade)")
    lines = ""
    for i, x in enumerate((-150, -128, -104, 104, 128, 150)):
        if abs(x) < right[-1][0] + 4:
            lines += path(
                blade(
                    bow_curve((x * 0.82, 170), (x * 1.03, bottom - 20 - 9 * i), -8 if x > 0 else 8),
                    6,
                ),
                hair.dark,
                opacity=0.7,
            )
    if bottom > 420:
        lines += path(
            blade(bow_curve((138, 200), (158, 420), -8), 15),
            mix(hair.base, hair.light, 0.4),
            opacity=0.55,
        )
        lines += path(
            blade(bow_curve((-138, 200), (-158, 420), 8), 15),
            mix(hair.base, hair.light, 0.4),
            opacity=0.55,
        )
    return out + group(lines, clip="back") + path(d, stroke=hair.line, width=4.6)


def _wavy_side(side: list[Point]) -> list[Point]:
    """The same side in waves, about 75 units long."""
    out: list[Point] = [side[0]]
    for a, b in pairwise(side):
        steps = max(1, round((b[1] - a[1]) / 37))
        for i in range(1, steps + 1):
            t = i / steps
            wave = 12 if len(out) % 2 else -9
            out.append((a[0] + (b[0] - a[0]) * t + wave, a[1] + (b[1] - a[1]) * t))
    return out
