"""Shoulders and what is worn on them: one function for each garment.

Called by the drawing. It must not know the head. The neck is 62 units wide and ends at y = 408;
garments reach down to y = 720, so that a portrait format can show them.
"""

from __future__ import annotations

from collections.abc import Callable

from models.painter.pen import blade, both, bow_curve, clip, ellipse, fade, group, mix, path
from models.painter.portrait import Portrait
from models.painter.tones import Tone, Tones, of_cloth

BODY = "M-44 404C-96 420 -150 428 -178 462C-200 492 -208 600 -214 724H214C208 600 200 492 178 462C150 428 96 420 44 404Z"
NAVY, WHITE, RED, GOLD = "#2d4690", "#f8f8fb", "#d83f4d", "#f2bf4a"


def neck(portrait: Portrait, tones: Tones) -> str:
    """The neck, the collar bones and the shadow of the chin."""
    skin, w = tones.skin, 38 if portrait.boy else 31
    d = f"M{-w} 330V398C{-w - 4} 414 -70 420 -96 426L0 500L96 426C70 420 {w + 4} 414 {w} 398V330Z"
    out = path(d, skin.base, skin.line) + clip("neck", d)
    out += group(path("M-60 320V372Q0 420 60 372V320Z", skin.dark, opacity=0.75), clip="neck")
    bones = both(path(blade(bow_curve((10, 440), (56, 427), 5), 4), mix(skin.dark, skin.line, 0.4)))
    return out + bones


