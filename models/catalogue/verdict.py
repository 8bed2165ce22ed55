"""The gate's verdict on a candidate: its figures, and whether it may serve.

Stored on the candidate's card. `models.measuring.gate` issues it; the catalogue, `/learn` and
promotion read it. Torch-free and pure; must not know how anything is measured.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from models.decoding import Meta

#: Names the table of floors and how figures are measured (`models.measuring.gate`).
EDITION = "5"

Sha256 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measurement of the gate, in `unit`."""

    name: str
    value: float
    unit: str
    #: The smallest value that passes; None if only `most` or nothing bounds it.
    least: float | None = None
    most: float | None = None
    #: The 95 % confidence interval; None if the value is exact.
    interval: tuple[float, float] | None = None

    @property
    def holds(self) -> bool:
        """Whether it passes; an unbounded value always does, a NaN never."""
        above = self.least is None or self.value >= self.least
        below = self.most is None or self.value <= self.most
        return above and below and not math.isnan(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Every figure of one run of the gate, for exactly the files that it examined."""

    #: The set of floors used; figures of another set cannot be compared.
    gate: str
    figures: tuple[Figure, ...]
    #: The `fingerprint` of the candidate's files at the time.
    files_sha256: Sha256

    @property
    def passed(self) -> bool:
        """Whether something was measured by today's floors, and all of it holds."""
        return (
            self.gate == EDITION
            and bool(self.figures)
            and all(figure.holds for figure in self.figures)
        )


def fingerprint(files: Mapping[str, str]) -> str:
    """One sha256 over the paths and hashes of a card's files, in the order of their paths."""
    lines = "".join(f"{sha256}  {path}\n" for path, sha256 in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
