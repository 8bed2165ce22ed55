"""What sits on the head: animal ears, ribbons, crowns; the tables name the `hats` too.

Called by the drawing. It must not know the face. The crown of the hair is at y = 54, the temples
at x = 136; `part_behind_hair` draws whatever must pass behind the hair.
"""

from __future__ import annotations

from collections.abc import Callable

from models.painter import hats
from models.painter.pen import blade, bow_curve, ellipse, group, mix, on_both_sides, on_side, path
from models.painter.portrait import Portrait
from models.painter.tones import Tone, Tones, cloth_tone

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
    return on_both_sides(ear + path("M62 82L84 58L86 84L104 66L108 100Z", hair.base))


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
    return on_both_sides(ear + path("M56 84L78 56L84 88L104 62L112 104Z", hair.base))


def bear_ears(tones: Tones) -> str:
    """Round ears."""
    hair = tones.hair
    ear = ellipse((96, 62), (44, 42), hair.base, hair.line, 4.6) + ellipse(
        (98, 64), (25, 24), "#ffb3c0"
    )
    return on_both_sides(ear + path("M48 92Q92 84 134 118L120 130L60 104Z", hair.base))


def rabbit_ears(tones: Tones) -> str:
    """Long ears that stand up."""
    hair = tones.hair
    fur = mix(hair.base, "#ffffff", 0.15)
    ear = path("M30 78C8 0 26 -86 58 -92C96 -88 104 0 88 84Z", fur, hair.line, 4.6)
    ear += path("M44 64C32 2 42 -60 58 -66C80 -60 84 8 74 66Z", "#ffb3c0")
    return on_both_sides(ear)


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
    return on_both_sides(horn + path(ridges, stroke="#9b7486", width=5))


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
    tails = on_both_sides(
        path("M2 8C18 24 30 46 50 66L26 74C10 50 -2 30 -6 12Z", tone.base, tone.line)
    )
    bow = (
        tails
        + on_both_sides(wing)
        + ellipse((0, 0), (16, 18), tone.base, tone.line)
        + ellipse((-4, -6), (4, 6), tone.light)
    )
    return on_side(group(bow, "translate(82 74) rotate(24) scale(.86)"), side)


def _flower(tone: Tone, petals: int = 5) -> str:
    one = path("M0 0C-20 -14 -20 -42 0 -46C20 -42 20 -14 0 0Z", tone.base, tone.line, 3.6)
    one += path("M0 -8V-26", stroke=tone.dark, width=3.4)
    ring = "".join(group(one, f"rotate({360 * i / petals:.0f})") for i in range(petals))
    return ring + ellipse((0, 0), (12, 12), GOLD, GOLD_LINE, 3.4)


def hair_flower(tones: Tones, side: int) -> str:
    """A large blossom over one temple, with leaves."""
    leaf = path("M0 0C20 -16 46 -12 60 6C40 18 16 16 0 0Z", "#5fb26b", "#2b5d38", 3.4)
    leaves = group(leaf, "translate(18 22) rotate(40)") + group(
        leaf, "translate(16 -16) rotate(-50)"
    )
    return on_side(group(leaves + _flower(tones.trim), "translate(104 120)"), side)


def hairclip(tones: Tones, side: int) -> str:
    """Two crossed clips at the temple."""
    tone = tones.trim
    bar = (
        '<rect x="-40" y="-9" width="80" height="18" rx="9"'
        f' fill="{tone.base}" stroke="{tone.line}" stroke-width="4"/>'
    )
    bars = group(bar, "rotate(32)") + group(bar, "rotate(-32)")
    return on_side(group(bars, "translate(94 168)"), side)


def star_ornament(tones: Tones, side: int) -> str:
    """A golden star at the temple."""
    del tones
    star = "M0 -42L12 -14L42 -13L18 6L27 36L0 19L-27 36L-18 6L-42 -13L-12 -14Z"
    shape = path(star, GOLD, GOLD_LINE, 4.4) + path("M-16 -8L-4 -26", stroke="#fff6d0", width=6)
    return on_side(group(shape, "translate(96 138) rotate(14)"), side)


