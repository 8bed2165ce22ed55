"""Hair that is tied: tails, buns, braids and drills, behind the body or over the shoulders.

Called by the drawing. It must not know bangs or lengths. Shapes are drawn for the right side.
"""

from __future__ import annotations

from collections.abc import Sequence

from models.painter.pen import (
    Point,
    blade,
    bow_curve,
    ellipse,
    fade,
    group,
    mix,
    on_both_sides,
    on_side,
    path,
)
from models.painter.portrait import Portrait
from models.painter.tones import Tones


def _tail(d: str, strands: Sequence[tuple[Point, Point, float]], tones: Tones) -> str:
    """A tail with its shadowed strands and one strand in the light."""
    hair = tones.hair
    out = path(d, "url(#tailfade)", hair.line, 4.6)
    for i, (a, b, bow) in enumerate(strands):
        colour = mix(hair.base, hair.light, 0.7) if i == 0 else hair.dark
        out += path(blade(bow_curve(a, b, bow), 13 if i == 0 else 6), colour, opacity=0.8)
    return out


def _tie(x: float, y: float, turn: float, tones: Tones) -> str:
    """The band that holds a tail."""
    colour = tones.hair.line
    band = ellipse((0, 0), (10, 17), "#e8505f", colour, 4) + ellipse(
        (-3, -5), (2.6, 4), "#ffffff", opacity=0.7
    )
    return group(band, f"translate({x} {y}) rotate({turn})")


def twintails(tones: Tones) -> str:
    """Two high tails beside the head."""
    d = (
        "M112 120C160 92 214 132 222 230C228 320 212 400 232 470C206 462 190 448 184 424"
        "C184 450 176 476 158 492C160 440 150 420 146 372C140 300 146 230 118 160Z"
    )
    strands = [
        ((176, 132), (204, 300), -14.0),
        ((150, 150), (172, 420), -20.0),
        ((186, 200), (206, 430), -8.0),
    ]
    return on_both_sides(_tail(d, strands, tones))


def high_ties(tones: Tones) -> str:
    """The bands of two high tails, in front of the hair."""
    return on_both_sides(_tie(122, 132, -32, tones))


def low_twintails(tones: Tones) -> str:
    """Two low tails over the shoulders."""
    d = (
        "M98 362C130 350 150 380 154 440C158 500 146 560 160 622C138 616 128 604 124 590"
        "C120 606 110 622 96 630C102 580 84 540 84 480C84 430 88 390 98 362Z"
    )
    strands = [((128, 390), (138, 500), -8.0), ((108, 390), (112, 580), 10.0)]
    return on_both_sides(_tail(d, strands, tones) + _tie(112, 366, 62, tones))


def ponytail(tones: Tones) -> str:
    """A high tail that falls to one side behind the head."""
    d = (
        "M24 74C60 8 176 6 214 104C246 190 208 290 226 400C200 392 186 376 180 350"
        "C178 380 168 400 148 412C158 350 150 300 160 240C166 180 140 120 60 104Z"
    )
    strands = [
        ((130, 52), (206, 190), -24.0),
        ((110, 84), (188, 330), -40.0),
        ((190, 160), (196, 350), -6.0),
    ]
    return _tail(d, strands, tones)


def side_ponytail(tones: Tones) -> str:
    """A tail beside the head that falls in front of the shoulder."""
    d = (
        "M112 196C166 178 206 236 200 330C196 410 168 440 186 520C160 512 146 500 142 480"
        "C138 498 128 512 112 520C124 460 116 420 122 360C128 300 130 250 106 226Z"
    )
    strands = [((164, 222), (184, 340), -12.0), ((136, 230), (146, 460), -16.0)]
    return _tail(d, strands, tones) + _tie(118, 206, -40, tones)


def _bun(x: float, y: float, r: float, tones: Tones) -> str:
    """A bun with its winding."""
    hair = tones.hair
    out = ellipse((x, y), (r, r * 0.94), "url(#tailfade)", hair.line, 4.6)
    out += path(
        blade(bow_curve((x - r * 0.7, y + r * 0.1), (x + r * 0.62, y - r * 0.1), r * 0.55), 5),
        hair.dark,
    )
    out += path(
        blade(bow_curve((x - r * 0.4, y + r * 0.5), (x + r * 0.75, y + r * 0.25), r * 0.3), 5),
        hair.dark,
    )
    out += path(
        blade(bow_curve((x - r * 0.55, y - r * 0.45), (x + r * 0.3, y - r * 0.7), -r * 0.22), 8),
        hair.light,
        opacity=0.85,
    )
    return out


