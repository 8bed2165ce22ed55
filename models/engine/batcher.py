"""Who runs in the next tick: rows in buckets of equal shape, served in turn.

A tick is one UNet call, and rows can share one only if their tensors have the same shape (their
*bucket*). The rows stand in one line: whoever is at its head names the bucket, takes along those
behind it that fit, and all of them go to the end. So every row advances equally often whatever
else is asked for, and nobody waits for a bucket to fill. Torch-free and pure: called by `engine`,
which alone knows what a row holds.
"""

from __future__ import annotations

from collections.abc import Hashable
from itertools import islice


class Batcher:
    """The rows in flight, by id. `width_max` rows at most share a tick."""

    def __init__(self, width_max: int) -> None:
        if width_max < 1:
            raise ValueError("a tick needs room for one row at least")
        self.width_max = width_max
        #: Each row's bucket; the order is the line, the longest unserved row first.
        self._line: dict[str, Hashable] = {}

    def __len__(self) -> int:
        return len(self._line)

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._line

    def add(self, row_id: str, bucket: Hashable) -> None:
        """Let a row take part from the next tick on. ValueError if it does already."""
        if row_id in self._line:
            raise ValueError(f"row {row_id} is in flight already")
        self._line[row_id] = bucket

    def remove(self, row_id: str) -> bool:
        """Take a row out; False if it is not here."""
        if row_id not in self._line:
            return False
        del self._line[row_id]
        return True

    def next_tick(self) -> tuple[str, ...]:
        """The rows of the next tick, longest unserved first, all of one bucket; () if none."""
        if not self._line:
            return ()
        bucket = next(iter(self._line.values()))
        fitting = (row for row, other in self._line.items() if other == bucket)
        chosen = tuple(islice(fitting, self.width_max))
        for row in chosen:
            self._line[row] = self._line.pop(row)
        return chosen
