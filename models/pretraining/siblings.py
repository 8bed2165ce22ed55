"""Siblings: portraits that are alike but for one attribute of the face.

Called by the painting. Where one of them is noised and another asked for, with prompts that differ
in that attribute's words, a UNet learns to follow the words (in the literature: counterfactual
pairs). Torch-free; it must not know how anything is trained.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from models.measuring.judge.heads import HEADS
from models.painter.portrait import Portrait, Weights, pick

#: Portraits of a family.
FAMILY = 3
#: What siblings differ in, by weight: what is small or has many values, some much like each other.
DIFFERING: Weights = {"brows": 4.0, "eye_colour": 3.0, "mouth": 3.0, "eye_shape": 1.5}


def family(portrait: Portrait, rng: Random) -> list[Portrait]:
    """`FAMILY` portraits that differ in one attribute which all of them show."""
    shown = {head: w for head, w in DIFFERING.items() if head not in portrait.covered}
    head = pick(rng, shown)
    # A fang shows in one mouth only; a family of mouths has none.
    shared = replace(portrait, fang=False) if head == "mouth" else portrait
    return [replace(shared, **{head: value}) for value in rng.sample(HEADS[head], FAMILY)]
