"""The batches of training pictures: every picture once an epoch, exact on resume.

Called by whoever trains. Torch-free. An epoch's order depends only on the seed and the epoch, so a
run that continues at batch n sees the same batches as an unbroken one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import NamedTuple

from models.data.buckets import Assignment, Bucket, batch_count


class Batch(NamedTuple):
    """Pictures of one bucket, as indices into the list of examples."""

    bucket: Bucket
    indices: tuple[int, ...]


class Batches:
    """The epochs of one assignment; `len` is the number of batches in an epoch.

    The last batch of a bucket may be short and is kept. ValueError if `batch_size` is below 1.
    """

    def __init__(self, assignment: Assignment, *, batch_size: int, seed: int) -> None:
        if batch_size < 1:
            raise ValueError(f"a batch has 1 picture or more, not {batch_size}")
        self._members = assignment.members
        self._batch_size = batch_size
        self._seed = seed

    def __len__(self) -> int:
        return batch_count(map(len, self._members.values()), self._batch_size)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch (from 0 on), from batch `start` on."""
        return islice(self._shuffled(epoch), start, None)

    def _shuffled(self, epoch: int) -> list[Batch]:
        rng = Random(f"{self._seed} {epoch}")
        size = self._batch_size
        batches: list[Batch] = []
        for bucket, members in self._members.items():
            order = rng.sample(members, len(members))
            parts = (order[first : first + size] for first in range(0, len(order), size))
            batches += [Batch(bucket, tuple(part)) for part in parts]
        rng.shuffle(batches)
        return batches


def example_rng(seed: int, epoch: int, index: int) -> Random:
    """The random generator for one picture in one epoch (caption, flip).

    It depends on nothing else, so neither batch size nor resuming changes a picture's caption.
    """
    return Random(f"{seed} {epoch} {index}")
