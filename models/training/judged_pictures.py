"""The judged pictures of a training, and a network's errors on them.

Two networks get the same noisy pictures, so that only the networks make a difference. Called by the
training on judgements and by the gate. Must not know files or judgements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.engine.embedding import Embedding, run_unet
from models.training import chance
from models.training.objective import Objective

#: A network's output (B, C, h, w) for noisy latents at times, given words (B, n, d).
PredictFunction = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgedPictures:
    """Judged pictures: latents (C, h, w) and the prompt's embeddings (n, d), by file."""

    latents: Mapping[str, Tensor]
    words: Mapping[str, Tensor]
    #: The negative prompt's embedding, (n, d).
    negative: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPicture:
    """One picture of a step: its file, the key of its noise, and its weight.

    Rows of one pair share `noise_key`, and so noise and noise level. `sign` is 1 for a liked
    picture, -1 for a disliked one.
    """

    name: str
    noise_key: int
    sign: float
    weight: float = 1.0


class PlainUnet(nn.Module):
    """A UNet with plain tensors as input and output."""

    def __init__(self, unet: nn.Module) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, noisy: Tensor, timestep: Tensor, words: Tensor) -> Tensor:
        """The output (B, C, h, w) for noisy (B, C, h, w) at timestep (B,), words (B, n, d)."""
        return run_unet(self.unet, noisy, timestep, Embedding(tokens=words))


class Errors:
    """Networks' errors on a step's rows, (N,) each: one task, the same for every network."""

    def __init__(
        self,
        rows: Sequence[StepPicture],
        judged: JudgedPictures,
        objective: Objective,
        step: int,
        seed: int,
        *,
        span: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        """`span` is the part of the training timesteps to draw noise levels from."""
        self._objective = objective
        self._first, self._end = (round(share * objective.count) for share in span)
        x0 = torch.stack([judged.latents[row.name] for row in rows])
        draws = [self._draw_noise(row, x0[0].shape, step, seed) for row in rows]
        self.task = objective.make_task(
            x0,
            torch.stack([noise for noise, _ in draws]).to(x0.device),
            torch.tensor([time for _, time in draws], device=x0.device),
        )
        self._words = torch.stack([judged.words[row.name] for row in rows])

    def output(self, predict: PredictFunction, words: Tensor | None = None) -> Tensor:
        """A network's output for the rows, (N, C, h, w), float32, given their words or others."""
        given_words = self._words if words is None else words
        return predict(self.task.unet_input, self.task.times, given_words).float()

    def losses(self, output: Tensor) -> Tensor:
        """The mean squared error (N,) of an output."""
        return self._objective.losses(output, self.task)

    def _draw_noise(
        self, row: StepPicture, shape: torch.Size, step: int, seed: int
    ) -> tuple[Tensor, int]:
        generator = chance.generator(seed, "noise", step, row.noise_key)
        time = int(torch.randint(self._first, self._end, (), generator=generator))
        return torch.randn(shape, generator=generator), time
