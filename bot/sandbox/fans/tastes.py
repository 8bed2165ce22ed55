"""The tastes of simulated members, and the judgements that follow from them.

A taste assigns a number to each picture. Members compare it with everything they have seen, and
their judgement is noisy, like people's. Called by `voting.py`. Pure except for the random
generator passed in.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from enum import StrEnum
from io import BytesIO
from random import Random
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: Pictures are reduced to this many cells per row and per column.
_CELLS_PER_SIDE = 32
#: The strength of a member's mood, in standard deviations of the taste. Two members whose likings
#: are normal agree on a picture with probability 1/2 + arcsin(1 / (1 + mood^2)) / pi: 70 %.
_MOOD = 0.84
#: Below this difference, a member sees two pictures as equal.
_INDIFFERENCE = 0.1
#: The standard deviation of a normal sample, in median absolute deviations.
_STD_PER_MAD = 1.4826


class FanTaste(StrEnum):
    """The taste that the members share."""

    #: More red than blue, and light.
    WARM = "warm"
    #: Far from grey, and in many directions.
    COLOURS = "colours"
    #: No taste: everybody tosses a coin.
    CHANCE = "chance"

    @property
    def label(self) -> str:
        """Its name on the page."""
        return _LABELS[self]


_LABELS = {
    FanTaste.WARM: "Warm and bright pictures",
    FanTaste.COLOURS: "Many colours",
    FanTaste.CHANCE: "Nothing: they toss a coin",
}


def liking(taste: FanTaste, picture: bytes) -> float:
    """How much a taste likes a picture. Raises `OSError` if the bytes are no picture."""
    match taste:
        case FanTaste.WARM:
            red, _, blue = means = _pixels(picture).mean(0)
            return float(red - blue + 0.7 * means.mean())
        case FanTaste.COLOURS:
            return _colourfulness(_pixels(picture))
        case FanTaste.CHANCE:
            return 0.0


def _pixels(picture: bytes) -> NDArray[np.float64]:
    """Colours (N, 3) in 0..1."""
    with Image.open(BytesIO(picture)) as image:
        small = image.convert("RGB").resize(
            (_CELLS_PER_SIDE, _CELLS_PER_SIDE), Image.Resampling.BOX
        )
    return np.asarray(small, np.float64).reshape(-1, 3) / 255


def _colourfulness(pixels: NDArray[np.float64]) -> float:
    """Hasler and Suesstrunk 2003, "Measuring colourfulness in natural images", equation 11."""
    red, green, blue = pixels.T
    opponents = np.stack([red - green, (red + green) / 2 - blue])
    return float(np.hypot(*opponents.std(1)) + 0.3 * np.hypot(*opponents.mean(1)))


class Opinions:
    """The opinions of members with one taste about every picture that they have seen."""

    def __init__(self, taste: FanTaste, rng: Random) -> None:
        self._taste = taste
        self._rng = rng
        self._likings: dict[Hashable, float] = {}

    def add_picture(self, picture_key: Hashable, picture: bytes) -> None:
        """Rate a picture for the first time. Raises `OSError` if the bytes are no picture."""
        self._likings[picture_key] = liking(self._taste, picture)

    def has_seen(self, picture_key: Hashable) -> bool:
        """Whether they have seen this picture."""
        return picture_key in self._likings

    def likes(self, picture_key: Hashable) -> bool:
        """Whether a member likes a picture, with the mood of the moment."""
        return self._feeling(picture_key) > 0

    def better(self, left: Hashable, right: Hashable) -> int | None:
        """Which of two is better, 0 or 1; None if the member sees no difference."""
        difference = self._feeling(right) - self._feeling(left)
        return None if abs(difference) < _INDIFFERENCE else int(difference > 0)

    def best(self, picture_keys: Sequence[Hashable]) -> int:
        """The index of the best of several."""
        feelings = [self._feeling(picture_key) for picture_key in picture_keys]
        return feelings.index(max(feelings))

    def _feeling(self, picture_key: Hashable) -> float:
        """How far the picture is above the median, in standard deviations, plus the mood."""
        middle = median(self._likings.values())
        spread = _STD_PER_MAD * median(abs(value - middle) for value in self._likings.values())
        above = (self._likings[picture_key] - middle) / spread if spread else 0.0
        return above + self._rng.gauss(0, _MOOD)
