"""Siblings: portraits that are alike but for one attribute of the face.

Called by the painting. Shown side by side under the same noise, all that tells them apart is that
attribute and its word, so that is what the UNet learns from them (in the literature:
counterfactual pairs). Torch-free; it must not know how anything is trained.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from models.judge.heads import HEADS
from models.painter.portrait import Portrait, Weights, pick

#: Portraits of a family.
FAMILY = 3
#: What siblings differ in, by weight: what is small, and mostly plain or much like its neighbour.
DIFFERING: Weights = {"brows": 4.0, "eye_colour": 3.0, "mouth": 2.0, "eye_shape": 1.5}


def family(portrait: Portrait, rng: Random) -> list[Portrait]:
    """`FAMILY` portraits that differ in one attribute which all of them show."""
    shown = {head: w for head, w in DIFFERING.items() if head not in portrait.covered}
    head = pick(rng, shown)
    return [replace(portrait, **{head: value}) for value in rng.sample(HEADS[head], FAMILY)]