def bun(tones: Tones) -> str:
    """One bun on the crown."""
    return _bun(0, 40, 50, tones)


def double_bun(tones: Tones) -> str:
    """Two buns on the crown."""
    return on_both_sides(_bun(94, 74, 44, tones))


def _braid(start: Point, step: Point, count: int, tones: Tones) -> str:
    """Plaits one under the other, a band and a tassel."""
    hair = tones.hair
    x, y = start[0] + step[0] * count, start[1] + step[1] * count
    out = path(
        (
            f"M{x - 12} {y}C{x - 22} {y + 30} {x - 12} {y + 48} {x} {y + 58}"
            f"C{x + 14} {y + 46} {x + 22} {y + 30} {x + 12} {y}Z"
        ),
        "url(#tailfade)",
        hair.line,
        4.2,
    )
    for i in range(count - 1, -1, -1):
        cx, cy = start[0] + step[0] * i, start[1] + step[1] * i
        out += path(
            (
                f"M{cx} {cy - 8}C{cx - 32} {cy - 18} {cx - 34} {cy + 16} {cx} {cy + 33}"
                f"C{cx + 34} {cy + 16} {cx + 32} {cy - 18} {cx} {cy - 8}Z"
            ),
            "url(#tailfade)",
            hair.line,
            4.2,
        )
        out += path(f"M{cx} {cy - 6}V{cy + 30}", stroke=hair.line, width=3)
        out += path(
            blade(bow_curve((cx - 22, cy + 3), (cx - 7, cy + 8), -2), 6), hair.light, opacity=0.8
        )
    return out + (
        f'<rect x="{x - 14:.0f}" y="{y - 5:.0f}" width="28" height="13"'
        f' rx="5" fill="#e8505f" stroke="{hair.line}" stroke-width="3.4"/>'
    )


def twin_braids(tones: Tones) -> str:
    """A braid over each shoulder."""
    return on_both_sides(_braid((118, 352), (2.4, 33), 6, tones))


def single_braid(tones: Tones, side: int) -> str:
    """One braid over one shoulder."""
    return on_side(_braid((104, 366), (-3, 33), 6, tones), side)


def drills(tones: Tones) -> str:
    """Two corkscrew curls beside the face."""
    hair = tones.hair
    out = ""
    for i in range(7, -1, -1):
        y, half = 196 + i * 40, 50 - i * 4.6
        x = 158 + 9 * (i % 2) - i * 2
        ring = path(
            (
                f"M{x - half} {y - 6}C{x - half} {y + 34} {x + half} {y + 20} {x + half} {y - 22}"
                f"C{x + half} {y - 44} {x - half} {y - 30} {x - half} {y - 6}Z"
            ),
            "url(#tailfade)",
            hair.line,
            4.2,
        )
        ring += path(
            blade(bow_curve((x - half * 0.6, y - 6), (x + half * 0.7, y - 22), half * 0.2), 8),
            hair.light,
            opacity=0.8,
        )
        out += ring
    return on_both_sides(out)


def tied_hair_behind(portrait: Portrait, tones: Tones) -> str:
    """The tied hair behind the body."""
    hair = tones.hair
    fades = fade(
        "tailfade",
        60,
        640,
        [
            (0, hair.base),
            (0.5, mix(hair.base, hair.dark, 0.3)),
            (1, mix(hair.base, hair.dark, 0.7)),
        ],
    )
    style = portrait.hair_style
    if style == "twintails":
        return fades + twintails(tones)
    if style == "ponytail":
        return fades + on_side(ponytail(tones), portrait.side)
    if style == "single bun":
        return fades + bun(tones)
    if style == "double bun":
        return fades + double_bun(tones)
    return fades


def tied_hair_in_front(portrait: Portrait, tones: Tones) -> str:
    """The tied hair over the shoulders, in front of the clothes."""
    style = portrait.hair_style
    if style == "low twintails":
        return low_twintails(tones)
    if style == "side ponytail":
        return on_side(side_ponytail(tones), portrait.side)
    if style == "twin braids":
        return twin_braids(tones)
    if style == "single braid":
        return single_braid(tones, portrait.side)
    if style == "twin drills":
        return drills(tones)
    return ""
