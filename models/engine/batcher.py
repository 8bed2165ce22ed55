"""Chooses the rows of the next tick: rows in buckets of equal key, served in turn.

A tick is one UNet call, and rows can share one only if the same weights draw them and their tensors
have the same shape (their `RowKey`, which names their *bucket*). The rows stand in one line: the
head of the line chooses the bucket and takes along the rows behind it that fit, and all of them go
to the end. So every row advances equally often whatever else is asked for, and nobody waits for a
bucket to fill. Torch-free and pure: called by `engine`, which alone knows what a row holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice


@dataclass(frozen=True, slots=True, kw_only=True)
class RowKey:
    """Rows can share a UNet call if all of this is equal."""

    #: The id of the model's card.
    model: str
    #: The ids of the adapters applied to its weights.
    adapters: tuple[str, ...] = ()
    #: The shape of a row's tensors: (C, h, w) of its latents, T of its tokens.
    shape: tuple[int, ...]


class Batcher:
    """The rows in flight, by id. At most `width_max` rows share a tick."""

    def __init__(self, width_max: int) -> None:
        if width_max < 1:
            raise ValueError("a tick needs room for one row at least")
        self.width_max = width_max
        #: Each row's bucket; the order is the line, the longest unserved row first.
        self._line: dict[str, RowKey] = {}

    def __len__(self) -> int:
        return len(self._line)

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._line

    def add(self, row_id: str, bucket: RowKey) -> None:
        """Add a row, from the next tick on. Raises ValueError if it is already there."""
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
