"""Festive and working dress: kimono, maid, cape, china dress, armor. One function for each.

Called by `clothes`, whose table names them. It must not know the head.
"""

from __future__ import annotations

from models.painter.pen import blade, bow_curve, ellipse, group, mix, on_both_sides, path
from models.painter.tailoring import GOLD, RED, WHITE, body, bow, collar, neck_opening
from models.painter.tones import Tones, cloth_tone


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
        petals = "".join(
            group(ellipse((0, -9), (6, 9), light), f"rotate({72 * i})") for i in range(5)
        )
        out += group(petals + ellipse((0, 0), (4.5, 4.5), GOLD), f"translate({x} {y}) scale(1.25)")
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


def maid(tones: Tones) -> str:
    """A black dress with white apron, frilled straps and a collar."""
    del tones
    black, white = cloth_tone("#2f2d3a"), cloth_tone(WHITE)
    out = body(black)
    apron = "M-76 520C-40 510 40 510 76 520L92 724H-92Z"
    strap = (
        "M62 408C84 440 84 480 76 524L104 520"
        + "".join(f"q18 {-12} 4 {-22}" for _ in range(4))
        + "L100 414Z"
    )
    out += path(apron, white.base, white.line) + on_both_sides(path(strap, white.base, white.line))
    out += on_both_sides(path(blade(bow_curve((30, 560), (40, 700), 4), 8), white.dark))
    return out + collar(white) + bow(442, cloth_tone(RED), 0.86)


def cape(tones: Tones) -> str:
    """A cape with a collar and a golden brooch."""
    cloth = tones.cloth
    wide = (
        "M-40 400C-110 410 -190 440 -216 500C-236 570 -240 650 -246 724"
        "H246C240 650 236 570 216 500C190 440 110 410 40 400Z"
    )
    out = body(cloth, wide) + path(
        "M0 470C-10 560 -8 640 -16 724H16C8 640 10 560 0 470Z", cloth.dark, cloth.line
    )
    rim = on_both_sides(
        path(
            "M30 388C70 384 104 404 116 440C80 452 40 468 0 476V444C20 436 32 416 30 388Z",
            mix(cloth.base, "#ffffff", 0.6),
            cloth.line,
        )
    )
    return (
        out
        + rim
        + ellipse((0, 466), (19, 19), GOLD, "#7c5313", 4)
        + ellipse((-5, 461), (6, 6), "#fff3c4")
    )


def china_dress(tones: Tones) -> str:
    """A dress with a stand-up collar and golden edges."""
    cloth = tones.cloth
    out = body(cloth) + path("M6 432C40 452 96 470 150 470", stroke=GOLD, width=8)
    collar = path("M-42 384Q0 410 42 384L50 424Q0 448 -50 424Z", cloth.base, cloth.line)
    collar += path("M-43 386Q0 412 43 386M-50 422Q0 446 50 422", stroke=GOLD, width=5)
    knots = "".join(
        path(f"M{x - 18} {y}h36", stroke=GOLD, width=7)
        + ellipse((x, y), (8, 8), GOLD, cloth.line, 3)
        for x, y in ((4, 440), (62, 462), (120, 472))
    )
    flower = "".join(
        group(ellipse((0, -19), (11, 18), mix(cloth.base, GOLD, 0.7)), f"rotate({60 * i})")
        for i in range(6)
    )
    return out + collar + knots + group(flower, "translate(-84 590)")


def armor(tones: Tones) -> str:
    """A breastplate with shoulder plates and a red cloak behind."""
    del tones
    steel = cloth_tone("#aeb6c8")
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
    out += on_both_sides(
        path(plate, steel.base, steel.line)
        + path("M112 486C140 516 180 530 216 520", stroke=GOLD, width=8)
        + path(blade(bow_curve((126, 430), (186, 470), -8), 11), "#ffffff")
    )
    return (
        out
        + path("M-50 396Q0 430 50 396L58 440Q0 470 -58 440Z", steel.base, steel.line)
        + path("M-58 440Q0 470 58 440", stroke=GOLD, width=7)
    )
