"""Whether both eyes have one colour, in the judge's eyes.

Asked about a whole face, the judge is sure of one colour when there are two. So each half of the
face is mirrored into a face of its own, and the judge is asked twice. Called by the `evaluate`
command and the benchmarks; it must not know how pictures are made.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PIL import Image

from models.measuring.adherence import small
from models.measuring.judge.heads import HEADS
from models.measuring.judge.network import Judge

#: From which difference eyes are two-coloured: of the painter's odd eyes 100 % are (98 % once they
#: were through the autoencoder), of its equal ones none (3 %).
TWO_COLOURS = 0.9
#: Where both eyes can be seen.
_SHOWN = {
    "eye_state": ("open", "half-closed eyes"),
    "bangs": tuple(b for b in HEADS["bangs"] if b != "hair over one eye"),
    "eyewear": ("none", "glasses", "round eyewear"),
}


def differences(judge: Judge, pictures: Iterable[Image.Image]) -> np.ndarray:
    """How far the colours of the two eyes of each face are apart, float64 in 0..1.

    Half of the summed differences of what the judge says of either (the total variation distance).
    Faces that do not show both eyes are left out.
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
    """Of a face (1, H, W, 3): its left half made whole against its right half made whole."""
    one, other = (
        judge.shares(_mirrored(side), "eye_colour")[0] for side in (face, face[:, :, ::-1])
    )
    return float(np.abs(one - other).sum() / 2)


def _mirrored(face: np.ndarray) -> np.ndarray:
    """A face (1, H, W, 3) whose right half is the left one's mirror image."""
    half = face[:, :, : face.shape[2] // 2]
    return np.concatenate([half, half[:, :, ::-1]], axis=2)
