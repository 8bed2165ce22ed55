"""Pictures that judgements are about, and how wrong a network is about them.

Two networks are asked of the same noisy pictures, so that what differs is the network. Called by
the training on judgements and by the gate. It must not know files or judgements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.engine.embedding import Embedding, ask
from models.training import chance
from models.training.objective import Objective

#: What a network says (B, C, h, w) of noisy latents at times, told words (B, n, d).
Says = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exhibits:
    """The pictures that judgements are about: latents (C, h, w) and words (n, d) by file."""

    latents: Mapping[str, Tensor]
    words: Mapping[str, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One picture of a step: its file, what its noise is drawn by, how much it counts.

    Rows of one pair share `lot`, and so noise and noise level. `sign` is 1 for a liked picture.
    """

    name: str
    lot: int
    sign: float
    weight: float = 1.0


class PlainUnet(nn.Module):
    """A UNet that takes and gives plain tensors."""

    def __init__(self, unet: nn.Module) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, noisy: Tensor, timestep: Tensor, words: Tensor) -> Tensor:
        """The output (B, C, h, w) for noisy (B, C, h, w) at timestep (B,), words (B, n, d)."""
        return ask(self.unet, noisy, timestep, Embedding(tokens=words))


class Errors:
    """How wrong a network is about a step's rows, (N,) each: posed once, asked of two networks."""

    def __init__(
        self,
        rows: Sequence[Exhibit],
        seen: Exhibits,
        objective: Objective,
        step: int,
        seed: int,
    ) -> None:
        self._objective = objective
        x0 = torch.stack([seen.latents[row.name] for row in rows])
        drawn = [self._drawn(row, x0[0].shape, step, seed) for row in rows]
        self.posed = objective.pose(
            x0,
            torch.stack([noise for noise, _ in drawn]).to(x0.device),
            torch.tensor([time for _, time in drawn], device=x0.device),
        )
        self._words = torch.stack([seen.words[row.name] for row in rows])

    def said(self, says: Says) -> Tensor:
        """What a network says of the rows, (N, C, h, w), float32."""
        return says(self.posed.shown, self.posed.times, self._words).float()

    def of(self, said: Tensor) -> Tensor:
        """The mean squared error (N,) of what was said of each row."""
        return self._objective.losses(said, self.posed)

    def _drawn(self, row: Exhibit, shape: torch.Size, step: int, seed: int) -> tuple[Tensor, int]:
        generator = chance.generator(seed, "noise", step, row.lot)
        time = int(torch.randint(self._objective.count, (), generator=generator))
        return torch.randn(shape, generator=generator), time
