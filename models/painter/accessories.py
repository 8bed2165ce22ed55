"""Accessories on face, ears and neck: glasses, eye-patch, earrings, chokers, scarves.

Called by the drawing. It must not know hats (see `headwear`).
"""

from __future__ import annotations

from models.painter.face import EYE_X, EYE_Y
from models.painter.pen import ellipse, group, mix, on_both_sides, on_side, path
from models.painter.portrait import Portrait
from models.painter.tones import Tones

GOLD, GOLD_LINE = "#ffd256", "#80560f"


def eyewear(portrait: Portrait) -> str:
    """Glasses, dark glasses or a patch over one eye."""
    kind = portrait.eyewear
    if kind == "eyepatch":
        patch = path(
            "M-36 -22C-10 -36 26 -34 40 -20C44 12 28 38 2 40C-24 38 -38 12 -36 -22Z",
            "#2b2935",
            "#131119",
        )
        band = path("M-30 -20L-140 -70M36 -18L66 -34", stroke="#131119", width=7)
        shine = path("M-20 -16Q-8 -22 6 -22", stroke="#6b6880", width=4)
        return on_side(group(band + patch + shine, f"translate({EYE_X} {EYE_Y})"), portrait.side)
    frame, lens, opacity = {
        "glasses": ("#b3263a", "#dff1ff", 0.22),
        "round eyewear": ("#2b2833", "#dff1ff", 0.22),
        "sunglasses": ("#121017", "#23212e", 1.0),
    }[kind]
    if kind == "round eyewear":
        rim = ellipse((57, 266), (49, 47), lens, opacity=opacity) + ellipse(
            (57, 266), (49, 47), "none", frame, 6.5
        )
    else:
        d = "M10 232C40 224 88 226 108 236C112 268 102 300 62 302C26 302 12 276 10 232Z"
        rim = path(d, lens, opacity=opacity) + path(d, stroke=frame, width=6.5)
    if kind == "sunglasses":
        rim += path("M28 246L54 236L34 276ZM66 238L76 236L48 286L42 280Z", "#6d6a88", opacity=0.8)
    bridge = path("M-10 250Q0 240 10 250", stroke=frame, width=6.5)
    return on_both_sides(rim + path("M107 250L124 244", stroke=frame, width=6.5)) + bridge


def earrings() -> str:
    """Large golden drops below the ears."""
    drop = ellipse((119, 330), (9, 9), GOLD, GOLD_LINE, 3.6)
    drop += path("M119 340L134 366L119 392L104 366Z", "#ff6f8d", "#7d1838", 3.8) + path(
        "M113 360l5 -9", stroke="#ffffff", width=4
    )
    return on_both_sides(drop)


def neckwear(portrait: Portrait, tones: Tones) -> str:
    """Choker, necklace, bell or scarf."""
    tone = tones.neck
    if portrait.neck == "choker":
        band = path("M-34 384Q0 408 34 384L35 402Q0 428 -35 402Z", "#2b2833", "#15131b", 3.6)
        return band + path("M0 412L11 424L0 440L-11 424Z", GOLD, GOLD_LINE, 3.4)
    if portrait.neck == "necklace":
        chain = path(
            "M-38 400C-28 440 -14 456 0 460C14 456 28 440 38 400", stroke=GOLD_LINE, width=7
        )
        chain += path("M-38 400C-28 440 -14 456 0 460C14 456 28 440 38 400", stroke=GOLD, width=4)
        return chain + path(
            "M0 492C-26 474 -18 454 0 466C18 454 26 474 0 492Z", "#46b7f2", "#173c7a", 4
        )
    if portrait.neck == "jingle bell":
        band = path("M-34 384Q0 408 34 384L35 400Q0 426 -35 400Z", "#d83f4d", "#6b1524", 3.6)
        bell = ellipse((0, 432), (22, 22), GOLD, GOLD_LINE, 4) + path(
            "M-21 430H21M0 438V452", stroke=GOLD_LINE, width=4
        )
        return band + bell + ellipse((-8, 422), (5, 4), "#fff6d0")
    wrap = (
        "M-74 372C-88 402 -76 432 -44 446C-14 458 34 456 62 440"
        "C86 426 86 396 74 372C40 404 -40 404 -74 372Z"
    )
    tail = path("M34 436C56 500 52 560 62 622L108 614C100 552 96 496 74 428Z", tone.base, tone.line)
    tail += path("M60 588L106 580M57 560L103 552", stroke=tone.light, width=7)
    folds = path(
        "M-62 404C-30 428 30 430 66 404M-52 424C-20 440 24 442 54 426", stroke=tone.dark, width=5
    )
    return (
        on_side(tail, portrait.side)
        + path(wrap, tone.base, tone.line)
        + folds
        + path("M-66 388C-30 414 30 414 66 388", stroke=mix(tone.base, "#ffffff", 0.5), width=4)
    )
