"""A UNet that is never wrong: its output leads the denoiser to known latents.

It knows only the denoiser's scalings and the schedule, so a training with a wrong target shows a
loss.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.catalogue.card import Prediction
from models.engine.denoiser import Levels, c_in, x0_of
from models.engine.schedule import Schedule


class PerfectUnet(nn.Module):
    """Called like diffusers' UNets; it knows `x0` (B, C, h, w) row by row."""

    def __init__(self, x0: Tensor, schedule: Schedule, prediction: Prediction) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.x0, self.prediction = x0.double(), prediction
        self.levels = Levels(schedule.train_sigmas, x0.device)
        #: The inputs of each call, in order.
        self.inputs: list[Tensor] = []
        self.times: list[Tensor] = []

    def forward(self, shown: Tensor, times: Tensor, *_: object, **__: object) -> tuple[Tensor]:
        self.inputs.append(shown)
        self.times.append(times)
        sigma = self.levels.sigma(times).double()
        x = shown.double() / c_in(sigma)
        # The denoiser's result is affine in the output.
        at_zero, at_one = (
            x0_of(torch.full_like(x, value), x, sigma, self.prediction) for value in (0, 1)
        )
        return (((self.x0 - at_zero) / (at_one - at_zero)).float(),)
