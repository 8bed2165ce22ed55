"""Draws badly on purpose, at known degrees, so that every picture has a true aesthetic grade.

Called by the `paint` command and by whoever trains an aesthetic filter. Must not know tags. A
degree lies in 0..1; the grade runs from 10 (nothing wrong) to 1 (everything wrong).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from random import Random

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from models.painter.drawing import Slips


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaws:
    """The degree of each fault."""

    #: Features out of place.
    misplaced: float = 0.0
    #: Lines in pieces.
    broken: float = 0.0
    #: Colours washed out.
    washed: float = 0.0
    #: Grain.
    noise: float = 0.0
    #: Out of focus.
    blur: float = 0.0
    #: The figure cut by a careless crop.
    crop: float = 0.0

    @property
    def grade(self) -> float:
        """10 minus the combined cost of the faults; two halves are about as bad as one whole."""
        total = sum(asdict(self).values())
        return round(10.0 - 9.0 * min(1.0, total / 1.6), 2)

    def slips(self) -> Slips:
        """The faults made while drawing."""
        return Slips(misplaced=44 * self.misplaced, broken=self.broken)


def sample(rng: Random, flawless: float = 0.25) -> Flaws:
    """Random faults: none for a share of the pictures, else one to three of them."""
    if rng.random() < flawless:
        return Flaws()
    names = rng.sample([f.name for f in fields(Flaws)], rng.choice((1, 1, 2, 2, 3)))
    return Flaws(**{name: round(rng.random(), 3) for name in names})


def spoil(picture: Image.Image, flaws: Flaws, rng: Random) -> Image.Image:
    """Apply the faults made after drawing; the size stays."""
    width, height = picture.size
    if flaws.crop:
        share = 1 - 0.55 * flaws.crop
        w, h = round(width * share), round(height * share)
        x, y = rng.randint(0, width - w), rng.randint(0, height - h)
        picture = picture.crop((x, y, x + w, y + h)).resize(
            (width, height), Image.Resampling.BICUBIC
        )
    if flaws.blur:
        picture = picture.filter(ImageFilter.GaussianBlur(flaws.blur * width / 64))
    if flaws.washed:
        picture = ImageEnhance.Color(picture).enhance(1 - 0.85 * flaws.washed)
        picture = ImageEnhance.Contrast(picture).enhance(1 - 0.6 * flaws.washed)
    if flaws.noise:
        grain = np.random.default_rng(rng.getrandbits(32)).normal(
            0, 70 * flaws.noise, (height, width, 3)
        )
        pixels = np.asarray(picture, dtype=np.float64) + grain
        picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return picture
