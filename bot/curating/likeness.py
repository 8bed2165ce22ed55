"""Decides whether two pictures look the same: a perceptual hash, confirmed by an embedding.

Two pictures are alike if hash and embedding agree. The hash preselects candidates, so that not all
pairs of ten thousand pictures need comparing. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

from PIL import Image

#: Bits of the hash per row and per column.
_SIDE = 16
#: How many of the 256 bits may differ.
_BITS_MAX = 15
#: One part more than bits that may differ, so that near hashes share at least one part.
_PARTS = _BITS_MAX + 1
#: The greatest difference in colours between alike pictures: root mean square, of a range of 1.
_COLOUR_DISTANCE_MAX = 0.02
#: Fields per row and per column whose mean colours are compared.
_FIELDS = 4

T = TypeVar("T")
#: Numbers that describe a picture's looks; pictures with near numbers look alike.
Embed = Callable[[Image.Image], tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """The features of a picture that are compared."""

    #: The difference hash (256 bits): whether each field is brighter than its neighbour.
    bits: int
    embedding: tuple[float, ...]

    def is_near(self, other: Likeness) -> bool:
        """Whether both look the same."""
        if (self.bits ^ other.bits).bit_count() > _BITS_MAX:
            return False
        apart = math.dist(self.embedding, other.embedding)
        return apart <= _COLOUR_DISTANCE_MAX * math.sqrt(len(self.embedding))


def colours_of(picture: Image.Image) -> tuple[float, ...]:
    """The mean colours of 4 x 4 fields, 48 numbers in 0..1: an embedding that needs no network."""
    small = picture.convert("RGB").resize((_FIELDS, _FIELDS), Image.Resampling.BOX)
    return tuple(value / 255 for value in small.tobytes())


def likeness_of(picture: Image.Image, embed: Embed = colours_of) -> Likeness:
    """A picture's likeness, independent of its size."""
    grey = picture.convert("L").resize((_SIDE + 1, _SIDE), Image.Resampling.BOX).tobytes()
    rows = (grey[start : start + _SIDE + 1] for start in range(0, len(grey), _SIDE + 1))
    bits = "".join("01"[left < right] for row in rows for left, right in pairwise(row))
    return Likeness(bits=int(bits, 2), embedding=embed(picture))


class LookalikeIndex(Generic[T]):
    """A set of pictures, searchable by their looks."""

    def __init__(self) -> None:
        self._by_part: dict[tuple[int, int], list[tuple[Likeness, T]]] = {}

    def add(self, likeness: Likeness, name: T) -> None:
        """Add a picture."""
        for part in _parts(likeness.bits):
            self._by_part.setdefault(part, []).append((likeness, name))

    def near(self, likeness: Likeness) -> Iterator[T]:
        """Every added picture that looks like this one; some may come twice."""
        for part in _parts(likeness.bits):
            for other, name in self._by_part.get(part, ()):
                if likeness.is_near(other):
                    yield name


def _parts(bits: int) -> Iterator[tuple[int, int]]:
    """The parts of a hash: one bit of each row, shifted by five columns from row to row.

    A flat area, whose bits are equal in many pictures, never fills a whole part.
    """
    for part in range(_PARTS):
        places = (row * _SIDE + (part + row * 5) % _SIDE for row in range(_SIDE))
        yield part, sum((bits >> place & 1) << row for row, place in enumerate(places))
