"""Whether both eyes have one colour, according to the judge.

Shown a whole face, the judge is sure of one colour even if there are two. So each half of the face
is mirrored into a face of its own, and the judge is asked twice. Called by the `evaluate` command
and the benchmarks; must not know how pictures are made.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PIL import Image

from models.measuring.adherence import small
from models.measuring.judge.heads import HEADS
from models.measuring.judge.network import Judge

#: The difference above which eyes count as two-coloured: this holds for 100 % of the painter's odd
#: eyes (98 % after the autoencoder) and for none of its equal ones (3 %).
TWO_COLOURS = 0.9
#: Eye states in which both eyes are visible.
_SHOWN = {
    "eye_state": ("open", "half-closed eyes"),
    "bangs": tuple(b for b in HEADS["bangs"] if b != "hair over one eye"),
    "eyewear": ("none", "glasses", "round eyewear"),
}


def differences(judge: Judge, pictures: Iterable[Image.Image]) -> np.ndarray:
    """The difference between the two eyes' colours in each face, float64 in 0..1.

    Half of the summed differences between the judge's answers (the total variation distance). Faces
    that do not show both eyes are left out.
    """
    looked_at = (small(picture)[None] for picture in pictures)
    return np.asarray([_apart(judge, face) for face in looked_at if _shows_both(judge, face)])


def two_coloured(differences: np.ndarray) -> float:
    """The share of faces, 0..1, whose eyes have two colours; NaN if there is no face.

    NaN holds to no goal: where nothing was seen, nothing was measured.
    """
    return float((differences > TWO_COLOURS).mean()) if len(differences) else float("nan")


def _shows_both(judge: Judge, face: np.ndarray) -> bool:
    said = dict(zip(HEADS, judge.classes(face)[0].tolist(), strict=True))
    return all(HEADS[head][said[head]] in shown for head, shown in _SHOWN.items())


def _apart(judge: Judge, face: np.ndarray) -> float:
    """For a face (1, H, W, 3): its left half completed, compared with its right half completed."""
    one, other = (
        judge.shares(_mirrored(side), "eye_colour")[0] for side in (face, face[:, :, ::-1])
    )
    return float(np.abs(one - other).sum() / 2)


def _mirrored(face: np.ndarray) -> np.ndarray:
    """A face (1, H, W, 3) whose right half mirrors its left."""
    half = face[:, :, : face.shape[2] // 2]
    return np.concatenate([half, half[:, :, ::-1]], axis=2)
