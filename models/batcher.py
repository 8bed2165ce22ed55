"""Who runs in the next tick: rows in buckets of equal shape, served in turn.

A tick is one UNet call, and rows can share one only if their tensors have the same shape (their
*bucket*). The bucket whose row has waited longest is next, so every row advances equally often
whatever else is asked for, and nobody waits for a bucket to fill. Torch-free and pure: called by
`engine`, which alone knows what a row holds.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(slots=True)
class _Entry:
    bucket: Hashable
    #: The tick in which the row last ran, or joined.
    served: int
    #: The order of arrival, which breaks ties.
    arrival: int


class Batcher:
    """The rows in flight, by id. `width_max` rows at most share a tick."""

    def __init__(self, width_max: int) -> None:
        if width_max < 1:
            raise ValueError("a tick needs room for one row at least")
        self.width_max = width_max
        self._entries: dict[str, _Entry] = {}
        self._tick = 0
        self._arrivals = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._entries

    def add(self, row_id: str, bucket: Hashable) -> None:
        """Let a row take part from the next tick on. ValueError if it does already."""
        if row_id in self._entries:
            raise ValueError(f"row {row_id} is in flight already")
        self._entries[row_id] = _Entry(bucket, self._tick, self._arrivals)
        self._arrivals += 1

    def remove(self, row_id: str) -> bool:
        """Take a row out; False if it is not here."""
        return self._entries.pop(row_id, None) is not None

    def next_tick(self) -> tuple[str, ...]:
        """The rows of the next tick, longest unserved first, all of one bucket; () if none."""
        if not self._entries:
            return ()
        waiting = sorted(self._entries, key=self._precedence)
        bucket = self._entries[waiting[0]].bucket
        chosen = [row for row in waiting if self._entries[row].bucket == bucket]
        self._tick += 1
        for row in chosen[: self.width_max]:
            self._entries[row].served = self._tick
        return tuple(chosen[: self.width_max])

    def _precedence(self, row_id: str) -> tuple[int, int]:
        entry = self._entries[row_id]
        return entry.served, entry.arrival
