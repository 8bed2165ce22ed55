"""What sits on the head: animal ears, ribbons, hats. One function for each.

Called by the drawing. It must not know the face. The crown of the hair is at y = 54, the temples
at x = 136; whatever has to pass behind the hair is in `behind`.
"""

from __future__ import annotations

from collections.abc import Callable

from models.painter.pen import blade, both, bow_curve, ellipse, group, mix, path, sided
from models.painter.portrait import Portrait
from models.painter.tones import Tone, Tones, of_cloth

GOLD, GOLD_LINE = "#ffd256", "#80560f"


def cat_ears(tones: Tones) -> str:
    """Pointed ears in the colour of the hair."""
    hair = tones.hair
    ear = path(
        "M40 76C52 30 84 -8 120 -22C140 20 142 84 126 130C96 120 62 100 40 76Z",
        hair.base,
        hair.line,
        4.6,
    )
    ear += path("M66 74C74 42 94 14 114 4C124 34 124 78 116 106C98 98 80 88 66 74Z", "#ffb3c0")
    return both(ear + path("M62 82L84 58L86 84L104 66L108 100Z", hair.base))


def fox_ears(tones: Tones) -> str:
    """Tall ears with dark tips and white inside."""
    hair = tones.hair
    ear = path(
        "M30 78C40 20 84 -34 134 -48C152 10 154 86 132 140C96 126 56 106 30 78Z",
        hair.base,
        hair.line,
        4.6,
    )
    ear += path("M70 2C88 -24 112 -40 134 -48C142 -24 145 0 146 22C122 2 96 -4 70 2Z", hair.dark)
    ear += path("M62 74C70 36 94 4 120 -12C132 26 132 80 120 112C98 104 78 92 62 74Z", "#fff6ee")
    return both(ear + path("M56 84L78 56L84 88L104 62L112 104Z", hair.base))


def bear_ears(tones: Tones) -> str:
    """Round ears."""
    hair = tones.hair
    ear = ellipse(96, 62, 44, 42, hair.base, hair.line, 4.6) + ellipse(98, 64, 25, 24, "#ffb3c0")
    return both(ear + path("M48 92Q92 84 134 118L120 130L60 104Z", hair.base))


def rabbit_ears(tones: Tones) -> str:
    """Long ears that stand up."""
    hair = tones.hair
    fur = mix(hair.base, "#ffffff", 0.15)
    ear = path("M30 78C8 0 26 -86 58 -92C96 -88 104 0 88 84Z", fur, hair.line, 4.6)
    ear += path("M44 64C32 2 42 -60 58 -66C80 -60 84 8 74 66Z", "#ffb3c0")
    return both(ear)


def horns(tones: Tones) -> str:
    """Curved horns."""
    del tones
    horn = path(
        "M66 78C60 30 90 4 150 -22C128 10 128 44 112 84C98 96 78 94 66 78Z",
        "#5d4150",
        "#2a1721",
        4.4,
    )
    ridges = "M68 54Q90 62 116 62M74 36Q96 42 122 40M88 20Q106 24 128 20"
    return both(horn + path(ridges, stroke="#9b7486", width=5))


def hairband(tones: Tones) -> str:
    """A broad band over the hair."""
    tone = tones.trim
    d = "M-126 168C-112 60 112 60 126 168L108 176C92 96 -92 96 -108 176Z"
    return path(d, tone.base, tone.line) + path(
        "M-92 118Q0 60 92 118", stroke=tone.light, width=6, opacity=0.9
    )


def hair_bow(tones: Tones, side: int) -> str:
    """A big bow on one side of the crown."""
    tone = tones.trim
    wing = path(
        "M4 0C24 -44 70 -52 88 -36C96 -6 92 26 82 42C58 38 24 22 4 0Z", tone.base, tone.line
    )
    wing += path(blade(bow_curve((14, -2), (66, -14), 4), 8), tone.dark) + path(
        blade(bow_curve((14, 4), (62, 20), -3), 7), tone.dark
    )
    tails = both(path("M2 8C18 24 30 46 50 66L26 74C10 50 -2 30 -6 12Z", tone.base, tone.line))
    bow = (
        tails
        + both(wing)
        + ellipse(0, 0, 16, 18, tone.base, tone.line)
        + ellipse(-4, -6, 4, 6, tone.light)
    )
    return sided(group(bow, "translate(82 74) rotate(24) scale(.86)"), side)


