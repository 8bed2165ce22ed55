"""An exponential moving average of weights by name, and the swap of live and averaged ones.

Any trainer may use it. Must not know what is trained or where it is saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor


class Average:
    """m <- d m + (1 - d) w after each step, in float32, with d = min(decay, (1 + s) / (10 + s)).

    `s` counts the updates before this one. The warm-up quickly forgets the first weights, which are
    far from the goal; `decay` itself never changes, or the average would stay that short for ever.
    """

    def __init__(
        self, live: Mapping[str, Tensor], decay: float, device: torch.device | None = None
    ) -> None:
        """`live` are the trained weights; `device` is where the average is kept."""
        self._live = dict(live)
        self._decay = decay
        self.shadow = {
            name: weight.detach().to(device=device, dtype=torch.float32, copy=True)
            for name, weight in live.items()
        }

    def coefficient(self, updates: int) -> float:
        """The share that the average keeps at an update that follows `updates` others."""
        return min(self._decay, (1 + updates) / (10 + updates))

    @torch.no_grad()
    def update(self, updates: int) -> None:
        """Include the live weights; `updates` is the number of earlier updates."""
        share = 1 - self.coefficient(updates)
        for name, weight in self._live.items():
            shadow = self.shadow[name]
            shadow.lerp_(weight.detach().to(shadow.device, torch.float32), share)

    @torch.no_grad()
    def load(self, saved: Mapping[str, Tensor]) -> None:
        """Restore a saved average; its names and shapes must match the live weights."""
        for name, shadow in self.shadow.items():
            shadow.copy_(saved[name])

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Use the averaged weights inside the block; the live ones return at its end.

        The live ones wait in main memory: a training GPU has no room for a copy.
        """
        kept = {name: weight.detach().to("cpu", copy=True) for name, weight in self._live.items()}
        self._place(self.shadow)
        try:
            yield
        finally:
            self._place(kept)

    def settle(self) -> None:
        """Replace the live weights with the averaged ones for good."""
        self._place(self.shadow)

    @torch.no_grad()
    def _place(self, weights: Mapping[str, Tensor]) -> None:
        for name, live in self._live.items():
            live.copy_(weights[name])
