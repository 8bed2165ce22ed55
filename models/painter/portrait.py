"""A portrait's content, as plain data, and how portraits are sampled.

Called by the painter's parts, the captions, the judge and the tests. Must not know how anything
looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from models.painter import palette

#: The weight of each value; the keys are the whole vocabulary of an attribute.
Weights = dict[str, float]

HAIR_COLOUR: Weights = dict.fromkeys(palette.HAIR, 1.0) | {"black": 1.3, "blonde": 1.2}
EYE_COLOUR: Weights = dict.fromkeys(palette.EYES, 1.0) | {"blue": 1.3, "grey": 0.7, "orange": 0.8}
CLOTH_COLOUR: Weights = dict.fromkeys(palette.CLOTH, 1.0)
BACKGROUND_COLOUR: Weights = dict.fromkeys(palette.BACKGROUND, 1.0) | {"white": 1.5}
TRIM_COLOUR: Weights = dict.fromkeys(
    ("red", "blue", "pink", "purple", "yellow", "black", "white", "green"), 1.0
)
SKIN: Weights = {"fair": 7.5, "tan": 1.2, "dark": 1.3}
FRAMING: Weights = {"square": 5.0, "portrait": 3.0, "landscape": 2.0}

STYLE: Weights = {
    "down": 9.0,
    "twintails": 2.6,
    "low twintails": 1.4,
    "ponytail": 2.2,
    "side ponytail": 1.4,
    "single bun": 1.3,
    "double bun": 1.5,
    "twin braids": 1.6,
    "single braid": 1.2,
    "twin drills": 1.2,
}
#: Styles that need long hair; the others leave the length open.
LENGTH_OF_STYLE: dict[str, Weights] = {
    "down": {"short": 3.2, "medium": 3.0, "long": 4.4},
    "single bun": {"short": 1.0, "medium": 1.0},
    "double bun": {"short": 1.0, "medium": 1.0, "long": 0.8},
}
BANGS_GIRL: Weights = {
    "blunt bangs": 3.0,
    "swept bangs": 2.6,
    "parted bangs": 2.2,
    "hair between eyes": 2.6,
    "hair over one eye": 0.8,
}
BANGS_BOY: Weights = {
    "swept bangs": 3.0,
    "parted bangs": 2.0,
    "hair between eyes": 3.0,
    "hair over one eye": 0.7,
}
EYE_STATE: Weights = {
    "open": 8.5,
    "closed eyes": 1.5,
    "one eye closed": 1.5,
    "half-closed eyes": 1.2,
}
EYE_SHAPE: Weights = {"plain": 7.0, "tsurime": 1.5, "tareme": 1.5}
MOUTH: Weights = {
    "smile": 3.0,
    "open smile": 2.6,
    "closed mouth": 2.0,
    "frown": 1.4,
    "grin": 1.6,
    ":o": 1.6,
    "tongue out": 1.2,
    ":3": 1.2,
    "wavy mouth": 1.0,
    "clenched teeth": 1.0,
}
BROWS: Weights = {"plain": 7.0, "angry": 1.3, "sad": 1.3}
EYEWEAR: Weights = {
    "none": 7.0,
    "glasses": 1.6,
    "round eyewear": 1.2,
    "sunglasses": 0.8,
    "eyepatch": 0.6,
}
#: Head-wear: weight for a girl, weight for a boy, and whether it has a colour of its own.
HEAD: dict[str, tuple[float, float, bool]] = {
    "none": (9.0, 12.0, False),
    "cat ears": (1.4, 1.0, False),
    "rabbit ears": (1.1, 0.4, False),
    "fox ears": (1.1, 1.0, False),
    "bear ears": (0.8, 0.6, False),
    "horns": (1.0, 1.2, False),
    "hairband": (1.2, 0.0, True),
    "hair bow": (1.5, 0.0, True),
    "hair flower": (1.2, 0.0, True),
    "hairclip": (1.0, 0.3, True),
    "star hair ornament": (0.8, 0.0, False),
    "head wreath": (0.8, 0.3, False),
    "maid headdress": (0.9, 0.0, False),
    "tiara": (0.8, 0.0, False),
    "crown": (0.7, 1.0, False),
    "halo": (0.9, 0.7, False),
    "headphones": (1.0, 1.2, True),
    "beret": (1.0, 0.9, True),
    "witch hat": (1.1, 0.5, False),
    "straw hat": (0.9, 0.6, False),
    "santa hat": (0.8, 0.8, False),
    "baseball cap": (0.8, 1.2, True),
    "beanie": (0.8, 1.0, True),
}
NECK: Weights = {"none": 7.5, "choker": 1.0, "necklace": 0.9, "scarf": 1.0, "jingle bell": 0.5}
#: Clothes: weight for a girl, weight for a boy, and whether they have a colour of their own.
CLOTHES: dict[str, tuple[float, float, bool]] = {
    "serafuku": (1.7, 0.0, False),
    "school uniform": (1.3, 1.3, False),
    "collared shirt": (1.0, 1.4, True),
    "t-shirt": (1.2, 1.4, True),
    "striped shirt": (0.7, 0.9, True),
    "hoodie": (1.3, 1.5, True),
    "turtleneck": (1.3, 1.3, True),
    "dress": (1.8, 0.0, True),
    "kimono": (1.4, 1.0, True),
    "jacket": (1.2, 1.3, True),
    "cardigan": (1.1, 0.6, True),
    "suit": (0.4, 1.6, False),
    "maid": (1.0, 0.0, False),
    "overalls": (0.8, 0.8, True),
    "cape": (0.8, 0.8, True),
    "china dress": (0.9, 0.0, True),
    "armor": (0.6, 0.9, False),
}
#: Backgrounds: weight, and whether they lie on a plain colour, which then has a tag.
SCENE: dict[str, tuple[float, bool]] = {
    "simple": (9.0, True),
    "gradient": (1.6, True),
    "polka dot": (0.8, True),
    "striped": (0.8, True),
    "sunburst": (0.6, True),
    "hearts": (0.8, True),
    "sparkle": (0.8, True),
    "bubbles": (0.7, True),
    "starry sky": (1.2, False),
    "full moon": (0.9, False),
    "blue sky": (1.1, False),
    "sunset": (0.9, False),
    "ocean": (0.9, False),
    "cherry blossoms": (1.2, False),
    "autumn leaves": (0.8, False),
    "snowing": (0.8, False),
}
#: Headwear that hides what grows on the crown of the head.
HIDES_CROWN = ("crown", "beret", "witch hat", "straw hat", "santa hat", "baseball cap", "beanie")
#: Hair styles hidden by some headwear.
HIDDEN_STYLE: dict[str, tuple[str, ...]] = {
    "single bun": (
        "crown",
        "witch hat",
        "straw hat",
        "santa hat",
        "beanie",
        "baseball cap",
        "beret",
        "rabbit ears",
    ),
    "double bun": ("cat ears", "fox ears", "bear ears", "beret", "witch hat", "baseball cap"),
}
#: Necklines that leave room for a necklace, a choker or a bell.
OPEN_NECK = ("t-shirt", "striped shirt", "dress", "cardigan", "serafuku", "overalls")
#: Clothes that differ only in their collars.
COLLARS = ("collared shirt", "t-shirt", "china dress")


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """One figure: every field holds a key of the table above with its name."""

    boy: bool
    skin: str
    hair_colour: str
    hair_length: str
    hair_style: str
    wavy: bool
    spiky: bool
    bangs: str
    sidelocks: bool
    ahoge: bool
    eye_colour: str
    eye_state: str
    eye_shape: str
    mouth: str
    fang: bool
    brows: str
    blush: bool
    freckles: bool
    mole: bool
    bandaid: bool
    tears: bool
    eyewear: str
    head: str
    head_colour: str
    earrings: bool
    neck: str
    neck_colour: str
    clothes: str
    clothes_colour: str
    scene: str
    background: str
    framing: str
    side: int

    @property
    def eyes_hidden(self) -> bool:
        """Whether dark lenses hide the eyes, so that no tag can describe them."""
        return self.eyewear == "sunglasses"

    @property
    def covered_fields(self) -> frozenset[str]:
        """The fields that are hardly visible because something covers them."""
        eyes_closed = self.eye_state == "closed eyes"
        hidden = {
            "ahoge": self.head in HIDES_CROWN,
            "hair_style": self.head in HIDDEN_STYLE.get(self.hair_style, ()),
            "eye_colour": self.eyes_hidden or eyes_closed,
            "eye_shape": self.eyes_hidden or eyes_closed,
            "eye_state": self.eyes_hidden,
            "bandaid": self.bangs == "hair over one eye",
            "mole": self.tears,
            "clothes": self.neck == "scarf" and self.clothes in COLLARS,
            # Long hair falls over the straps.
            "clothes_colour": self.clothes == "overalls" and self.hair_style == "low twintails",
            "scene": self.scene == "gradient" and self.background == "white",
        }
        return frozenset(name for name, is_covered in hidden.items() if is_covered)


def pick(rng: Random, weights: Weights) -> str:
    """One random key, with probability proportional to its weight."""
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def _hair(rng: Random, *, boy: bool) -> tuple[str, str, bool, bool]:
    """Style, length, wavy, spiky: a combination that fits on one head."""
    if boy:
        style = "ponytail" if rng.random() < 0.05 else "down"
        length = "long" if style == "ponytail" else pick(rng, {"short": 9.0, "medium": 1.0})
        return style, length, False, style == "down" and length == "short" and rng.random() < 0.45
    style = pick(rng, STYLE)
    length = pick(rng, LENGTH_OF_STYLE.get(style, {"long": 1.0}))
    wavy = style == "down" and length != "short" and rng.random() < 0.33
    return style, length, wavy, False


def _eyes(rng: Random, bangs: str) -> tuple[str, str]:
    """Eyewear and eye state; a hidden eye cannot wink."""
    eyewear = pick(rng, EYEWEAR)
    if bangs == "hair over one eye" and eyewear == "eyepatch":
        eyewear = "none"
    state = pick(rng, EYE_STATE)
    if state == "one eye closed" and (eyewear == "eyepatch" or bangs == "hair over one eye"):
        state = "open"
    return eyewear, state


def sample(rng: Random) -> Portrait:
    """A random portrait: independent attributes, except for impossible combinations."""
    boy = rng.random() < 0.25
    style, length, wavy, spiky = _hair(rng, boy=boy)
    bangs = pick(rng, BANGS_BOY if boy else BANGS_GIRL)
    eyewear, state = _eyes(rng, bangs)
    clothes = pick(rng, {k: v[boy] for k, v in CLOTHES.items()})
    neck = pick(rng, NECK)
    if neck not in ("none", "scarf") and clothes not in OPEN_NECK:
        neck = "none"
    if neck == "scarf" and clothes in ("maid", "armor", "cape", "hoodie", "kimono"):
        neck = "none"
    mouth = pick(rng, MOUTH)
    brows = pick(rng, BROWS)
    return Portrait(
        boy=boy,
        skin=pick(rng, SKIN),
        hair_colour=pick(rng, HAIR_COLOUR),
        hair_length=length,
        hair_style=style,
        wavy=wavy,
        spiky=spiky,
        bangs=bangs,
        sidelocks=not boy and rng.random() < 0.5,
        ahoge=rng.random() < 0.12,
        eye_colour=pick(rng, EYE_COLOUR),
        eye_state=state,
        eye_shape=pick(rng, EYE_SHAPE),
        mouth=mouth,
        fang=mouth == "open smile" and rng.random() < 0.25,
        brows=brows,
        blush=rng.random() < 0.28,
        freckles=rng.random() < 0.06,
        mole=rng.random() < 0.06,
        bandaid=rng.random() < 0.05,
        tears=rng.random() < (0.3 if brows == "sad" else 0.02),
        eyewear=eyewear,
        head=pick(rng, {k: v[boy] for k, v in HEAD.items()}),
        head_colour=pick(rng, TRIM_COLOUR),
        earrings=rng.random() < (0.1 if boy else 0.2),
        neck=neck,
        neck_colour=pick(rng, TRIM_COLOUR),
        clothes=clothes,
        clothes_colour=pick(rng, CLOTH_COLOUR),
        scene=pick(rng, {k: v[0] for k, v in SCENE.items()}),
        background=pick(rng, BACKGROUND_COLOUR),
        framing=pick(rng, FRAMING),
        side=rng.choice((-1, 1)),
    )
