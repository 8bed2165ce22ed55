"""A UNet that is never wrong: it answers what the denoiser must hear to find the latents it knows.

Only the denoiser's scalings and the schedule are in it, so a training that puts another question
finds it wrong.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.catalogue.card import Prediction
from models.engine.denoiser import Levels, c_in, x0_of
from models.engine.schedule import Schedule


class PerfectUnet(nn.Module):
    """Called as diffusers' UNets are; row by row it knows `x0` (B, C, h, w)."""

    def __init__(self, x0: Tensor, schedule: Schedule, prediction: Prediction) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.x0, self.prediction = x0.double(), prediction
        self.levels = Levels(schedule.train_sigmas, x0.device)
        #: What it was shown and told, one call after another.
        self.shown: list[Tensor] = []
        self.told: list[Tensor] = []

    def forward(self, shown: Tensor, times: Tensor, *_: object, **__: object) -> tuple[Tensor]:
        self.shown.append(shown)
        self.told.append(times)
        sigma = self.levels.sigma(times).double()
        x = shown.double() / c_in(sigma)
        # What the denoiser makes of an answer is affine in the answer.
        at_zero, at_one = (
            x0_of(torch.full_like(x, value), x, sigma, self.prediction) for value in (0, 1)
        )
        return (((self.x0 - at_zero) / (at_one - at_zero)).float(),)
