"""The Danbooru tags that are true of a portrait, and every tag the painter knows.

Called by captions, the command and the tests. Must not know how a tag looks, nor which of them a
caption leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.painter import palette, portrait
from models.painter.portrait import Portrait


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One true tag, and the group it belongs to.

    Every figure has some value of a `common` tag's group, so a caption may omit it; omitting any
    other tag means that the thing is absent.
    """

    text: str
    group: str
    common: bool = True


STYLE: dict[str, tuple[str, ...]] = {
    "down": (),
    "twintails": ("twintails",),
    "low twintails": ("low twintails",),
    "ponytail": ("ponytail",),
    "side ponytail": ("side ponytail",),
    "single bun": ("hair bun", "single hair bun"),
    "double bun": ("double bun", "hair bun"),
    "twin braids": ("twin braids", "braid"),
    "single braid": ("single braid", "braid"),
    "twin drills": ("twin drills", "drill hair"),
}
MOUTH: dict[str, tuple[str, ...]] = {
    "smile": ("smile",),
    "open smile": ("open mouth", "smile", ":d"),
    "closed mouth": ("closed mouth", "expressionless"),
    "frown": ("frown",),
    "grin": ("grin", "teeth"),
    ":o": (":o",),
    "tongue out": ("tongue out", ":p"),
    ":3": (":3",),
    "wavy mouth": ("wavy mouth",),
    "clenched teeth": ("clenched teeth", "teeth"),
}
EYEWEAR: dict[str, tuple[str, ...]] = {
    "none": (),
    "glasses": ("glasses", "red-framed eyewear"),
    "round eyewear": ("round eyewear", "glasses", "black-framed eyewear"),
    "sunglasses": ("sunglasses",),
    "eyepatch": ("eyepatch",),
}
#: `{}` is the colour of the thing.
HEAD: dict[str, tuple[str, ...]] = {
    "none": (),
    "cat ears": ("cat ears", "animal ears"),
    "rabbit ears": ("rabbit ears", "animal ears"),
    "fox ears": ("fox ears", "animal ears"),
    "bear ears": ("bear ears", "animal ears"),
    "horns": ("horns",),
    "hairband": ("{} hairband", "hairband"),
    "hair bow": ("{} bow", "hair bow"),
    "hair flower": ("{} flower", "hair flower"),
    "hairclip": ("hairclip", "x hair ornament"),
    "star hair ornament": ("star hair ornament",),
    "head wreath": ("head wreath",),
    "maid headdress": ("maid headdress",),
    "tiara": ("tiara",),
    "crown": ("crown",),
    "halo": ("halo",),
    "headphones": ("headphones",),
    "beret": ("beret", "{} headwear", "hat"),
    "witch hat": ("witch hat", "hat"),
    "straw hat": ("straw hat", "hat"),
    "santa hat": ("santa hat", "hat"),
    "baseball cap": ("baseball cap", "{} headwear", "hat"),
    "beanie": ("beanie", "{} headwear", "hat"),
}
CLOTHES: dict[str, tuple[str, ...]] = {
    "serafuku": ("serafuku", "sailor collar", "red neckerchief"),
    "school uniform": ("school uniform", "blazer", "red bowtie"),
    "collared shirt": ("collared shirt",),
    "t-shirt": ("t-shirt",),
    "striped shirt": ("striped shirt",),
    "hoodie": ("{} hoodie",),
    "turtleneck": ("{} sweater", "turtleneck"),
    "dress": ("{} dress", "frills"),
    "kimono": ("{} kimono", "japanese clothes"),
    "jacket": ("{} jacket", "open jacket"),
    "cardigan": ("{} cardigan",),
    "suit": ("suit", "red necktie"),
    "maid": ("maid", "apron"),
    "overalls": ("{} overalls",),
    "cape": ("{} cape",),
    "china dress": ("china dress",),
    "armor": ("armor", "shoulder armor"),
}
#: Tags for the colour of clothes whose own tags do not state it. A shirt may be of several kinds.
CLOTHES_COLOUR: dict[str, str] = {
    "collared shirt": "{} shirt",
    "t-shirt": "{} shirt",
    "striped shirt": "{} shirt",
    "china dress": "{} dress",
}
#: Details that a scarf covers, and that only the tall framing shows.
UNDER_SCARF = ("turtleneck", "red bowtie", "sailor collar", "red neckerchief")
BELOW_EDGE = ("apron",)
SCENE: dict[str, tuple[str, ...]] = {
    "simple": ("simple background",),
    "gradient": ("gradient background",),
    "polka dot": ("polka dot background",),
    "striped": ("striped background",),
    "sunburst": ("sunburst background",),
    "hearts": ("heart",),
    "sparkle": ("sparkle",),
    "bubbles": ("bubble",),
    "starry sky": ("starry sky", "night sky"),
    "full moon": ("full moon", "night"),
    "blue sky": ("blue sky", "cloud"),
    "sunset": ("sunset", "orange sky"),
    "ocean": ("ocean", "horizon"),
    "cherry blossoms": ("cherry blossoms", "petals"),
    "autumn leaves": ("autumn leaves", "autumn"),
    "snowing": ("snowing", "snow"),
}
LENGTH = {"short": "short hair", "medium": "medium hair", "long": "long hair"}


def _group_tags(name: str, texts: tuple[str, ...], colour: str, *, common: bool) -> list[Tag]:
    return [Tag(text=text.format(colour), group=name, common=common) for text in texts]


