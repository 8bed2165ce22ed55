"""The judge's heads: the attributes of a portrait, their classes, and which are visible.

Called by the judge's network, the training pictures and the evaluation. Torch-free; must not know
how a judgement is made.
"""

from __future__ import annotations

from models.painter import portrait as table
from models.painter.portrait import Portrait

_FALSE_OR_TRUE = ("False", "True")
#: The heads: the values of each attribute of a portrait.
HEADS: dict[str, tuple[str, ...]] = {
    "boy": _FALSE_OR_TRUE,
    "skin": tuple(table.SKIN),
    "hair_colour": tuple(table.HAIR_COLOUR),
    "hair_length": ("short", "medium", "long"),
    "hair_style": tuple(table.STYLE),
    "wavy": _FALSE_OR_TRUE,
    "spiky": _FALSE_OR_TRUE,
    "bangs": tuple(table.BANGS_GIRL),
    "sidelocks": _FALSE_OR_TRUE,
    "ahoge": _FALSE_OR_TRUE,
    "eye_colour": tuple(table.EYE_COLOUR),
    "eye_state": tuple(table.EYE_STATE),
    "eye_shape": tuple(table.EYE_SHAPE),
    "mouth": tuple(table.MOUTH),
    "fang": _FALSE_OR_TRUE,
    "brows": tuple(table.BROWS),
    "blush": _FALSE_OR_TRUE,
    "freckles": _FALSE_OR_TRUE,
    "mole": _FALSE_OR_TRUE,
    "bandaid": _FALSE_OR_TRUE,
    "tears": _FALSE_OR_TRUE,
    "eyewear": tuple(table.EYEWEAR),
    "head": tuple(table.HEAD),
    "head_colour": tuple(table.TRIM_COLOUR),
    "earrings": _FALSE_OR_TRUE,
    "neck": tuple(table.NECK),
    "neck_colour": tuple(table.TRIM_COLOUR),
    "clothes": tuple(table.CLOTHES),
    "clothes_colour": tuple(table.CLOTH_COLOUR),
    "scene": tuple(table.SCENE),
    "background": tuple(table.BACKGROUND_COLOUR),
}
#: The label of an attribute that cannot be seen in a portrait.
UNSEEN = -1


def is_visible(portrait: Portrait, head: str) -> bool:
    """Whether the picture of this portrait can show the attribute."""
    shows = {
        "head_colour": table.HEAD[portrait.head][2],
        "neck_colour": portrait.neck == "scarf",
        "clothes_colour": table.CLOTHES[portrait.clothes][2],
        "background": table.SCENE[portrait.scene][1],
    }
    return shows.get(head, True) and head not in portrait.covered_fields


def labels(portrait: Portrait) -> list[int]:
    """The class of each head, or `UNSEEN`."""
    return [
        values.index(str(getattr(portrait, head))) if is_visible(portrait, head) else UNSEEN
        for head, values in HEADS.items()
    ]