def _flower(tone: Tone, petals: int = 5) -> str:
    one = path("M0 0C-20 -14 -20 -42 0 -46C20 -42 20 -14 0 0Z", tone.base, tone.line, 3.6)
    one += path("M0 -8V-26", stroke=tone.dark, width=3.4)
    ring = "".join(group(one, f"rotate({360 * i / petals:.0f})") for i in range(petals))
    return ring + ellipse(0, 0, 12, 12, GOLD, GOLD_LINE, 3.4)


def hair_flower(tones: Tones, side: int) -> str:
    """A large blossom over one temple, with leaves."""
    leaf = path("M0 0C20 -16 46 -12 60 6C40 18 16 16 0 0Z", "#5fb26b", "#2b5d38", 3.4)
    leaves = group(leaf, "translate(18 22) rotate(40)") + group(
        leaf, "translate(16 -16) rotate(-50)"
    )
    return sided(group(leaves + _flower(tones.trim), "translate(104 120)"), side)


def hairclip(tones: Tones, side: int) -> str:
    """Two crossed clips at the temple."""
    tone = tones.trim
    bar = f'<rect x="-40" y="-9" width="80" height="18" rx="9" fill="{tone.base}" stroke="{tone.line}" stroke-width="4"/>'
    bars = group(bar, "rotate(32)") + group(bar, "rotate(-32)")
    return sided(group(bars, "translate(94 168)"), side)


def star_ornament(tones: Tones, side: int) -> str:
    """A golden star at the temple."""
    del tones
    star = "M0 -42L12 -14L42 -13L18 6L27 36L0 19L-27 36L-18 6L-42 -13L-12 -14Z"
    shape = path(star, GOLD, GOLD_LINE, 4.4) + path("M-16 -8L-4 -26", stroke="#fff6d0", width=6)
    return sided(group(shape, "translate(96 138) rotate(14)"), side)


def head_wreath(tones: Tones) -> str:
    """A wreath of small flowers."""
    del tones
    out = path("M-128 150C-104 74 104 74 128 150", stroke="#3f8a4c", width=15)
    colours = ("#ff9cc0", "#ffffff", "#ffd866", "#ff9cc0", "#c9a2f2", "#ffffff", "#ff9cc0")
    for i, colour in enumerate(colours):
        x = -114 + 38 * i
        y = 92 + (x / 114) ** 2 * 42
        out += group(_flower(of_cloth(colour)), f"translate({x} {y:.0f}) scale(.52)")
    return out


def maid_headdress(tones: Tones) -> str:
    """A white frilled band."""
    del tones
    frill = "M-118 140" + "".join(
        f"q{6 + i * 0.2:.1f} {-40 + abs(i - 4.5) * 2:.0f} 26 {(-17, -11, -7, -3, -1, 1, 3, 7, 11)[i]}"
        for i in range(9)
    )
    d = frill + "L108 154C70 96 -70 96 -108 154Z"
    band = path(d, "#fbfbfe", "#6f7088", 4)
    return band + path("M-106 146C-66 92 66 92 106 146", stroke="#3a3646", width=9)


def tiara(tones: Tones) -> str:
    """A small silver diadem with a jewel."""
    del tones
    d = "M-84 104C-70 84 -60 78 -48 82L-30 50L-16 70L0 22L16 70L30 50L48 82C60 78 70 84 84 104Q0 62 -84 104Z"
    return path(d, "#e4ecfb", "#5c6688", 4) + path(
        "M0 46L11 62L0 80L-11 62Z", "#4fb4f5", "#1d4a8c", 3.2
    )


def crown(tones: Tones) -> str:
    """A golden crown."""
    del tones
    d = "M-84 88L-98 -2L-52 38L0 -22L52 38L98 -2L84 88Q0 58 -84 88Z"
    jewels = ellipse(0, 48, 11, 12, "#e63b52", GOLD_LINE, 3.4) + both(
        ellipse(52, 58, 8, 9, "#46b7f2", GOLD_LINE, 3.2)
    )
    balls = ellipse(0, -26, 9, 9, GOLD, GOLD_LINE, 3.6) + both(
        ellipse(99, -7, 9, 9, GOLD, GOLD_LINE, 3.6)
    )
    return (
        path(d, GOLD, GOLD_LINE, 4.6)
        + path("M-78 74Q0 46 78 74", stroke="#fff0b8", width=6)
        + jewels
        + balls
    )


