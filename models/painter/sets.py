"""Which seeds form which set of painted portraits, and each part's framing.

Pre-training paints these sets, the evaluation looks for copies among them. Must not know what a set
is used to train.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from models.painter.portrait import FRAMING

#: The portraits that the shipped model learned from.
PICTURES = 24_000


class Purpose(StrEnum):
    """The purpose of a set of pictures."""

    #: Every training but the upscaler's.
    TRAIN = "train"
    #: Never trained on.
    HELD = "held"
    #: The upscaler's: each picture at two sizes.
    LARGE = "large"
    #: The UNet's: families of portraits that differ in one attribute.
    SIBLINGS = "siblings"
    #: The decoder's: families that differ in one of the attributes that a decoder tends to lose.
    DECODER_SIBLINGS = "decoder-siblings"


#: The first seed of each set, far enough from the others.
FIRST_SEED = {
    Purpose.TRAIN: 0,
    Purpose.LARGE: 500_000_000,
    Purpose.SIBLINGS: 750_000_000,
    Purpose.DECODER_SIBLINGS: 850_000_000,
    Purpose.HELD: 1_000_000_000,
}
#: Seeds of a part; each is a picture, or a family of them.
PER_PART = {
    Purpose.TRAIN: 200,
    Purpose.LARGE: 50,
    Purpose.SIBLINGS: 60,
    Purpose.DECODER_SIBLINGS: 60,
    Purpose.HELD: 200,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Seeds painted together, all in one framing."""

    seeds: range
    framing: str


def parts(purpose: Purpose, count: int) -> list[Part]:
    """The parts of a set of `count` seeds; framings alternate as in the painter's table.

    The upscaler's set and the UNet's families are square.
    """
    part_size = min(PER_PART[purpose], count)
    rng = Random(0)
    out: list[Part] = []
    for i in range(-(-count // part_size)):
        framing = rng.choices(list(FRAMING), weights=list(FRAMING.values()))[0]
        if i < len(FRAMING):
            framing = list(FRAMING)[i]
        if purpose in (Purpose.LARGE, Purpose.SIBLINGS):
            framing = "square"
        first = FIRST_SEED[purpose] + i * part_size
        out.append(
            Part(seeds=range(first, first + min(part_size, count - i * part_size)), framing=framing)
        )
    return out
