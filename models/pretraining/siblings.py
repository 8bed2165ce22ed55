"""Siblings: portraits that differ in only one attribute.

Called by the painting. In the UNet's training, one sibling is noised and another requested, with
prompts that differ only in that attribute's words. So the UNet learns to follow the words (in the
literature: counterfactual pairs). In the decoder's training, siblings show what a picture must not
be mistaken for. Torch-free; must not know how anything is trained.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from models.measuring.judge.heads import HEADS, is_visible
from models.painter.portrait import Portrait, Weights, pick
from models.painter.sets import Purpose

#: Portraits per family.
FAMILY = 3
#: The attributes that differ in each set of families, by weight: small ones, or those with many
#: similar values.
DIFFERING: dict[Purpose, Weights] = {
    Purpose.SIBLINGS: {"brows": 4.0, "eye_colour": 3.0, "mouth": 3.0, "eye_shape": 1.5},
    Purpose.DECODER_SIBLINGS: {
        "eye_colour": 3.0,
        "head": 4.0,
        "mouth": 2.0,
        "brows": 1.5,
        "eye_state": 0.5,
        "eyewear": 0.5,
        "clothes": 1.0,
        "clothes_colour": 1.0,
        "scene": 3.0,
        "background": 0.5,
    },
}


def family(portrait: Portrait, rng: Random, differing: Weights) -> list[Portrait]:
    """`FAMILY` portraits that differ in one attribute of `differing`.

    It is visible in the given portrait; in a rare sibling, something that comes with it hides it.
    """
    visible = {head: w for head, w in differing.items() if is_visible(portrait, head)}
    head = pick(rng, visible)
    # A fang fits only one mouth; families that differ in the mouth have none.
    shared = replace(portrait, fang=False) if head == "mouth" else portrait
    return [replace(shared, **{head: value}) for value in rng.sample(HEADS[head], FAMILY)]
