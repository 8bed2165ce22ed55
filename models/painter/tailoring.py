"""Parts of garments: neck and neckline, the bust in cloth, collars, lapels, bows, ties.

Called by the garments. It must not know the head. The neck is 62 units wide and ends at y = 408;
garments reach down to y = 720, so that a portrait format can show them.
"""

from __future__ import annotations

from models.painter.pen import (
    blade,
    bow_curve,
    clip,
    ellipse,
    fade,
    group,
    mix,
    on_both_sides,
    path,
)
from models.painter.portrait import Portrait
from models.painter.tones import Tone, Tones

BODY = (
    "M-44 404C-96 420 -150 428 -178 462C-200 492 -208 600 -214 724"
    "H214C208 600 200 492 178 462C150 428 96 420 44 404Z"
)
NAVY, WHITE, RED, GOLD = "#2d4690", "#f8f8fb", "#d83f4d", "#f2bf4a"


def neck(portrait: Portrait, tones: Tones) -> str:
    """The neck, the collar bones and the shadow of the chin."""
    skin, w = tones.skin, 38 if portrait.boy else 31
    d = f"M{-w} 330V398C{-w - 4} 414 -70 420 -96 426L0 500L96 426C70 420 {w + 4} 414 {w} 398V330Z"
    out = path(d, skin.base, skin.line) + clip("neck", d)
    out += group(path("M-60 320V372Q0 420 60 372V320Z", skin.dark, opacity=0.75), clip="neck")
    bones = on_both_sides(
        path(blade(bow_curve((10, 440), (56, 427), 5), 4), mix(skin.dark, skin.line, 0.4))
    )
    return out + bones


def neck_opening(tones: Tones, depth: float) -> str:
    """A neckline down to a height, in the colour of the skin."""
    skin = tones.skin
    d = (
        f"M-42 402C-34 {depth - 40} -16 {depth - 8} 0 {depth}"
        f"C16 {depth - 8} 34 {depth - 40} 42 402Z"
    )
    bones = on_both_sides(
        path(blade(bow_curve((6, 436), (30, 426), 3), 4), mix(skin.dark, skin.line, 0.4))
    )
    return (
        path(d, skin.base) + path("M-31 396V402Q0 424 31 402V396Z", skin.dark, opacity=0.6) + bones
    )


def neck_column(portrait: Portrait, tones: Tones) -> str:
    """The neck above the neckline, over the garment's edge."""
    skin, w = tones.skin, 38 if portrait.boy else 31
    d = f"M{-w} 330V396C{-w} 410 -20 424 0 424C20 424 {w} 410 {w} 396V330Z"
    out = path(d, skin.base) + path(f"M{-w} 330V396M{w} 330V396", stroke=skin.line)
    return (
        out
        + clip("column", d)
        + group(path("M-60 320V374Q0 416 60 374V320Z", skin.dark, opacity=0.75), clip="column")
    )


def _folds(tone: Tone) -> str:
    """Shadow under the arms and a few folds."""
    shade = path("M150 430C140 520 150 620 140 724H240V420Z", tone.dark, opacity=0.75)
    folds = blade(bow_curve((118, 500), (92, 590), 9), 10) + blade(
        bow_curve((150, 470), (128, 540), 7), 9
    )
    return on_both_sides(shade + path(folds, tone.dark)) + on_both_sides(
        path(blade(bow_curve((70, 424), (150, 446), -4), 11), tone.light, opacity=0.8)
    )


def body(tone: Tone, d: str = BODY) -> str:
    """A garment over the whole bust, shaded."""
    shaded = fade(
        "cloth",
        400,
        720,
        [(0, mix(tone.base, tone.light, 0.12)), (1, mix(tone.base, tone.dark, 0.5))],
    )
    return (
        shaded
        + clip("body", d)
        + path(d, "url(#cloth)")
        + group(_folds(tone), clip="body")
        + path(d, stroke=tone.line)
    )


def collar(tone: Tone) -> str:
    """Two points of a shirt collar."""
    return on_both_sides(path("M30 394C38 408 44 414 50 418L34 470L0 428Z", tone.base, tone.line))


def buttons(x: float, tone: Tone) -> str:
    """A row of buttons down the front."""
    return "".join(
        ellipse((x, y), (6.5, 6.5), tone.light, tone.line, 3) for y in (480, 540, 600, 660)
    )


def bow(y: float, tone: Tone, size: float = 1.0) -> str:
    """A ribbon tied in a bow at the collar."""
    wing = path("M4 0C18 -26 44 -28 54 -18C58 0 56 14 50 24C36 22 18 14 4 0Z", tone.base, tone.line)
    wing += path(blade(bow_curve((10, 0), (40, -4), 3), 5), tone.dark)
    tails = on_both_sides(
        path("M2 4C16 24 22 44 34 62L14 66C6 44 0 24 -2 4Z", tone.base, tone.line)
    )
    knot = ellipse((0, 0), (11, 12), tone.base, tone.line)
    return group(tails + on_both_sides(wing) + knot, f"translate(0 {y}) scale({size})")


def necktie(y: float, tone: Tone) -> str:
    """A tie with its knot at a height."""
    d = f"M-13 {y}H13L8 {y + 22}L22 {y + 150}L0 {y + 178}L-22 {y + 150}L-8 {y + 22}Z"
    return path(d, tone.base, tone.line) + path(f"M-8 {y + 22}H8", stroke=tone.line, width=3.4)


def lapels(tone: Tone, depth: float) -> str:
    """Lapels of a jacket; the shirt shows between them."""
    return on_both_sides(
        path(f"M40 404L92 424L84 470L62 480L72 496L8 {depth}L0 {depth}Z", tone.base, tone.line)
    )


def shirt_front(tone: Tone, depth: float) -> str:
    """The part of a shirt that shows between lapels."""
    return path(f"M-46 404L0 {depth}L46 404L0 440Z", tone.base, tone.line) + path(
        f"M-44 404H44L0 {depth}Z", tone.base
    )
