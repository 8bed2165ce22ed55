"""The loss of one step of a training on judgements, and the reference that it compares with.

A row's randomness comes from the seed, the step and the row's noise key. Called by `run`. Must not
know files, judgements or cards.
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
from models.training.judged_pictures import PlainUnet, PredictFunction, StepPicture
from models.training.precision import LowPrecision


class Student:
    """The trained UNet, and its reference: the same UNet before training.

    If all weights learn, the reference is a copy; with LoRA, the network without its matrices.
    """

    def __init__(self, unet: nn.Module, course: Course, device: torch.device) -> None:
        """Raises EngineError if LoRA is wanted and peft is not installed."""
        self.unet, self.reach = unet, course.reach_of(unet)
        unet.requires_grad_(requires_grad=False)
        if self.reach is Reach.LORA:
            torch.manual_seed(course.seed)  # peft draws the first matrices from it.
            lora.add(unet, lora.UNET_TARGETS, course.rank, scale=1.0)
        else:
            frozen = copy.deepcopy(unet).eval()
            self._frozen = LowPrecision(PlainUnet(frozen), device)
            unet.requires_grad_(requires_grad=True)
        unet.train()
        self.predict: PredictFunction = LowPrecision(PlainUnet(unet), device)

    @torch.no_grad()
    def reference(self, noisy: Tensor, timestep: Tensor, words: Tensor) -> Tensor:
        """The output of the network before training."""
        if self.reach is Reach.FULL:
            return self._frozen(noisy, timestep, words)
        network: Any = self.unet
        network.disable_adapters()
        try:
            return self.predict(noisy, timestep, words)
        finally:
            network.enable_adapters()

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        """The trained parameters, by name, in a fixed order."""
        return {name: p for name, p in self.unet.named_parameters() if p.requires_grad}


def loss_of(
    course: Course, rows: Sequence[StepPicture], errors: Tensor, reference: Tensor
) -> Tensor:
    """The step's loss, 0-d. The rows of DPO alternate: a pair's better one, its worse one."""
    weights = torch.tensor([row.weight for row in rows], device=errors.device)
    if course.loss is Loss.SFT:
        return (weights * errors).sum() / weights.sum()
    gains = losses.gains(errors, reference, course.beta)
    if course.loss is Loss.KTO:
        signs = torch.tensor([row.sign for row in rows], device=errors.device)
        row_losses = losses.kto(gains, signs, losses.reference_point(gains))
        return (weights * row_losses).sum() / weights.sum()
    row_losses = losses.robust_dpo(gains[0::2], gains[1::2], course.noise)
    return (weights[0::2] * row_losses).sum() / weights[0::2].sum()
