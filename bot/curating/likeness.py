"""Whether two pictures are one to the eye: a perceptual hash, and an embedding to be sure.

Two pictures are alike if both say so. The hash finds who is to be compared at all, so that ten
thousand pictures take no ten thousand times ten thousand looks. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

from PIL import Image

#: The hash has this many bits in every row and every column.
_SIDE = 16
#: Bits of the 256 that may differ.
_MOST_BITS = 15
#: More parts than bits that may differ: one part at least is the same in two that are near.
_PARTS = _MOST_BITS + 1
#: What the colours of two that are alike differ by at most, root mean square, of a range of 1.
_MOST_APART = 0.02
#: The colours are those of so many fields in a row and in a column.
_FIELDS = 4

T = TypeVar("T")
#: Numbers that say what a picture looks like; near ones look alike.
Embed = Callable[[Image.Image], tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What is compared of a picture."""

    #: The difference hash (256 bits): whether each field is brighter than its neighbour.
    bits: int
    embedding: tuple[float, ...]

    def is_near(self, other: Likeness) -> bool:
        """Whether both are one picture to the eye."""
        if (self.bits ^ other.bits).bit_count() > _MOST_BITS:
            return False
        apart = math.dist(self.embedding, other.embedding)
        return apart <= _MOST_APART * math.sqrt(len(self.embedding))


def colours_of(picture: Image.Image) -> tuple[float, ...]:
    """The mean colours of 4 x 4 fields, 48 numbers in 0..1: an embedding that needs no network."""
    small = picture.convert("RGB").resize((_FIELDS, _FIELDS), Image.Resampling.BOX)
    return tuple(value / 255 for value in small.tobytes())


def likeness_of(picture: Image.Image, embed: Embed = colours_of) -> Likeness:
    """What a picture is known by; its size does not count."""
    grey = picture.convert("L").resize((_SIDE + 1, _SIDE), Image.Resampling.BOX).tobytes()
    rows = (grey[at : at + _SIDE + 1] for at in range(0, len(grey), _SIDE + 1))
    bits = "".join("01"[left < right] for row in rows for left, right in pairwise(row))
    return Likeness(bits=int(bits, 2), embedding=embed(picture))


class Crowd(Generic[T]):
    """Pictures so far, found by what they look like."""

    def __init__(self) -> None:
        self._by_part: dict[tuple[int, int], list[tuple[Likeness, T]]] = {}

    def add(self, likeness: Likeness, name: T) -> None:
        """From now on it is found."""
        for part in _parts(likeness.bits):
            self._by_part.setdefault(part, []).append((likeness, name))

    def near(self, likeness: Likeness) -> Iterator[T]:
        """Everyone that looks like it; some may come twice."""
        for part in _parts(likeness.bits):
            for other, name in self._by_part.get(part, ()):
                if likeness.is_near(other):
                    yield name


def _parts(bits: int) -> Iterator[tuple[int, int]]:
    """The parts of a hash: of each row one bit, five columns on from row to row.

    A flat stretch, whose bits are all the same in many pictures, is in no part as a whole.
    """
    for part in range(_PARTS):
        places = (row * _SIDE + (part + row * 5) % _SIDE for row in range(_SIDE))
        yield part, sum((bits >> place & 1) << row for row, place in enumerate(places))
