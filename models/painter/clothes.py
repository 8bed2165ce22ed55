"""Neck and clothes: everyday garments, and the table of all garments.

Called by the drawing. It must not know the head.
"""

from __future__ import annotations

from collections.abc import Callable

from models.painter import costumes
from models.painter.pen import blade, bow_curve, ellipse, group, mix, on_both_sides, path
from models.painter.portrait import Portrait
from models.painter.tailoring import (
    BODY,
    GOLD,
    NAVY,
    RED,
    WHITE,
    body,
    bow,
    buttons,
    collar,
    lapels,
    neck,
    neck_column,
    neck_opening,
    necktie,
    shirt_front,
)
from models.painter.tones import Tones, cloth_tone


def serafuku(tones: Tones) -> str:
    """A sailor blouse: wide navy collar with white lines, red neckerchief."""
    navy, red = cloth_tone(NAVY), cloth_tone(RED)
    collar = "M30 396C60 404 110 414 140 432C138 462 126 492 108 506L0 520L-2 516L40 440Z"
    out = body(cloth_tone(WHITE)) + neck_opening(tones, 500)
    out += on_both_sides(
        path(collar, navy.base, navy.line)
        + path("M122 436C120 458 110 480 98 492L26 502", stroke="#ffffff", width=4.5)
    )
    return out + bow(506, red, 1.12)


def school_uniform(tones: Tones) -> str:
    """A navy blazer over a white shirt, with a red bow tie."""
    del tones
    navy = cloth_tone("#333a66")
    out = body(navy) + shirt_front(cloth_tone(WHITE), 640) + lapels(navy, 640)
    out += path("M96 560h46v34q-23 18 -46 0Z", GOLD, navy.line, 3.6)
    return out + collar(cloth_tone(WHITE)) + bow(446, cloth_tone(RED), 1.0)


def collared_shirt(tones: Tones) -> str:
    """A shirt with collar and buttons."""
    cloth = tones.cloth
    out = (
        body(cloth) + path("M-7 440V724M13 440V724", stroke=cloth.dark, width=4) + buttons(3, cloth)
    )
    return out + path("M-34 398Q0 446 34 398L30 392Q0 420 -30 392Z", cloth.dark) + collar(cloth)


def tshirt(tones: Tones) -> str:
    """A plain shirt with a round neck."""
    cloth = tones.cloth
    out = body(cloth) + neck_opening(tones, 446)
    return (
        out
        + path("M-46 402C-36 440 -18 450 0 450C18 450 36 440 46 402", stroke=cloth.line, width=13)
        + path("M-46 402C-36 440 -18 450 0 450C18 450 36 440 46 402", stroke=cloth.light, width=6)
    )


def striped_shirt(tones: Tones) -> str:
    """A shirt with broad stripes across."""
    cloth = tones.cloth
    stripe = cloth_tone(
        "#3b3f58" if tones.cloth.base > "#d" and tones.cloth.base[3] > "b" else "#fafafc"
    ).base
    bands = "".join(
        path(f"M-230 {y}Q0 {y + 22} 230 {y}", stroke=stripe, width=15) for y in range(446, 724, 38)
    )
    shaped = body(cloth) + group(bands, clip="body") + path(BODY, stroke=cloth.line)
    out = shaped + neck_opening(tones, 438)
    return (
        out
        + path("M-46 402C-36 432 -18 442 0 442C18 442 36 432 46 402", stroke=cloth.line, width=12)
        + path("M-46 402C-36 432 -18 442 0 442C18 442 36 432 46 402", stroke=cloth.base, width=5)
    )


def hoodie(tones: Tones) -> str:
    """A hood laid round the neck, and its strings."""
    cloth = tones.cloth
    hood = "M-92 384C-116 420 -88 470 -2 486L0 440C-34 430 -50 414 -46 384Z"
    out = path("M-98 400C-80 350 80 350 98 400V440H-98Z", cloth.dark, cloth.line) + body(cloth)
    inner = path("M-50 400C-40 440 40 440 50 400L46 388H-46Z", mix(cloth.dark, "#1a1226", 0.3))
    pocket = on_both_sides(
        path("M0 624H70L96 724H0Z", mix(cloth.base, cloth.dark, 0.35), cloth.line)
    )
    sides = on_both_sides(
        group(
            path(hood, cloth.base, cloth.line)
            + path(blade(bow_curve((-84, 408), (-20, 466), 14), 8), cloth.dark),
            "scale(-1 1)",
        )
    )
    strings = on_both_sides(
        path("M26 470C30 510 24 540 28 566", stroke=cloth.line, width=9)
        + path("M26 470C30 510 24 540 28 566", stroke="#fdfdff", width=4.6)
    )
    return out + pocket + inner + sides + strings


def turtleneck(tones: Tones) -> str:
    """A sweater with a high ribbed collar."""
    cloth = tones.cloth
    out = body(cloth)
    ribs = "".join(
        path(f"M{x} 382L{x * 1.16:.0f} 424", stroke=cloth.dark, width=3.6)
        for x in range(-34, 35, 11)
    )
    knit = "".join(
        path(f"M{x} 470V724", stroke=cloth.dark, width=3, opacity=0.55)
        for x in (-60, -36, -12, 12, 36, 60)
    )
    return (
        out
        + knit
        + path("M-44 376Q0 398 44 376L54 424Q0 450 -54 424Z", cloth.base, cloth.line)
        + ribs
    )


