"""One step's gradients of a training on judgements, and the reference that it is held against.

Everything random about a row comes from the seed, the step and the row's place in it. Called by
`run`. It must not know files, judgements or cards.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.engine.embedding import Embedding, ask
from models.preference import losses
from models.preference.course import Course, Loss
from models.training import chance
from models.training.objective import Objective
from models.training.precision import Lowered

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


def frozen(unet: nn.Module, device: torch.device) -> Says:
    """The network as it is now, for ever."""
    copied = copy.deepcopy(unet).requires_grad_(requires_grad=False).eval()
    return Lowered(PlainUnet(copied), device)


class Errors:
    """How wrong a network is about a step's rows, (N,) each: posed once, asked of two networks."""

    def __init__(
        self,
        rows: Sequence[Exhibit],
        seen: Exhibits,
        objective: Objective,
        step: int,
        course: Course,
    ) -> None:
        self._objective = objective
        x0 = torch.stack([seen.latents[row.name] for row in rows])
        drawn = [self._drawn(row, x0[0].shape, step, course.seed) for row in rows]
        self.posed = objective.pose(
            x0,
            torch.stack([noise for noise, _ in drawn]),
            torch.tensor([time for _, time in drawn], device=x0.device),
        )
        self._words = torch.stack([seen.words[row.name] for row in rows])

    def of(self, says: Says) -> Tensor:
        """The mean squared error of each row, float32."""
        return self._objective.losses(self.said(says), self.posed)

    def said(self, says: Says) -> Tensor:
        """What the network says of the rows, (N, C, h, w), float32."""
        return says(self.posed.shown, self.posed.times, self._words).float()

    def _drawn(self, row: Exhibit, shape: torch.Size, step: int, seed: int) -> tuple[Tensor, int]:
        generator = chance.generator(seed, "noise", step, row.lot)
        time = int(torch.randint(self._objective.count, (), generator=generator))
        return torch.randn(shape, generator=generator), time


def loss_of(course: Course, rows: Sequence[Exhibit], errors: Tensor, reference: Tensor) -> Tensor:
    """The step's loss, 0-d. Of DPO the rows alternate: a pair's better one, its worse one."""
    weights = torch.tensor([row.weight for row in rows], device=errors.device)
    if course.loss is Loss.SFT:
        return (weights * errors).sum() / weights.sum()
    gained = losses.gains(errors, reference, course.beta)
    if course.loss is Loss.KTO:
        signs = torch.tensor([row.sign for row in rows], device=errors.device)
        each = losses.kto(gained, signs, losses.reference_point(gained))
        return (weights * each).sum() / weights.sum()
    each = losses.robust_dpo(gained[0::2], gained[1::2], course.noise)
    return (weights[0::2] * each).sum() / weights[0::2].sum()
