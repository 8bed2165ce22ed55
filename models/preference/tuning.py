"""The network of a training on judgements, the reference that it is held against, and the loss.

Called by `run`. It must not know files, judgements or cards.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from models.preference import losses
from models.preference.course import Course, Loss, Reach
from models.training import lora
from models.training.exhibits import Exhibit, PlainUnet, Says
from models.training.precision import Lowered


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
            self._unchanged = Lowered(PlainUnet(unchanged), device)
            unet.requires_grad_(requires_grad=True)
        unet.train()
        self.says: Says = Lowered(PlainUnet(unet), device)

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