def dress(tones: Tones) -> str:
    """A summer dress with straps and a frilled edge."""
    cloth, skin = tones.cloth, tones.skin
    out = path(BODY, skin.base, skin.line) + neck_opening(tones, 452)
    out += on_both_sides(path(blade(bow_curve((12, 438), (70, 423), 6), 4), skin.dark))
    straps = on_both_sides(
        path(
            "M66 414C72 430 76 446 78 464L112 462C112 446 110 430 104 422Z", cloth.base, cloth.line
        )
    )
    d = (
        "M-150 724C-150 640 -156 520 -146 462C-100 470 -40 458 0 470"
        "C40 458 100 470 146 462C156 520 150 640 150 724Z"
    )
    frill = (
        "M-148 462"
        + "".join(f"q15 26 29.6 {(2, 1, 0, 2, 3)[i % 5]}" for i in range(10))
        + "L148 448Q60 462 0 456Q-60 462 -148 448Z"
    )
    out += (
        straps
        + path(d, cloth.base, cloth.line)
        + path(frill, mix(cloth.base, "#ffffff", 0.5), cloth.line)
    )
    out += on_both_sides(path(blade(bow_curve((46, 520), (60, 700), 6), 9), cloth.dark))
    return out + bow(474, cloth_tone(mix(cloth.dark, cloth.line, 0.35)), 0.72)


def jacket(tones: Tones) -> str:
    """An open jacket over a white shirt, with a zip."""
    cloth = tones.cloth
    inner = (
        body(cloth_tone(WHITE))
        + neck_opening(tones, 446)
        + path("M-44 402C-36 440 -18 450 0 450C18 450 36 440 44 402", stroke="#8d8ea3", width=5)
    )
    half = "M44 400C96 416 150 428 178 462C200 492 208 600 214 724H58C62 620 70 500 44 400Z"
    flap = path(half, cloth.base, cloth.line) + path(
        "M44 400C80 400 110 420 112 440L86 470C72 448 58 424 44 400Z", cloth.dark, cloth.line
    )
    flap += path("M62 470C66 560 60 640 58 724", stroke="#f4e3b0", width=4.5)
    flap += path(blade(bow_curve((150, 480), (126, 580), 8), 10), cloth.dark)
    return inner + on_both_sides(flap)


def cardigan(tones: Tones) -> str:
    """A knitted cardigan over a white shirt with a collar."""
    cloth, white = tones.cloth, cloth_tone(WHITE)
    out = body(cloth) + shirt_front(white, 590) + path("M0 450V580", stroke=white.dark, width=4)
    trim = on_both_sides(
        path("M44 402L0 594", stroke=cloth.line, width=19)
        + path("M44 402L0 594", stroke=mix(cloth.base, "#ffffff", 0.5), width=11)
    )
    return (
        out
        + trim
        + path("M0 594V724", stroke=cloth.line, width=4)
        + buttons(12, white)
        + collar(white)
    )


def suit(tones: Tones) -> str:
    """A dark suit, white shirt and tie."""
    del tones
    dark = cloth_tone("#3a3c4c")
    out = body(dark) + shirt_front(cloth_tone(WHITE), 660) + necktie(436, cloth_tone(RED))
    return out + lapels(dark, 660) + collar(cloth_tone(WHITE))


def overalls(tones: Tones) -> str:
    """Dungarees over a white shirt."""
    cloth = tones.cloth
    out = body(cloth_tone(WHITE)) + neck_opening(tones, 440)
    out += path("M-44 402C-36 434 -18 444 0 444C18 444 36 434 44 402", stroke="#8d8ea3", width=5)
    straps = on_both_sides(
        path("M78 414C86 440 88 470 84 496H110C112 470 110 440 104 420Z", cloth.base, cloth.line)
    )
    bib = "M-116 490H116C120 560 150 610 180 630L184 724H-184L-180 630C-150 610 -120 560 -116 490Z"
    out += (
        straps
        + path(bib, cloth.base, cloth.line)
        + path("M-52 540H52V610Q0 636 -52 610Z", mix(cloth.base, cloth.dark, 0.4), cloth.line)
    )
    return out + on_both_sides(ellipse((97, 500), (11, 11), GOLD, cloth.line, 3.6))


GARMENTS: dict[str, Callable[[Tones], str]] = {
    "serafuku": serafuku,
    "school uniform": school_uniform,
    "collared shirt": collared_shirt,
    "t-shirt": tshirt,
    "striped shirt": striped_shirt,
    "hoodie": hoodie,
    "turtleneck": turtleneck,
    "dress": dress,
    "kimono": costumes.kimono,
    "jacket": jacket,
    "cardigan": cardigan,
    "suit": suit,
    "maid": costumes.maid,
    "overalls": overalls,
    "cape": costumes.cape,
    "china dress": costumes.china_dress,
    "armor": costumes.armor,
}


def neck_and_garment(portrait: Portrait, tones: Tones) -> str:
    """Neck and garment; boys have broader shoulders."""
    high = portrait.clothes in ("turtleneck", "china dress", "armor")
    skin, cloth = neck(portrait, tones), GARMENTS[portrait.clothes](tones)
    wide = "scale(1.1 1)" if portrait.boy else ""
    if portrait.clothes in ("hoodie", "dress"):
        return group(cloth, wide) + neck_column(portrait, tones)
    return skin + group(cloth, wide) + ("" if high else neck_column(portrait, tones))