def _folds(tone: Tone) -> str:
    """Shadow under the arms and a few folds."""
    shade = path("M150 430C140 520 150 620 140 724H240V420Z", tone.dark, opacity=0.75)
    folds = blade(bow_curve((118, 500), (92, 590), 9), 10) + blade(
        bow_curve((150, 470), (128, 540), 7), 9
    )
    return both(shade + path(folds, tone.dark)) + both(
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


def _collar(tone: Tone) -> str:
    """Two points of a shirt collar."""
    return both(path("M30 394C38 408 44 414 50 418L34 470L0 428Z", tone.base, tone.line))


def _buttons(x: float, tone: Tone) -> str:
    return "".join(ellipse(x, y, 6.5, 6.5, tone.light, tone.line, 3) for y in (480, 540, 600, 660))


def _bow(y: float, tone: Tone, size: float = 1.0) -> str:
    """A ribbon tied in a bow at the collar."""
    wing = path("M4 0C18 -26 44 -28 54 -18C58 0 56 14 50 24C36 22 18 14 4 0Z", tone.base, tone.line)
    wing += path(blade(bow_curve((10, 0), (40, -4), 3), 5), tone.dark)
    tails = both(path("M2 4C16 24 22 44 34 62L14 66C6 44 0 24 -2 4Z", tone.base, tone.line))
    knot = ellipse(0, 0, 11, 12, tone.base, tone.line)
    return group(tails + both(wing) + knot, f"translate(0 {y}) scale({size})")


def _necktie(y: float, tone: Tone) -> str:
    d = f"M-13 {y}H13L8 {y + 22}L22 {y + 150}L0 {y + 178}L-22 {y + 150}L-8 {y + 22}Z"
    return path(d, tone.base, tone.line) + path(f"M-8 {y + 22}H8", stroke=tone.line, width=3.4)


def _lapels(tone: Tone, depth: float) -> str:
    """Lapels of a jacket; between them lies what is worn beneath."""
    return both(
        path(f"M40 404L92 424L84 470L62 480L72 496L8 {depth}L0 {depth}Z", tone.base, tone.line)
    )


def _inner(tone: Tone, depth: float) -> str:
    """The shirt that shows between lapels."""
    return path(f"M-46 404L0 {depth}L46 404L0 440Z", tone.base, tone.line) + path(
        f"M-44 404H44L0 {depth}Z", tone.base
    )


def serafuku(tones: Tones) -> str:
    """A sailor blouse: wide navy collar with white lines, red neckerchief."""
    navy, red = of_cloth(NAVY), of_cloth(RED)
    collar = "M30 396C60 404 110 414 140 432C138 462 126 492 108 506L0 520L-2 516L40 440Z"
    out = body(of_cloth(WHITE)) + neck_opening(tones, 500)
    out += both(
        path(collar, navy.base, navy.line)
        + path("M122 436C120 458 110 480 98 492L26 502", stroke="#ffffff", width=4.5)
    )
    return out + _bow(506, red, 1.12)


def neck_opening(tones: Tones, depth: float) -> str:
    """A neckline down to a height, in the colour of the skin."""
    skin = tones.skin
    d = f"M-42 402C-34 {depth - 40} -16 {depth - 8} 0 {depth}C16 {depth - 8} 34 {depth - 40} 42 402Z"
    bones = both(path(blade(bow_curve((6, 436), (30, 426), 3), 4), mix(skin.dark, skin.line, 0.4)))
    return (
        path(d, skin.base) + path("M-31 396V402Q0 424 31 402V396Z", skin.dark, opacity=0.6) + bones
    )


def school_uniform(tones: Tones) -> str:
    """A navy blazer over a white shirt, with a red bow tie."""
    navy = of_cloth("#333a66")
    out = body(navy) + _inner(of_cloth(WHITE), 640) + _lapels(navy, 640)
    out += path("M96 560h46v34q-23 18 -46 0Z", GOLD, navy.line, 3.6)
    return out + _collar(of_cloth(WHITE)) + _bow(446, of_cloth(RED), 1.0)


def collared_shirt(tones: Tones) -> str:
    """A shirt with collar and buttons."""
    cloth = tones.cloth
    out = (
        body(cloth)
        + path("M-7 440V724M13 440V724", stroke=cloth.dark, width=4)
        + _buttons(3, cloth)
    )
    return out + path("M-34 398Q0 446 34 398L30 392Q0 420 -30 392Z", cloth.dark) + _collar(cloth)


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
    stripe = of_cloth(
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
    pocket = both(path("M0 624H70L96 724H0Z", mix(cloth.base, cloth.dark, 0.35), cloth.line))
    sides = both(
        group(
            path(hood, cloth.base, cloth.line)
            + path(blade(bow_curve((-84, 408), (-20, 466), 14), 8), cloth.dark),
            "scale(-1 1)",
        )
    )
    strings = both(
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
    out += both(path(blade(bow_curve((12, 438), (70, 423), 6), 4), skin.dark))
    straps = both(
        path(
            "M66 414C72 430 76 446 78 464L112 462C112 446 110 430 104 422Z", cloth.base, cloth.line
        )
    )
    d = "M-150 724C-150 640 -156 520 -146 462C-100 470 -40 458 0 470C40 458 100 470 146 462C156 520 150 640 150 724Z"
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
    out += both(path(blade(bow_curve((46, 520), (60, 700), 6), 9), cloth.dark))
    return out + _bow(474, of_cloth(mix(cloth.dark, cloth.line, 0.35)), 0.72)


def kimono(tones: Tones) -> str:
    """A kimono: crossed collars, an obi and flowers on the cloth."""
    cloth = tones.cloth
    out = body(cloth) + neck_opening(tones, 480)
    light = mix(cloth.base, "#ffffff", 0.65)
    for x, y in (
        (-150, 500),
        (-118, 600),
        (-162, 660),
        (140, 486),
        (116, 570),
        (158, 640),
        (60, 560),
    ):
        petals = "".join(group(ellipse(0, -9, 6, 9, light), f"rotate({72 * i})") for i in range(5))
        out += group(petals + ellipse(0, 0, 4.5, 4.5, GOLD), f"translate({x} {y}) scale(1.25)")
    band = "M-40 398C-58 404 -66 410 -72 416C-40 480 10 540 60 600L92 600C40 530 -10 470 -40 398Z"
    for side in (-1, 1):
        collar = path(band, "#fdf8ee", cloth.line) + path(
            "M-54 408C-24 470 24 536 72 598", stroke=cloth.dark, width=4
        )
        out += group(collar, f"scale({-side} 1)")
    obi = mix(cloth.dark, "#b02a4a", 0.55)
    return (
        out
        + path("M-150 600Q0 624 150 600L154 690Q0 712 -154 690Z", obi, cloth.line)
        + path("M-152 648Q0 670 152 648", stroke=GOLD, width=9)
    )


def jacket(tones: Tones) -> str:
    """An open jacket over a white shirt, with a zip."""
    cloth = tones.cloth
    inner = (
        body(of_cloth(WHITE))
        + neck_opening(tones, 446)
        + path("M-44 402C-36 440 -18 450 0 450C18 450 36 440 44 402", stroke="#8d8ea3", width=5)
    )
    half = "M44 400C96 416 150 428 178 462C200 492 208 600 214 724H58C62 620 70 500 44 400Z"
    flap = path(half, cloth.base, cloth.line) + path(
        "M44 400C80 400 110 420 112 440L86 470C72 448 58 424 44 400Z", cloth.dark, cloth.line
    )
    flap += path("M62 470C66 560 60 640 58 724", stroke="#f4e3b0", width=4.5)
    flap += path(blade(bow_curve((150, 480), (126, 580), 8), 10), cloth.dark)
    return inner + both(flap)


def cardigan(tones: Tones) -> str:
    """A knitted cardigan over a white shirt with a collar."""
    cloth, white = tones.cloth, of_cloth(WHITE)
    out = body(cloth) + _inner(white, 590) + path("M0 450V580", stroke=white.dark, width=4)
    trim = both(
        path("M44 402L0 594", stroke=cloth.line, width=19)
        + path("M44 402L0 594", stroke=mix(cloth.base, "#ffffff", 0.5), width=11)
    )
    return (
        out
        + trim
        + path("M0 594V724", stroke=cloth.line, width=4)
        + _buttons(12, white)
        + _collar(white)
    )


def suit(tones: Tones) -> str:
    """A dark suit, white shirt and tie."""
    dark = of_cloth("#3a3c4c")
    out = body(dark) + _inner(of_cloth(WHITE), 660) + _necktie(436, of_cloth(RED))
    return out + _lapels(dark, 660) + _collar(of_cloth(WHITE))


def maid(tones: Tones) -> str:
    """A black dress with white apron, frilled straps and a collar."""
    black, white = of_cloth("#2f2d3a"), of_cloth(WHITE)
    out = body(black)
    apron = "M-76 520C-40 510 40 510 76 520L92 724H-92Z"
    strap = (
        "M62 408C84 440 84 480 76 524L104 520"
        + "".join(f"q18 {-12} 4 {-22}" for _ in range(4))
        + "L100 414Z"
    )
    out += path(apron, white.base, white.line) + both(path(strap, white.base, white.line))
    out += both(path(blade(bow_curve((30, 560), (40, 700), 4), 8), white.dark))
    return out + _collar(white) + _bow(442, of_cloth(RED), 0.86)


def overalls(tones: Tones) -> str:
    """Dungarees over a white shirt."""
    cloth = tones.cloth
    out = body(of_cloth(WHITE)) + neck_opening(tones, 440)
    out += path("M-44 402C-36 434 -18 444 0 444C18 444 36 434 44 402", stroke="#8d8ea3", width=5)
    straps = both(
        path("M78 414C86 440 88 470 84 496H110C112 470 110 440 104 420Z", cloth.base, cloth.line)
    )
    bib = "M-116 490H116C120 560 150 610 180 630L184 724H-184L-180 630C-150 610 -120 560 -116 490Z"
    out += (
        straps
        + path(bib, cloth.base, cloth.line)
        + path("M-52 540H52V610Q0 636 -52 610Z", mix(cloth.base, cloth.dark, 0.4), cloth.line)
    )
    return out + both(ellipse(97, 500, 11, 11, GOLD, cloth.line, 3.6))


def cape(tones: Tones) -> str:
    """A cape with a collar and a golden brooch."""
    cloth = tones.cloth
    wide = "M-40 400C-110 410 -190 440 -216 500C-236 570 -240 650 -246 724H246C240 650 236 570 216 500C190 440 110 410 40 400Z"
    out = body(cloth, wide) + path(
        "M0 470C-10 560 -8 640 -16 724H16C8 640 10 560 0 470Z", cloth.dark, cloth.line
    )
    rim = both(
        path(
            "M30 388C70 384 104 404 116 440C80 452 40 468 0 476V444C20 436 32 416 30 388Z",
            mix(cloth.base, "#ffffff", 0.6),
            cloth.line,
        )
    )
    return (
        out + rim + ellipse(0, 466, 19, 19, GOLD, "#7c5313", 4) + ellipse(-5, 461, 6, 6, "#fff3c4")
    )


def china_dress(tones: Tones) -> str:
    """A dress with a stand-up collar and golden edges."""
    cloth = tones.cloth
    out = body(cloth) + path("M6 432C40 452 96 470 150 470", stroke=GOLD, width=8)
    collar = path("M-42 384Q0 410 42 384L50 424Q0 448 -50 424Z", cloth.base, cloth.line)
    collar += path("M-43 386Q0 412 43 386M-50 422Q0 446 50 422", stroke=GOLD, width=5)
    knots = "".join(
        path(f"M{x - 18} {y}h36", stroke=GOLD, width=7) + ellipse(x, y, 8, 8, GOLD, cloth.line, 3)
        for x, y in ((4, 440), (62, 462), (120, 472))
    )
    flower = "".join(
        group(ellipse(0, -19, 11, 18, mix(cloth.base, GOLD, 0.7)), f"rotate({60 * i})")
        for i in range(6)
    )
    return out + collar + knots + group(flower, "translate(-84 590)")


def armor(tones: Tones) -> str:
    """A breastplate with shoulder plates and a red cloak behind."""
    steel = of_cloth("#aeb6c8")
    out = path(
        "M-60 400C-180 410 -236 520 -250 724H250C236 520 180 410 60 400Z", "#b9323f", "#5d1420"
    ) + body(steel)
    out += path(
        "M-118 470C-60 500 60 500 118 470C126 580 100 660 0 700C-100 660 -126 580 -118 470Z",
        mix(steel.base, "#ffffff", 0.3),
        steel.line,
    )
    out += path("M0 494V698", stroke=steel.dark, width=5) + path(
        "M-90 520C-96 580 -80 620 -60 640C-72 600 -76 560 -74 520Z", "#ffffff", opacity=0.8
    )
    plate = "M98 416C150 404 206 440 216 520C180 530 140 516 112 486C100 466 94 440 98 416Z"
    out += both(
        path(plate, steel.base, steel.line)
        + path("M112 486C140 516 180 530 216 520", stroke=GOLD, width=8)
        + path(blade(bow_curve((126, 430), (186, 470), -8), 11), "#ffffff")
    )
    return (
        out
        + path("M-50 396Q0 430 50 396L58 440Q0 470 -58 440Z", steel.base, steel.line)
        + path("M-58 440Q0 470 58 440", stroke=GOLD, width=7)
    )


GARMENTS: dict[str, Callable[[Tones], str]] = {
    "serafuku": serafuku,
    "school uniform": school_uniform,
    "collared shirt": collared_shirt,
    "t-shirt": tshirt,
    "striped shirt": striped_shirt,
    "hoodie": hoodie,
    "turtleneck": turtleneck,
    "dress": dress,
    "kimono": kimono,
    "jacket": jacket,
    "cardigan": cardigan,
    "suit": suit,
    "maid": maid,
    "overalls": overalls,
    "cape": cape,
    "china dress": china_dress,
    "armor": armor,
}


def dressed(portrait: Portrait, tones: Tones) -> str:
    """Neck and garment; boys have broader shoulders."""
    high = portrait.clothes in ("turtleneck", "china dress", "armor")
    skin, cloth = neck(portrait, tones), GARMENTS[portrait.clothes](tones)
    wide = "scale(1.1 1)" if portrait.boy else ""
    if portrait.clothes in ("hoodie", "dress"):
        return group(cloth, wide) + neck_column(portrait, tones)
    return skin + group(cloth, wide) + ("" if high else neck_column(portrait, tones))


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
