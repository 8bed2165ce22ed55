"""One step's gradients of a training on judgements, and the reference that it is held against.

Everything random about a row comes from the seed, the step and the row's place in it. Called by
`run`. It must not know files, judgements or cards.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.engine.embedding import Embedding, ask
from models.preference import losses
from models.preference.course import Course, Loss, Reach
from models.training import chance, lora
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


class _PlainUnet(nn.Module):
    """A UNet that takes and gives plain tensors."""

    def __init__(self, unet: nn.Module) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, noisy: Tensor, timestep: Tensor, words: Tensor) -> Tensor:
        """The output (B, C, h, w) for noisy (B, C, h, w) at timestep (B,), words (B, n, d)."""
        return ask(self.unet, noisy, timestep, Embedding(tokens=words))


class Student:
    """The UNet that learns, and the reference it is held against: what it said before.

    Of all weights the reference is a copy; of LoRA it is the network with its matrices off.
    """

    def __init__(self, unet: nn.Module, course: Course, device: torch.device) -> None:
        """EngineError if LoRA is asked for and peft is not installed."""
        self.unet, self.reach = unet, course.reach_of(unet)
        unet.requires_grad_(requires_grad=False)
        if self.reach is Reach.LORA:
            torch.manual_seed(course.seed)  # peft draws the first matrices from it.
            lora.add(unet, lora.UNET_TARGETS, course.rank, scale=1.0)
        else:
            unchanged = copy.deepcopy(unet).eval()
            self._unchanged = Lowered(_PlainUnet(unchanged), device)
            unet.requires_grad_(requires_grad=True)
        unet.train()
        self.says: Says = Lowered(_PlainUnet(unet), device)

    @torch.no_grad()
    def reference(self, noisy: Tensor, timestep: Tensor, words: Tensor) -> Tensor:
        """What the network said before it learned."""
        if self.reach is Reach.FULL:
            return self._unchanged(noisy, timestep, words)
        network: Any = self.unet
        network.disable_adapters()
        try:
            return self.says(noisy, timestep, words)
        finally:
            network.enable_adapters()

    def learning(self) -> dict[str, nn.Parameter]:
        """The parameters that learn, by name, in a fixed order."""
        return {name: p for name, p in self.unet.named_parameters() if p.requires_grad}


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