def head_wreath(tones: Tones) -> str:
    """A wreath of small flowers."""
    del tones
    out = path("M-128 150C-104 74 104 74 128 150", stroke="#3f8a4c", width=15)
    colours = ("#ff9cc0", "#ffffff", "#ffd866", "#ff9cc0", "#c9a2f2", "#ffffff", "#ff9cc0")
    for i, colour in enumerate(colours):
        x = -114 + 38 * i
        y = 92 + (x / 114) ** 2 * 42
        out += group(_flower(cloth_tone(colour)), f"translate({x} {y:.0f}) scale(.52)")
    return out


def maid_headdress(tones: Tones) -> str:
    """A white frilled band."""
    del tones
    frill = "M-118 140" + "".join(
        (
            f"q{6 + i * 0.2:.1f} {-40 + abs(i - 4.5) * 2:.0f}"
            f" 26 {(-17, -11, -7, -3, -1, 1, 3, 7, 11)[i]}"
        )
        for i in range(9)
    )
    d = frill + "L108 154C70 96 -70 96 -108 154Z"
    band = path(d, "#fbfbfe", "#6f7088", 4)
    return band + path("M-106 146C-66 92 66 92 106 146", stroke="#3a3646", width=9)


def tiara(tones: Tones) -> str:
    """A small silver diadem with a jewel."""
    del tones
    d = (
        "M-84 104C-70 84 -60 78 -48 82L-30 50L-16 70L0 22"
        "L16 70L30 50L48 82C60 78 70 84 84 104Q0 62 -84 104Z"
    )
    return path(d, "#e4ecfb", "#5c6688", 4) + path(
        "M0 46L11 62L0 80L-11 62Z", "#4fb4f5", "#1d4a8c", 3.2
    )


def crown(tones: Tones) -> str:
    """A golden crown."""
    del tones
    d = "M-84 88L-98 -2L-52 38L0 -22L52 38L98 -2L84 88Q0 58 -84 88Z"
    jewels = ellipse((0, 48), (11, 12), "#e63b52", GOLD_LINE, 3.4) + on_both_sides(
        ellipse((52, 58), (8, 9), "#46b7f2", GOLD_LINE, 3.2)
    )
    balls = ellipse((0, -26), (9, 9), GOLD, GOLD_LINE, 3.6) + on_both_sides(
        ellipse((99, -7), (9, 9), GOLD, GOLD_LINE, 3.6)
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
    shell = (
        '<rect x="112" y="206" width="48" height="92" rx="22"'
        f' fill="{tone.base}" stroke="{tone.line}" stroke-width="4.4"/>'
    )
    shell += (
        '<rect x="104" y="216" width="20" height="72" rx="9"'
        f' fill="{tone.dark}" stroke="{tone.line}" stroke-width="3.4"/>'
    )
    return out + on_both_sides(shell + path("M146 228V262", stroke=tone.light, width=6))


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
    "witch hat": hats.witch_hat,
    "straw hat": hats.straw_hat,
    "santa hat": hats.santa_hat,
    "baseball cap": hats.baseball_cap,
    "beanie": hats.beanie,
}
SIDED: dict[str, Callable[[Tones, int], str]] = {
    "hair bow": hair_bow,
    "hair flower": hair_flower,
    "hairclip": hairclip,
    "star hair ornament": star_ornament,
    "beret": hats.beret,
}
#: How far the figure moves down, in units, so that its headwear fits into the picture.
HEADROOM: dict[str, float] = {
    "rabbit ears": 98, "witch hat": 104, "fox ears": 40, "santa hat": 40, "crown": 34, "beanie": 44,
    "straw hat": 30, "cat ears": 20, "horns": 20, "halo": 12,
}  # fmt: skip


def part_behind_hair(portrait: Portrait, tones: Tones) -> str:
    """The headwear that rises from behind the hair."""
    return rabbit_ears(tones) if portrait.head == "rabbit ears" else ""


def part_over_hair(portrait: Portrait, tones: Tones) -> str:
    """The headwear that lies over the hair."""
    if portrait.head in SIDED:
        return SIDED[portrait.head](tones, -portrait.side)
    return ON_TOP[portrait.head](tones) if portrait.head in ON_TOP else ""
