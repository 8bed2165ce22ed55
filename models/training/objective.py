"""What the UNet is asked for and how wrong it is: noising, targets, loss weights, learning rate.

The noise levels are the schedule's that the model is served with, and the scalings are
`denoiser`'s, so training and drawing cannot disagree. Pure functions; called by the training loop.
"""

from __future__ import annotations

import math
from enum import StrEnum

import torch
from torch import Tensor

from models.catalogue.card import Prediction
from models.engine.denoiser import c_in


class Curve(StrEnum):
    """How the learning rate runs after the warm-up."""

    #: Half a cosine, from the peak to nothing at the last step.
    COSINE = "cosine"
    #: A straight line to nothing at the last step.
    LINEAR = "linear"
    #: The peak to the end.
    CONSTANT = "constant"


def noised(x0: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
    """The UNet's input of unit variance: x0 (B, C, h, w) with noise at sigma (B,), all float32.

    `(x0 + sigma noise) / sqrt(sigma^2 + 1)`, which is DDPM's `alpha x0 + sigma_vp noise`.
    """
    return c_in(sigma) * (x0 + sigma[:, None, None, None] * noise)


def target(x0: Tensor, noise: Tensor, sigma: Tensor, prediction: Prediction) -> Tensor:
    """What the UNet should say, (B, C, h, w): the noise, or the velocity.

    v = alpha noise - sigma_vp x0 (Salimans and Ho 2022, arXiv:2202.00512, section 4), with
    alpha = c_in and sigma_vp = sigma c_in. The inverse of `denoiser.x0_of`.
    """
    if prediction is Prediction.EPSILON:
        return noise
    return c_in(sigma) * (noise - sigma[:, None, None, None] * x0)


def weights(sigma: Tensor, prediction: Prediction, gamma: float) -> Tensor:
    """The loss weight (B,) of each row; all 1 where gamma is 0.

    Min-SNR (Hang et al. 2023, arXiv:2303.09556, section 3.4): min(SNR, gamma) / SNR for noise and
    min(SNR, gamma) / (SNR + 1) for velocity, with SNR = 1 / sigma^2.
    """
    if gamma == 0:
        return torch.ones_like(sigma)
    snr = sigma**-2
    capped = snr.clamp(max=gamma)
    return capped / snr if prediction is Prediction.EPSILON else capped / (snr + 1)


def losses(output: Tensor, wanted: Tensor) -> Tensor:
    """The mean squared error (B,) of each row, in float32."""
    return (output.float() - wanted.float()).square().flatten(1).mean(1)


def learning_rate(step: int, steps: int, peak: float, warmup: float, curve: Curve) -> float:
    """The learning rate of step number `step` (from 0) out of `steps`.

    It rises in a line over the first `warmup` (a share of all steps) and then follows the curve.
    """
    rising = math.ceil(steps * warmup)
    if step < rising:
        return peak * (step + 1) / rising
    done = (step - rising) / max(1, steps - rising)
    if curve is Curve.COSINE:
        return peak * (1 + math.cos(math.pi * done)) / 2
    return peak * (1 - done) if curve is Curve.LINEAR else peak