def halo(tones: Tones) -> str:
    """A ring of light above the head."""
    del tones
    ring = '<ellipse cx="0" cy="18" rx="92" ry="22" fill="none" stroke-width="{w}" stroke="{c}"/>'
    return (
        ring.format(w=21, c="#c9912a")
        + ring.format(w=15, c="#ffe27a")
        + ring.format(w=5, c="#fffbe2")
    )


def headphones(tones: Tones) -> str:
    """Headphones: band over the crown, shells on the ears."""
    tone = tones.trim
    band = "M-132 232C-150 16 150 16 132 232"
    out = path(band, stroke=tone.line, width=23) + path(band, stroke=tone.base, width=15)
    shell = f'<rect x="112" y="206" width="48" height="92" rx="22" fill="{tone.base}" stroke="{tone.line}" stroke-width="4.4"/>'
    shell += f'<rect x="104" y="216" width="20" height="72" rx="9" fill="{tone.dark}" stroke="{tone.line}" stroke-width="3.4"/>'
    return out + both(shell + path("M146 228V262", stroke=tone.light, width=6))


def beret(tones: Tones, side: int) -> str:
    """A beret that leans to one side."""
    tone = tones.trim
    d = "M-134 128C-172 70 -110 8 10 8C116 4 190 60 156 116C150 130 138 134 128 138C80 84 -70 84 -120 142Z"
    out = path(d, tone.base, tone.line, 4.6) + path(
        "M16 10C14 -4 22 -12 30 -12", stroke=tone.line, width=11
    )
    out += path(blade(bow_curve((-96, 62), (20, 30), -18), 16), tone.light, opacity=0.8)
    out += path(
        "M156 116C120 60 -40 50 -134 128C-132 138 -126 142 -120 142C-70 84 80 84 128 138C138 134 150 130 156 116Z",
        tone.dark,
        opacity=0.7,
    )
    return sided(out, side)


def witch_hat(tones: Tones) -> str:
    """A pointed hat with a broad brim and a buckle."""
    del tones
    tone = of_cloth("#4a3a78")
    cone = "M-112 100C-84 30 -40 -50 60 -108C62 -76 50 -60 58 -36C76 10 98 60 112 100Z"
    brim = "M-222 112C-160 70 160 70 222 112C176 150 90 128 0 128C-90 128 -176 150 -222 112Z"
    out = path(cone, tone.base, tone.line, 4.6) + path(
        blade(bow_curve((-66, 62), (20, -66), -14), 13), tone.light, opacity=0.6
    )
    out += path(brim, tone.base, tone.line, 4.6)
    out += path("M-110 96C-60 70 60 70 110 96L104 62C60 44 -60 44 -98 62Z", "#e0a53a", "#6d4713", 4)
    return out + path("M-22 52H22V84H-22Z", "#fff0b8", "#6d4713", 4.4)


def straw_hat(tones: Tones) -> str:
    """A straw hat with a red ribbon."""
    del tones
    tone = of_cloth("#f3cf7e")
    brim = "M-226 122C-190 84 -110 70 0 70C110 70 190 84 226 122C150 146 90 120 0 120C-90 120 -150 146 -226 122Z"
    out = path("M-112 96C-110 14 -70 -24 0 -24C70 -24 110 14 112 96Z", tone.base, tone.line, 4.6)
    weave = "".join(
        path(
            f"M{-96 + i} {28 + i * 0.6}Q0 {-6 + i} {96 - i} {28 + i * 0.6}",
            stroke=tone.dark,
            width=3,
        )
        for i in (0, 12)
    )
    out += (
        weave
        + path(brim, tone.base, tone.line, 4.6)
        + path("M-180 110Q0 84 180 110", stroke=tone.dark, width=3.4)
    )
    return out + path(
        "M-113 96C-70 72 70 72 113 96L111 62C70 44 -70 44 -111 62Z", "#d83f4d", "#6b1524", 4
    )


def santa_hat(tones: Tones) -> str:
    """A red hat with a white rim and bobble."""
    del tones
    red, white = of_cloth("#d83341"), of_cloth("#fbfbfe")
    out = path(
        "M-118 100C-110 10 -40 -50 40 -46C110 -40 170 10 186 96C160 80 140 60 112 54C120 70 122 90 120 104Z",
        red.base,
        red.line,
        4.6,
    )
    out += path(blade(bow_curve((-74, 50), (30, -22), -16), 13), red.light, opacity=0.6)
    out += ellipse(184, 106, 28, 28, white.base, white.line, 4.2)
    rim = "M-134 132C-140 104 -116 90 -96 92C-60 64 60 64 98 92C118 90 142 106 134 132C120 150 104 144 94 136C60 112 -60 112 -94 136C-106 146 -124 148 -134 132Z"
    return out + path(rim, white.base, white.line, 4.4)


