"""A view of a text: its characters in another way, and which of the text each is; and its parts.

Called by `views` and `drawings`. Pure. It must not know why a text is seen in another way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.policy.expressions import Span
from bot.policy.reading import window_around


@dataclass(frozen=True, slots=True)
class View:
    """A way to see a text."""

    source: str
    #: For each character, which one of the text it is.
    places: Sequence[int]


def windows(source: str, signs: Iterable[Span]) -> list[Span]:
    """The parts of a text with such signs in them, and what stands around those."""
    windows: list[Span] = []
    for start, end in sorted(signs):
        first, last = window_around(source, start, end)
        if windows and first <= windows[-1][1]:
            windows[-1] = windows[-1][0], last
        else:
            windows.append((first, last))
    return windows


def without_parts(source: str, parts: Sequence[Span]) -> Iterator[View]:
    """The text without these parts."""
    gone = {at for part in parts for at in range(*part)}
    for first, last in windows(source, parts):
        places = [at for at in range(first, last) if at not in gone]
        yield View("".join(source[at] for at in places), places)


def with_seams(source: str, seams: Collection[int]) -> Iterator[View]:
    """The text with a space at every seam."""
    for first, last in windows(source, ((seam, seam) for seam in seams)):
        places = [p for at in range(first, last) for p in ([at, at] if at in seams else [at])]
        parted = (f" {c}" if at in seams else c for at, c in enumerate(source[first:last], first))
        yield View("".join(parted), places)
