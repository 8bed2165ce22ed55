"""Whether both eyes have one colour, according to the judge.

For a whole face, the judge is sure of one colour even if there are two. So each half is mirrored
into a whole face, and the judge classifies both. Called by the `evaluate` command
and the benchmarks; must not know how pictures are made.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PIL import Image

from models.measuring.adherence import scale_for_judge
from models.measuring.judge.heads import HEADS
from models.measuring.judge.network import Judge

#: The difference above which eyes count as two-coloured: this holds for 100 % of the painter's odd
#: eyes (98 % after the autoencoder) and for none of its equal ones (3 %).
TWO_COLOURS = 0.9
#: The values of each head with which both eyes are visible.
_SHOWS_EYES = {
    "eye_state": ("open", "half-closed eyes"),
    "bangs": tuple(b for b in HEADS["bangs"] if b != "hair over one eye"),
    "eyewear": ("none", "glasses", "round eyewear"),
}


def colour_differences(judge: Judge, pictures: Iterable[Image.Image]) -> np.ndarray:
    """The difference between the two eyes' colours in each face, float64 in 0..1.

    Half of the summed differences between the judge's answers (the total variation distance). Faces
    that do not show both eyes are left out.
    """
    faces = (scale_for_judge(picture)[None] for picture in pictures)
    return np.asarray(
        [_colour_difference(judge, face) for face in faces if _shows_both_eyes(judge, face)]
    )


def two_coloured_share(colour_gaps: np.ndarray) -> float:
    """The share of faces, 0..1, whose eyes have two colours; NaN if there is no face.

    NaN reaches no goal: without a face, nothing was measured.
    """
    return float((colour_gaps > TWO_COLOURS).mean()) if len(colour_gaps) else float("nan")


def _shows_both_eyes(judge: Judge, face: np.ndarray) -> bool:
    predicted = dict(zip(HEADS, judge.classes(face)[0].tolist(), strict=True))
    return all(HEADS[head][predicted[head]] in allowed for head, allowed in _SHOWS_EYES.items())


def _colour_difference(judge: Judge, face: np.ndarray) -> float:
    """The difference between the completed left and right halves of a face (1, H, W, 3)."""
    one, other = (
        judge.probabilities(_mirror_left_half(side), "eye_colour")[0]
        for side in (face, face[:, :, ::-1])
    )
    return float(np.abs(one - other).sum() / 2)


def _mirror_left_half(face: np.ndarray) -> np.ndarray:
    """A face (1, H, W, 3) whose right half mirrors its left."""
    half = face[:, :, : face.shape[2] // 2]
    return np.concatenate([half, half[:, :, ::-1]], axis=2)
