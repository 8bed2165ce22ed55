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
class Posed:
    """One task for a UNet, and its solution; float32 except `times`."""

    #: The noised latents (B, C, h, w) at `sigma`, as the denoiser takes them.
    x: Tensor
    #: The noise level (B,) of each row.
    sigma: Tensor
    #: The training timestep (B,) of each row, int64: the UNet's input for its level.
    times: Tensor
    #: The UNet's input, (B, C, h, w): `x` at unit variance.
    shown: Tensor
    #: The wanted output, (B, C, h, w).
    wanted: Tensor


class Objective:
    """The one task of every training: predict what the denoiser needs from noised latents."""

    def __init__(
        self,
        schedule: Schedule,
        prediction: Prediction,
        device: torch.device,
        *,
        snr_most: float = 0.0,
        snr_least: float = 0.0,
    ) -> None:
        """`schedule` is that of the served model; for `snr_most` and `snr_least` see `weights`."""
        self._levels = Levels(schedule.train_sigmas, device)
        self._prediction = prediction
        self._snr_most, self._snr_least = snr_most, snr_least
        #: The number of training timesteps.
        self.count = len(schedule.train_sigmas)

    def pose(
        self, x0: Tensor, noise: Tensor, times: Tensor, *, seen: Tensor | None = None
    ) -> Posed:
        """The task for latents x0 (B, C, h, w) with unit noise of that shape at times (B,), int64.

        If `seen` is given, those latents are noised, and x0 must still be found in them.
        """
        sigma = self._levels.sigma(times)
        level = sigma[:, None, None, None]
        if seen is not None:
            # x0 with this noise equals `seen` with that one: the target leads from there to x0.
            noise = noise + (seen - x0) / level
        return Posed(
            x=x0 + level * noise,
            sigma=sigma,
            times=times,
            shown=noised(x0, noise, sigma),
            wanted=target(x0, noise, sigma, self._prediction),
        )

    def losses(self, output: Tensor, posed: Posed, counts: Tensor | None = None) -> Tensor:
        """The weighted error (B,) of each row of a UNet's output; float32.

        `counts` (h, w) weighs each latent pixel's error, 1 on average.
        """
        found = losses(output, posed.wanted, counts)
        return found * weights(posed.sigma, self._prediction, self._snr_most, self._snr_least)

    def x0(self, output: Tensor, posed: Posed) -> Tensor:
        """The latents (B, C, h, w) implied by the output, as the denoiser computes them."""
        return x0_of(output.float(), posed.x, posed.sigma, self._prediction)


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


def weights(sigma: Tensor, prediction: Prediction, most: float, least: float = 0.0) -> Tensor:
    """The loss weight (B,) of each row; all 1 if `most` is 0.

    Min-SNR (Hang et al. 2023, arXiv:2303.09556, section 3.4): min(SNR, gamma) / SNR for noise and
    min(SNR, gamma) / (SNR + 1) for velocity, with SNR = 1 / sigma^2; `most` is its gamma. An SNR
    below `least` has the weight of `least`.
    """
    if most == 0:
        return torch.ones_like(sigma)
    snr = (sigma**-2).clamp(min=least)
    capped = snr.clamp(max=most)
    return capped / snr if prediction is Prediction.EPSILON else capped / (snr + 1)


def losses(output: Tensor, wanted: Tensor, counts: Tensor | None = None) -> Tensor:
    """The mean squared error (B,) of each row, in float32; `counts` (h, w) weighs its pixels."""
    squares = (output.float() - wanted.float()).square()
    return (squares if counts is None else squares * counts).flatten(1).mean(1)


def learning_rate(step: int, steps: int, peak: float, warmup: float, curve: Curve) -> float:
    """The learning rate of step number `step` (from 0) out of `steps`.

    It rises linearly over the first `warmup` (a share of all steps) and then follows the curve.
    """
    rising = math.ceil(steps * warmup)
    if step < rising:
        return peak * (step + 1) / rising
    done = (step - rising) / max(1, steps - rising)
    if curve is Curve.COSINE:
        return peak * (1 + math.cos(math.pi * done)) / 2
    return peak * (1 - done) if curve is Curve.LINEAR else peak
