"""The judge's heads: the attributes of a portrait, their classes, and which are visible.

Called by the judge's network, the training pictures and the evaluation. Torch-free; must not know
how a judgement is made.
"""

from __future__ import annotations

from models.painter import portrait as table
from models.painter.portrait import Portrait

_YES = ("False", "True")
#: The heads: the values of each attribute of a portrait.
HEADS: dict[str, tuple[str, ...]] = {
    "boy": _YES,
    "skin": tuple(table.SKIN),
    "hair_colour": tuple(table.HAIR_COLOUR),
    "hair_length": ("short", "medium", "long"),
    "hair_style": tuple(table.STYLE),
    "wavy": _YES,
    "spiky": _YES,
    "bangs": tuple(table.BANGS_GIRL),
    "sidelocks": _YES,
    "ahoge": _YES,
    "eye_colour": tuple(table.EYE_COLOUR),
    "eye_state": tuple(table.EYE_STATE),
    "eye_shape": tuple(table.EYE_SHAPE),
    "mouth": tuple(table.MOUTH),
    "fang": _YES,
    "brows": tuple(table.BROWS),
    "blush": _YES,
    "freckles": _YES,
    "mole": _YES,
    "bandaid": _YES,
    "tears": _YES,
    "eyewear": tuple(table.EYEWEAR),
    "head": tuple(table.HEAD),
    "head_colour": tuple(table.TRIM_COLOUR),
    "earrings": _YES,
    "neck": tuple(table.NECK),
    "neck_colour": tuple(table.TRIM_COLOUR),
    "clothes": tuple(table.CLOTHES),
    "clothes_colour": tuple(table.CLOTH_COLOUR),
    "scene": tuple(table.SCENE),
    "background": tuple(table.BACKGROUND_COLOUR),
}
#: The label of an attribute that cannot be seen in a portrait.
UNSEEN = -1


def visible(p: Portrait, head: str) -> bool:
    """Whether the picture of this portrait can show the attribute."""
    has = {
        "head_colour": table.HEAD[p.head][2],
        "neck_colour": p.neck == "scarf",
        "clothes_colour": table.CLOTHES[p.clothes][2],
        "background": table.SCENE[p.scene][1],
    }
    return has.get(head, True) and head not in p.covered_fields


def labels(p: Portrait) -> list[int]:
    """The class of each head, or `UNSEEN`."""
    return [
        values.index(str(getattr(p, head))) if visible(p, head) else UNSEEN
        for head, values in HEADS.items()
    ]
