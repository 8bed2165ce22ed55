"""The face: head, ears, eyes, brows, nose, mouth and marks on the skin.

Called by the drawing. It must not know hair or clothes. The eye line lies at y = 262, the chin at
y = 370; every eye is drawn around its own centre, for the right side, and mirrored.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from models.painter.pen import (
    blade,
    bow_curve,
    clip,
    ellipse,
    fade,
    glow,
    group,
    mix,
    on_both_sides,
    on_side,
    path,
)
from models.painter.portrait import Portrait
from models.painter.tones import Tones

EYE_X, EYE_Y, MOUTH_Y = 55, 264, 335
GIRL = (
    "M0 96C70 96 112 140 114 205C116 252 108 290 86 320C64 348 26 370 0 371"
    "C-26 370 -64 348 -86 320C-108 290 -116 252 -114 205C-112 140 -70 96 0 96Z"
)
BOY = (
    "M0 96C70 96 112 140 114 205C116 256 111 296 92 328C70 360 30 380 0 381"
    "C-30 380 -70 360 -92 328C-111 296 -116 256 -114 205C-112 140 -70 96 0 96Z"
)


def outline(portrait: Portrait) -> str:
    """Path data of the face."""
    return BOY if portrait.boy else GIRL


def head(portrait: Portrait, tones: Tones) -> str:
    """Ears and the face with its light from above."""
    skin = tones.skin
    ear = path("M106 240C124 228 134 246 128 268C124 286 114 298 104 294Z", skin.base, skin.line)
    ear += path(blade(bow_curve((112, 254), (114, 282), -7), 4), skin.dark)
    shape = outline(portrait)
    return (
        clip("face", shape)
        + fade(
            "skin",
            120,
            380,
            [(0, skin.base), (0.7, skin.base), (1, mix(skin.base, skin.dark, 0.45))],
        )
        + on_both_sides(ear)
        + path(shape, "url(#skin)", skin.line)
        + group(
            path("M114 190C92 262 92 300 60 345L120 330Z", skin.dark, opacity=0.22), clip="face"
        )
        + group(
            path("M-114 190C-104 262 -104 300 -80 335L-120 330Z", skin.dark, opacity=0.16),
            clip="face",
        )
    )


def cheeks(portrait: Portrait, tones: Tones) -> str:
    """A touch of pink on everybody; blush, freckles, mole and plaster if the portrait has them."""
    out = glow("warm", "#ff6f7d", 0.34)
    out += on_both_sides(ellipse((70, 308), (30, 17), "url(#warm)"))
    if portrait.blush:
        lines = "".join(path(f"M{x} 315l7 -13", stroke="#dd4f68", width=3.6) for x in (54, 67, 80))
        out += on_both_sides(ellipse((70, 308), (28, 14), "#ff6478", opacity=0.58) + lines)
    if portrait.freckles:
        spots = ((50, 306), (64, 302), (78, 306), (57, 316), (72, 316))
        tint = mix(tones.skin.dark, "#8a4520", 0.65)
        out += on_both_sides("".join(ellipse((x, y), (3.6, 3.4), tint) for x, y in spots))
    if portrait.mole:
        out += on_side(ellipse((79, 311), (6.5, 6.5), "#3a1a1e"), portrait.side)
    if portrait.bandaid:
        strip = (
            '<rect x="-26" y="-9" width="52" height="18" rx="8" fill="#f6d9a8"'
            ' stroke="#9a6a3c" stroke-width="3"/>'
            '<rect x="-9" y="-9" width="18" height="18" fill="#e9bd83"/>'
        )
        out += on_side(group(strip, "translate(-76 316) rotate(-16)"), portrait.side)
    return out


def nose(tones: Tones) -> str:
    """A hint of a nose with its small shadow."""
    tint = mix(tones.skin.dark, tones.skin.line, 0.5)
    return path("M-1 300L-5 309Q-2 313 4 311Z", tint, opacity=0.75)


def _iris(tones: Tones, name: str, tall: float, gaze_x: float) -> str:
    """Iris, pupil and the lights in them."""
    deep, bright = tones.iris
    x, y = 3 + gaze_x, 1.0
    ry = 30 * max(tall, 0.8)
    out = fade(
        name,
        y - ry,
        y + ry,
        [(0, mix(deep, "#120818", 0.5)), (0.42, deep), (0.75, mix(deep, bright, 0.6)), (1, bright)],
    )
    out += ellipse((x, y), (22, ry), f"url(#{name})", mix(deep, "#120818", 0.55), 3.2)
    out += ellipse((x, y + ry * 0.58), (14, ry * 0.3), bright, opacity=0.85)
    out += ellipse((x, y - 1), (8.6, ry * 0.43), mix(deep, "#0c0510", 0.82))
    out += ellipse((x, y + ry * 0.7), (8, ry * 0.12), "#ffffff", opacity=0.45)
    return out


def _lights(tall: float, gaze_x: float) -> str:
    """The shine, on the same side in both eyes."""
    return ellipse((-6 + gaze_x, -13 * tall), (8.6, 9.6 * max(tall, 0.75)), "#ffffff") + ellipse(
        (13 + gaze_x, 12 * tall), (4.6, 5), "#ffffff"
    )


def _open_eye(portrait: Portrait, tones: Tones, side: int, gaze_x: float) -> str:
    """One open eye around its centre; half-closed eyes are the same, with a lower lid."""
    tall = (0.84 if portrait.boy else 1.0) * (
        0.56 if portrait.eye_state == "half-closed eyes" else 1
    )
    drop = 8 if portrait.eye_state == "half-closed eyes" else 0
    h, lash = tall, mix(tones.hair.dark, "#190d1c", 0.78)
    white = (
        f"M-30 {4 * h + drop}C-27 {-22 * h + drop} -10 {-34 * h + drop} 8 {-34 * h + drop}"
        f"C24 {-33 * h + drop} 33 {-18 * h + drop} 34 {-4 * h + drop}"
        f"C31 {16 * h + drop} 20 {31 * h + drop} 4 {32 * h + drop}"
        f"C-12 {32 * h + drop} -25 {22 * h + drop} -30 {4 * h + drop}Z"
    )
    lid = (
        f"M-34 {8 * h + drop}C-31 {-25 * h + drop} -11 {-44 * h + drop} 9 {-44 * h + drop}"
        f"C28 {-43 * h + drop} 37 {-28 * h + drop} 47 {-21 * h + drop}"
        f"C43 {-12 * h + drop} 38 {-6 * h + drop} 36 {2 * h + drop}"
        f"C33 {-19 * h + drop} 24 {-31 * h + drop} 8 {-31 * h + drop}"
        f"C-9 {-31 * h + drop} -25 {-19 * h + drop} -34 {8 * h + drop}Z"
    )
    name = f"eye{side + 1}"
    inner = _iris(tones, f"iris{side + 1}", tall, gaze_x * side)
    shadow = path(
        f"M-40 -60H50V{-16 * h + drop}Q8 {-34 * h + drop} -40 {-6 * h + drop}Z",
        "#6b5a92",
        opacity=0.3,
    )
    shine = group(
        _lights(tall, gaze_x), f"translate(0 {drop / 2})" + (" scale(-1 1)" if side < 0 else "")
    )
    out = clip(name, white) + path(white, "#fffdfd")
    out += group(group(inner, f"translate(0 {drop / 2})") + shadow + shine, clip=name)
    out += path(
        blade(bow_curve((-14, 32 * h + drop), (26, 23 * h + drop), -5), 4.5), lash, opacity=0.8
    )
    out += path(lid, lash)
    out += path(
        blade(bow_curve((-20, -45 * h + drop), (34, -44 * h + drop), 10 if h > 0.7 else 5), 3.4),
        tones.skin.line,
        opacity=0.8,
    )
    if not portrait.boy:
        out += path(f"M35 {-26 * h + drop}L54 {-33 * h + drop}L43 {-17 * h + drop}Z", lash)
    return out


def _closed_eye(portrait: Portrait, tones: Tones, *, happy: bool) -> str:
    """A closed eye: an arch when happy, a bowl when calm."""
    lash = mix(tones.hair.dark, "#190d1c", 0.78)
    curve = bow_curve((-34, 14), (36, 14), -26) if happy else bow_curve((-34, 2), (36, 2), 25)
    out = path(blade(curve, 9.5, taper=0.42), lash)
    end = curve[-1]
    if not portrait.boy:
        out += path(f"M{end[0] - 6} {end[1] - 3}l18 {4 if happy else -1}l-14 9Z", lash)
        if not happy:
            out += path("M6 20l3 11M20 15l8 9", stroke=lash, width=3.4)
    return out


def eyes(portrait: Portrait, tones: Tones, rng: Random, odd: tuple[str, str] | None = None) -> str:
    """Both eyes; the one that winks is on the portrait's side.

    `odd` is another iris for the eye on the other side.
    """
    gaze_x, size = rng.uniform(-2.5, 2.5), rng.uniform(0.97, 1.06)
    tilt = {"tsurime": -9, "tareme": 9}.get(portrait.eye_shape, 0)
    happy = portrait.mouth in ("smile", "open smile", "grin", "tongue out", ":3")
    out = ""
    for side in (1, -1):
        winks = portrait.eye_state == "one eye closed" and side == portrait.side
        if portrait.eye_state == "closed eyes" or winks:
            eye = _closed_eye(portrait, tones, happy=happy)
        else:
            eye_tones = replace(tones, iris=odd) if odd and side != portrait.side else tones
            eye = _open_eye(portrait, eye_tones, side, gaze_x)
        mirror = -size if side < 0 else size
        out += group(
            eye, f"translate({side * EYE_X} {EYE_Y}) scale({mirror:.3f} {size:.3f}) rotate({tilt})"
        )
    if portrait.tears:
        drop = path("M0 -16C9 -3 12 5 0 12C-12 5 -9 -3 0 -16Z", "#9fdcff", "#4c9ad6", 2.8)
        drop += ellipse((-3, 2), (2.6, 4), "#ffffff")
        out += on_both_sides(
            group(drop, "translate(84 318) scale(1.35)") + group(drop, "translate(40 304)")
        )
    return out


def brows(portrait: Portrait, tones: Tones, *, over_hair: bool = False) -> str:
    """Eyebrows with line weight: level, drawn down, or raised in the middle.

    Bangs would hide their expression, so they are drawn again `over_hair`, with a lighter rim.
    """
    inner, outer = {"plain": (0, 2), "angry": (20, -9), "sad": (-15, 13)}[portrait.brows]
    y = EYE_Y - (54 if portrait.boy else 58)
    curve = bow_curve((-25, y + inner), (33, y + outer), -3 if portrait.brows == "angry" else -7)
    width = 12 if portrait.boy else 9
    shape = blade(curve, width, taper=0.3)
    dark = mix(tones.hair.dark, "#2a1420", 0.35)
    rim = path(shape, stroke=mix(tones.hair.base, "#ffffff", 0.22), width=5.5)
    brow = path(shape, mix(dark, "#1a0c14", 0.4) if over_hair else dark)
    return on_both_sides(group((rim if over_hair else "") + brow, f"translate({EYE_X} 0)"))


def _teeth(y: float, half: float, depth: float) -> str:
    """A row of teeth under the upper lip."""
    return path(
        (
            f"M{-half} {y}Q0 {y + 5} {half} {y}L{half - 3} {y + depth}"
            f"Q0 {y + depth + 4} {-half + 3} {y + depth}Z"
        ),
        "#ffffff",
    )


def _open_smile(*, fang: bool) -> str:
    shape = "M-33 -13Q0 -7 33 -13C32 14 16 27 0 27C-16 27 -32 14 -33 -13Z"
    inside = _teeth(-12, 28, 6) + ellipse((0, 22), (18, 11), "#ff8b95")
    out = clip("mouth", shape) + path(shape, "#9e2538") + group(inside, clip="mouth")
    out += path(shape, stroke="#6d1b2c", width=4.4)
    if fang:
        out += path("M12 -10L29 -12L20 9Z", "#ffffff", "#6d1b2c", 2.4)
    return out


def _grin() -> str:
    shape = "M-34 -11Q0 -5 34 -11C32 7 17 15 0 15C-17 15 -32 7 -34 -11Z"
    lines = "M-31 3Q0 8 31 3M-12 -8V13M12 -8V13M-23 -8V10M23 -8V10M0 -7V14"
    return path(shape, "#ffffff", "#6d1b2c", 4.4) + path(lines, stroke="#c79aa4", width=2)


def _clenched() -> str:
    shape = "M-30 -9C-10 -14 10 -14 30 -9C34 -2 34 8 29 13C10 18 -10 18 -29 13C-34 8 -34 -2 -30 -9Z"
    lines = "M-31 2H31M-15 -11V15M0 -12V16M15 -11V15"
    return path(shape, "#ffffff", "#6d1b2c", 4.4) + path(lines, stroke="#8d5a68", width=2.6)


def _tongue() -> str:
    lip = "M-32 -9Q0 9 32 -9"
    tongue = path("M-14 -1Q0 4 14 -1V15C14 29 -14 29 -14 15Z", "#ff7f8d", "#6d1b2c", 3.8)
    return (
        tongue + path("M0 4V16", stroke="#c9485c", width=2.6) + path(lip, stroke="#6d1b2c", width=5)
    )


def mouth(portrait: Portrait) -> str:
    """The mouth: large, and each shape easy to tell from the others."""
    stroke = {"stroke": "#6d1b2c", "width": 5.2}
    shape = portrait.mouth
    if shape == "smile":
        out = path("M-31 -10Q0 21 31 -10", **stroke) + path(
            "M-12 17Q0 21 12 17", stroke="#d98f8a", width=3
        )
    elif shape == "open smile":
        out = _open_smile(fang=portrait.fang)
    elif shape == "closed mouth":
        out = path("M-17 0H17", **stroke)
    elif shape == "frown":
        out = path("M-29 12Q0 -20 29 12", **stroke)
    elif shape == "grin":
        out = _grin()
    elif shape == ":o":
        out = ellipse((0, 3), (15, 19), "#9e2538", "#6d1b2c", 4.4) + ellipse(
            (0, 14), (8.5, 6), "#ff8b95"
        )
    elif shape == "tongue out":
        out = _tongue()
    elif shape == ":3":
        out = path("M-33 -5Q-18 16 0 -4Q18 16 33 -5", **stroke)
    elif shape == "wavy mouth":
        out = path("M-33 5Q-23 -11 -12 2T10 2T33 -2", **stroke)
    else:
        out = _clenched()
    return group(out, f"translate(0 {MOUTH_Y + (8 if portrait.boy else 0)})")
