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
    far from the goal; `decay` itself never changes, or the average would stay that short forever.
    """

    def __init__(
        self, live: Mapping[str, Tensor], decay: float, device: torch.device | None = None
    ) -> None:
        """`live` are the trained weights; the average is kept on `device`."""
        self._live = dict(live)
        self._decay = decay
        self.shadow = {
            name: weight.detach().to(device=device, dtype=torch.float32, copy=True)
            for name, weight in live.items()
        }

    def decay_at(self, updates: int) -> float:
        """The share of itself that the average keeps at an update, after `updates` earlier ones."""
        return min(self._decay, (1 + updates) / (10 + updates))

    @torch.no_grad()
    def update(self, updates: int) -> None:
        """Include the live weights; `updates` is the number of earlier updates."""
        share = 1 - self.decay_at(updates)
        for name, weight in self._live.items():
            shadow = self.shadow[name]
            shadow.lerp_(weight.detach().to(shadow.device, torch.float32), share)

    @torch.no_grad()
    def load(self, saved: Mapping[str, Tensor]) -> None:
        """Restore a saved average; its names and shapes must match the live weights."""
        for name, shadow in self.shadow.items():
            shadow.copy_(saved[name])

    @contextmanager
    def temporarily_applied(self) -> Iterator[None]:
        """Use the averaged weights inside the block; the live ones return at its end.

        The live ones wait in main memory: a training GPU has no room for a copy.
        """
        live_copies = {
            name: weight.detach().to("cpu", copy=True) for name, weight in self._live.items()
        }
        self._copy_to_live(self.shadow)
        try:
            yield
        finally:
            self._copy_to_live(live_copies)

    def apply(self) -> None:
        """Replace the live weights with the averaged ones for good."""
        self._copy_to_live(self.shadow)

    @torch.no_grad()
    def _copy_to_live(self, weights: Mapping[str, Tensor]) -> None:
        for name, live in self._live.items():
            live.copy_(weights[name])