def baseball_cap(tones: Tones) -> str:
    """A cap with its peak to the front."""
    tone = tones.trim
    out = path(
        "M-130 134C-134 40 -70 0 0 0C70 0 134 40 130 134C60 96 -60 96 -130 134Z",
        tone.base,
        tone.line,
        4.6,
    )
    out += path(
        "M0 2V100M-66 18C-84 46 -90 80 -90 112M66 18C84 46 90 80 90 112", stroke=tone.dark, width=4
    )
    out += ellipse(0, -1, 12, 7, tone.base, tone.line)
    peak = "M-136 130C-80 84 80 84 136 130C150 150 140 166 126 168C80 132 -80 132 -126 168C-140 166 -150 150 -136 130Z"
    out += path(
        "M0 34L8 50L26 52L13 64L16 82L0 73L-16 82L-13 64L-26 52L-8 50Z",
        "#ffffff" if tone.base < "#e8" else "#d83f4d",
        tone.line,
        3,
    )
    return (
        out
        + path(peak, mix(tone.base, tone.dark, 0.55), tone.line, 4.6)
        + path("M-96 118Q0 84 96 118", stroke=tone.light, width=5)
    )


def beanie(tones: Tones) -> str:
    """A knitted cap with a bobble."""
    tone = tones.trim
    out = path("M-132 130C-136 34 -70 -6 0 -6C70 -6 136 34 132 130Z", tone.base, tone.line, 4.6)
    out += path(
        "M-60 8C-76 40 -80 60 -80 84M0 -4V84M60 8C76 40 80 60 80 84", stroke=tone.dark, width=4
    )
    out += ellipse(0, -22, 34, 32, mix(tone.base, "#ffffff", 0.7), tone.line, 4.4)
    rim = "M-142 104C-80 62 80 62 142 104C148 124 146 140 138 154C80 112 -80 112 -138 154C-146 140 -148 124 -142 104Z"
    ribs = "".join(
        path(
            f"M{x} {82 + (x / 120) ** 2 * 20:.0f}L{x * 0.98:.0f} {122 + (x / 120) ** 2 * 18:.0f}",
            stroke=tone.dark,
            width=4,
        )
        for x in range(-112, 113, 28)
    )
    return out + path(rim, mix(tone.base, "#ffffff", 0.25), tone.line, 4.6) + ribs


#: Drawn over the hair; those that take a side come in `SIDED`.
ON_TOP: dict[str, Callable[[Tones], str]] = {
    "cat ears": cat_ears,
    "fox ears": fox_ears,
    "bear ears": bear_ears,
    "horns": horns,
    "hairband": hairband,
    "head wreath": head_wreath,
    "maid headdress": maid_headdress,
    "tiara": tiara,
    "crown": crown,
    "halo": halo,
    "headphones": headphones,
    "witch hat": witch_hat,
    "straw hat": straw_hat,
    "santa hat": santa_hat,
    "baseball cap": baseball_cap,
    "beanie": beanie,
}
SIDED: dict[str, Callable[[Tones, int], str]] = {
    "hair bow": hair_bow,
    "hair flower": hair_flower,
    "hairclip": hairclip,
    "star hair ornament": star_ornament,
    "beret": beret,
}
#: How far the figure moves down so that all of it is seen.
ROOM_ABOVE: dict[str, float] = {
    "rabbit ears": 98, "witch hat": 104, "fox ears": 40, "santa hat": 40, "crown": 34, "beanie": 44,
    "straw hat": 30, "cat ears": 20, "horns": 20, "halo": 12,
}  # fmt: skip


def behind(portrait: Portrait, tones: Tones) -> str:
    """What rises from behind the hair."""
    return rabbit_ears(tones) if portrait.head == "rabbit ears" else ""


def on_top(portrait: Portrait, tones: Tones) -> str:
    """What lies over the hair."""
    if portrait.head in SIDED:
        return SIDED[portrait.head](tones, -portrait.side)
    return ON_TOP[portrait.head](tones) if portrait.head in ON_TOP else ""
