"""Siblings: portraits that differ only in one attribute of the face.

Called by the painting. In training, one sibling is noised and another requested, with prompts that
differ only in that attribute's words. So the UNet learns to follow the words (in the literature:
counterfactual pairs). Torch-free; must not know how anything is trained.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from models.measuring.judge.heads import HEADS
from models.painter.portrait import Portrait, Weights, pick

#: Portraits per family.
FAMILY = 3
#: The attributes that differ, by weight: small ones, or those with many similar values.
DIFFERING: Weights = {"brows": 4.0, "eye_colour": 3.0, "mouth": 3.0, "eye_shape": 1.5}


def family(portrait: Portrait, rng: Random) -> list[Portrait]:
    """`FAMILY` portraits that differ in one attribute, visible in all of them."""
    visible = {head: w for head, w in DIFFERING.items() if head not in portrait.covered_fields}
    head = pick(rng, visible)
    # A fang fits only one mouth; families that differ in the mouth have none.
    shared = replace(portrait, fang=False) if head == "mouth" else portrait
    return [replace(shared, **{head: value}) for value in rng.sample(HEADS[head], FAMILY)]
