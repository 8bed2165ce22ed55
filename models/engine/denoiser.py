"""The denoiser D(x, sigma, cond) -> x0 over any conditional UNet that predicts noise or velocity.

Rows have different noise levels and guidance, and one UNet call serves them all. The scalings are
those of Karras et al. 2022 (arXiv:2206.00364, table 1, "VP" and its velocity twin), so the same
functions serve the training loss. Called by `engine`; it must not know samplers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.catalogue.card import Prediction
from models.engine.embedding import Embedding, run_unet


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The conditioning of the rows.

    `embedding` covers B + G pictures: first the B rows' prompts, then the negative prompts of the G
    rows with `guided` True, in order; `guidance` is (B,) float32; `guided` says where it is not 1,
    as plain booleans.
    """

    embedding: Embedding
    guidance: Tensor
    guided: tuple[bool, ...]


class Levels:
    """Converts sigma to timestep and back, by linear interpolation in the training table."""

    def __init__(self, train_sigmas: NDArray[np.float64], device: torch.device) -> None:
        self._sigmas = torch.tensor(train_sigmas, dtype=torch.float32, device=device)

    def timestep(self, sigma: Tensor) -> Tensor:
        """The fractional timestep (B,) of each sigma (B,), clamped to the table's ends."""
        high = torch.searchsorted(self._sigmas, sigma).clamp(1, len(self._sigmas) - 1)
        below, above = self._sigmas[high - 1], self._sigmas[high]
        return high - 1 + ((sigma - below) / (above - below)).clamp(0, 1)

    def sigma(self, timestep: Tensor) -> Tensor:
        """The sigma (B,) of each timestep (B,), whole or fractional."""
        low = timestep.floor().long().clamp(0, len(self._sigmas) - 2)
        return torch.lerp(self._sigmas[low], self._sigmas[low + 1], timestep.float() - low)


class Denoise(Protocol):
    """The interface that `engine` calls: see `Denoiser.__call__`."""

    def __call__(self, x: Tensor, sigma: Tensor, conditions: Conditions) -> Tensor:
        """The predicted x0 of each row."""
        ...


class Denoiser:
    """A diffusers UNet with its scalings."""

    def __init__(self, unet: nn.Module, prediction: Prediction, levels: Levels) -> None:
        self._unet = unet
        self._prediction = prediction
        self._levels = levels
        self._dtype = next(unet.parameters()).dtype

    def __call__(self, x: Tensor, sigma: Tensor, conditions: Conditions) -> Tensor:
        """The x0 (B, C, h, w), float32, predicted from x at sigma (B,), after guidance.

        Classifier-free guidance (Ho and Salimans 2022, eq. 6): `n + g (p - n)`; it is the same for
        noise, velocity or x0, since x0 is affine in either.
        """
        indices = [row for row, guided in enumerate(conditions.guided) if guided]
        guided = torch.tensor(indices, dtype=torch.long, device=x.device)
        predicted = self.predict(
            torch.cat([x, x[guided]]),
            torch.cat([sigma, sigma[guided]]),
            conditions.embedding,
        )
        x0, unguided = predicted[: len(x)], predicted[len(x) :]
        scale = conditions.guidance[guided][:, None, None, None]
        x0[guided] = unguided + scale * (x0[guided] - unguided)
        return x0

    def predict(self, x: Tensor, sigma: Tensor, embedding: Embedding) -> Tensor:
        """The x0 (B, C, h, w), float32, without guidance: one UNet call."""
        timestep = self._levels.timestep(sigma)
        scaled = x * c_in(sigma)
        output = run_unet(self._unet, scaled.to(self._dtype), timestep, embedding)
        return x0_of(output.float(), x, sigma, self._prediction)


def c_in(sigma: Tensor) -> Tensor:
    """The factor on x that gives the UNet unit variance, (B, 1, 1, 1)."""
    return (sigma**2 + 1).rsqrt()[:, None, None, None]


def x0_of(output: Tensor, x: Tensor, sigma: Tensor, prediction: Prediction) -> Tensor:
    """The x0 implied by a UNet's output, for x (B, C, h, w) at sigma (B,).

    Noise: `x - sigma eps`. Velocity: `c_in^2 x - sigma c_in v` (Salimans and Ho 2022, appendix D,
    with alpha = c_in and sigma_vp = sigma c_in).
    """
    level = sigma[:, None, None, None]
    if prediction is Prediction.EPSILON:
        return x - level * output
    scale = c_in(sigma)
    return scale**2 * x - level * scale * output
