"""The UNet's training task: noising, targets, loss weights, learning rate.

The noise levels are those of the schedule that the model is served with, and the scalings are
`denoiser`'s, so training and drawing cannot disagree. Called by every training of a UNet; must not
know networks, data or recipes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor

from models.catalogue.card import Prediction
from models.engine.denoiser import Levels, c_in, x0_of
from models.engine.schedule import Schedule


class Curve(StrEnum):
    """The course of the learning rate after the warm-up."""

    #: Half a cosine, from the peak to zero at the last step.
    COSINE = "cosine"
    #: A straight line to zero at the last step.
    LINEAR = "linear"
    #: The peak until the end.
    CONSTANT = "constant"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DenoisingTask:
    """One task for a UNet, with its solution; float32 except `times`."""

    #: The noised latents (B, C, h, w) at `sigma`, as the denoiser takes them.
    x: Tensor
    #: The noise level (B,) of each row.
    sigma: Tensor
    #: The training timestep (B,) of each row, int64: the UNet's input for its level.
    times: Tensor
    #: The UNet's input, (B, C, h, w): `x` at unit variance.
    unet_input: Tensor
    #: The output that would be right, (B, C, h, w).
    target: Tensor


class Objective:
    """The one task of every training: predict what the denoiser needs from noised latents."""

    def __init__(
        self,
        schedule: Schedule,
        prediction: Prediction,
        device: torch.device,
        *,
        snr_max: float = 0.0,
        snr_min: float = 0.0,
    ) -> None:
        """`schedule` is that of the served model; for `snr_max` and `snr_min` see `weights`."""
        self._levels = Levels(schedule.train_sigmas, device)
        self._prediction = prediction
        self._snr_max, self._snr_min = snr_max, snr_min
        #: The number of training timesteps.
        self.count = len(schedule.train_sigmas)

    def make_task(
        self, x0: Tensor, noise: Tensor, times: Tensor, *, source: Tensor | None = None
    ) -> DenoisingTask:
        """The task for latents x0 (B, C, h, w) with unit noise of that shape at times (B,), int64.

        If `source` is given, those latents are noised instead, and the target still leads to x0.
        """
        sigma = self._levels.sigma(times)
        level = sigma[:, None, None, None]
        if source is not None:
            # x0 with the new noise equals `source` with the old: the target leads from there to x0.
            noise = noise + (source - x0) / level
        return DenoisingTask(
            x=x0 + level * noise,
            sigma=sigma,
            times=times,
            unet_input=noised(x0, noise, sigma),
            target=target(x0, noise, sigma, self._prediction),
        )

    def losses(
        self, output: Tensor, task: DenoisingTask, pixel_weights: Tensor | None = None
    ) -> Tensor:
        """The weighted error (B,) of each row of a UNet's output; float32.

        `pixel_weights` (h, w) weighs each latent pixel's error, 1 on average.
        """
        errors = losses(output, task.target, pixel_weights)
        return errors * weights(task.sigma, self._prediction, self._snr_max, self._snr_min)

    def x0(self, output: Tensor, task: DenoisingTask) -> Tensor:
        """The latents (B, C, h, w) implied by the output, as the denoiser computes them."""
        return x0_of(output.float(), task.x, task.sigma, self._prediction)


def noised(x0: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
    """The UNet's input of unit variance: x0 (B, C, h, w) with noise at sigma (B,), all float32.

    `(x0 + sigma noise) / sqrt(sigma^2 + 1)`, which is DDPM's `alpha x0 + sigma_vp noise`.
    """
    return c_in(sigma) * (x0 + sigma[:, None, None, None] * noise)


def target(x0: Tensor, noise: Tensor, sigma: Tensor, prediction: Prediction) -> Tensor:
    """The UNet's target, (B, C, h, w): the noise, or the velocity.

    v = alpha noise - sigma_vp x0 (Salimans and Ho 2022, arXiv:2202.00512, section 4), with alpha =
    c_in and sigma_vp = sigma c_in. The inverse of `denoiser.x0_of`.
    """
    if prediction is Prediction.EPSILON:
        return noise
    return c_in(sigma) * (noise - sigma[:, None, None, None] * x0)


def weights(sigma: Tensor, prediction: Prediction, snr_max: float, snr_min: float = 0.0) -> Tensor:
    """The loss weight (B,) of each row; all 1 if `snr_max` is 0.

    Min-SNR (Hang et al. 2023, arXiv:2303.09556, section 3.4): min(SNR, gamma) / SNR for noise and
    min(SNR, gamma) / (SNR + 1) for velocity, with SNR = 1 / sigma^2; `snr_max` is its gamma. An SNR
    below `snr_min` has the weight of `snr_min`.
    """
    if snr_max == 0:
        return torch.ones_like(sigma)
    snr = (sigma**-2).clamp(min=snr_min)
    capped = snr.clamp(max=snr_max)
    return capped / snr if prediction is Prediction.EPSILON else capped / (snr + 1)


def losses(output: Tensor, target: Tensor, pixel_weights: Tensor | None = None) -> Tensor:
    """The mean squared error (B,) of each row, float32; `pixel_weights` (h, w) weigh pixels."""
    squares = (output.float() - target.float()).square()
    return (squares if pixel_weights is None else squares * pixel_weights).flatten(1).mean(1)


def learning_rate(step: int, steps: int, peak: float, warmup: float, curve: Curve) -> float:
    """The learning rate of step number `step` (from 0) out of `steps`.

    It rises linearly over the first `warmup` (a share of all steps) and then follows the curve.
    """
    warmup_steps = math.ceil(steps * warmup)
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = (step - warmup_steps) / max(1, steps - warmup_steps)
    if curve is Curve.COSINE:
        return peak * (1 + math.cos(math.pi * progress)) / 2
    return peak * (1 - progress) if curve is Curve.LINEAR else peak