def _hair(p: Portrait) -> list[Tag]:
    out = [
        Tag(text=f"{p.hair_colour} hair", group="hair colour"),
        Tag(text=LENGTH[p.hair_length], group="hair length"),
        Tag(text=p.bangs, group="bangs", common=p.bangs != "hair over one eye"),
    ]
    if "hair_style" not in p.covered_fields:
        out += _group_tags("hair style", STYLE[p.hair_style], "", common=False)
    present = {
        "wavy hair": p.wavy,
        "spiky hair": p.spiky,
        "sidelocks": p.sidelocks,
        "ahoge": p.ahoge and "ahoge" not in p.covered_fields,
    }
    return out + [
        Tag(text=t, group=t, common=t == "sidelocks") for t, applies in present.items() if applies
    ]


def _face(p: Portrait) -> list[Tag]:
    calm = p.brows == "plain" and not p.tears
    mouth_texts = tuple(t for t in MOUTH[p.mouth] if calm or t != "expressionless")
    out = _group_tags("mouth", mouth_texts, "", common=True)
    if "eye_colour" not in p.covered_fields:
        out.append(Tag(text=f"{p.eye_colour} eyes", group="eye colour"))
    if "eye_shape" not in p.covered_fields and p.eye_shape != "plain":
        out.append(Tag(text=p.eye_shape, group="eye shape"))
    if "eye_state" not in p.covered_fields and p.eye_state != "open":
        out.append(Tag(text=p.eye_state, group="eye state", common=False))
    if p.brows != "plain":
        out.append(Tag(text=p.brows, group="brows", common=False))
    present = {
        "blush": p.blush,
        "freckles": p.freckles,
        "mole under eye": p.mole and "mole" not in p.covered_fields,
        "bandaid on face": p.bandaid and "bandaid" not in p.covered_fields,
        "tears": p.tears,
        "fang": p.fang,
        "earrings": p.earrings,
    }
    out += [Tag(text=t, group=t, common=False) for t, applies in present.items() if applies]
    if p.skin != "fair":
        sex = "male" if p.boy else "female"
        texts = ("tan",) if p.skin == "tan" else ("dark skin", f"dark-skinned {sex}")
        out += _group_tags("skin", texts, "", common=False)
    return out + _group_tags("eyewear", EYEWEAR[p.eyewear], "", common=False)


def _clothes(p: Portrait) -> list[Tag]:
    """The tags of the clothes, without those hidden by a scarf or the picture's edge."""
    hidden = UNDER_SCARF if p.neck == "scarf" else ()
    below = () if p.framing == "portrait" else BELOW_EDGE
    texts = () if "clothes" in p.covered_fields else CLOTHES[p.clothes]
    shown = tuple(text for text in texts if text not in (*hidden, *below))
    if "clothes_colour" in p.covered_fields:
        shown = tuple(text.removeprefix("{} ") for text in shown)
    coloured = (CLOTHES_COLOUR[p.clothes],) if p.clothes in CLOTHES_COLOUR else ()
    return [
        *_group_tags("clothes", shown, p.clothes_colour, common=True),
        *_group_tags("clothes colour", coloured, p.clothes_colour, common=True),
    ]


def tags(p: Portrait) -> list[Tag]:
    """Every tag that is true of this portrait, the figure first."""
    out = [Tag(text="1boy" if p.boy else "1girl", group="figure"), Tag(text="solo", group="solo")]
    out += _hair(p) + _face(p)
    out += _group_tags("head", HEAD[p.head], p.head_colour, common=False)
    if p.neck != "none":
        texts = {"scarf": ("{} scarf",), "choker": ("choker", "black choker")}.get(
            p.neck, (p.neck,)
        )
        out += _group_tags("neck", texts, p.neck_colour, common=False)
    out += _clothes(p)
    scene = () if "scene" in p.covered_fields else SCENE[p.scene]
    plain = portrait.SCENE[p.scene][1]
    common = p.scene == "simple"
    if plain:
        out.append(Tag(text=f"{p.background} background", group="background"))
    return out + _group_tags("scene", scene, "", common=common)


def _with_colours(texts: tuple[str, ...], colours: tuple[str, ...]) -> set[str]:
    return {text.format(c) for text in texts for c in (colours if "{}" in text else ("",))}


def vocabulary() -> list[str]:
    """Every tag the painter can draw, sorted."""
    trims, cloths = tuple(portrait.TRIM_COLOUR), tuple(palette.CLOTH)
    out = {"1girl", "1boy", "solo", "wavy hair", "spiky hair", "sidelocks", "ahoge", "blush"}
    out |= {"freckles", "mole under eye", "bandaid on face", "tears", "fang", "earrings", "tan"}
    out |= {"dark skin", "dark-skinned male", "dark-skinned female", "angry", "sad", "tsurime"}
    out |= {"tareme", "closed eyes", "one eye closed", "half-closed eyes", "choker", "necklace"}
    out |= {"black choker", "jingle bell", *LENGTH.values(), *portrait.BANGS_GIRL}
    out |= {f"{c} hair" for c in palette.HAIR} | {f"{c} eyes" for c in palette.EYES}
    out |= {f"{c} background" for c in palette.BACKGROUND} | {f"{c} scarf" for c in trims}
    for table in (STYLE, MOUTH, EYEWEAR, SCENE):
        for texts in table.values():
            out |= set(texts)
    for texts in HEAD.values():
        out |= _with_colours(texts, trims)
    for texts in (*CLOTHES.values(), tuple(CLOTHES_COLOUR.values())):
        out |= _with_colours(texts, cloths)
    out.add("overalls")  # Without their colour where hair hides it.
    return sorted(out)
