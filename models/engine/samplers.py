"""Samplers: the update from one noise level to the next.

A picture in flight is `x = x0 + sigma * noise` (the "variance exploding" form of Karras et al.
2022, arXiv:2206.00364), float32, one sigma for each row. The updates are pure functions over rows
at different steps; `engine` calls them and keeps what a row must remember. They must not know
UNets, prompts or devices.
"""

from __future__ import annotations

import torch
from torch import Tensor


def start(noise: Tensor, sigma: float) -> Tensor:
    """The first x of a row (C, h, w) from unit noise, at the schedule's first sigma.

    Its variance is that of a noised unit-variance picture, `1 + sigma^2`, as in training.
    """
    return noise * (1 + sigma**2) ** 0.5


def euler_step(x: Tensor, x0: Tensor, sigma: Tensor, sigma_next: Tensor) -> Tensor:
    """Euler's method along dx/dsigma = (x - x0) / sigma (Karras et al. 2022, algorithm 1).

    x, x0: (B, C, h, w); sigma > sigma_next >= 0: (B,). Returns x at sigma_next.
    """
    ratio = _column(sigma_next / sigma)
    return x0 + ratio * (x - x0)


def euler_ancestral_step(
    x: Tensor, x0: Tensor, sigma: Tensor, sigma_next: Tensor, noise: Tensor
) -> Tensor:
    """Euler's method to below sigma_next, then new noise up to it (ancestral sampling, eta 1).

    Shapes as in `euler_step`; noise is (B, C, h, w), unit normal, one draw for each row and step.
    """
    up = torch.sqrt(sigma_next**2 * (sigma**2 - sigma_next**2) / sigma**2)
    down = torch.sqrt((sigma_next**2 - up**2).clamp(min=0))
    return euler_step(x, x0, sigma, down) + _column(up) * noise


def dpmpp_2m_step(
    x: Tensor,
    x0: Tensor,
    sigma: Tensor,
    sigma_next: Tensor,
    *,
    x0_before: Tensor,
    sigma_before: Tensor,
) -> Tensor:
    """DPM-Solver++(2M), midpoint form (Lu et al. 2022, arXiv:2211.01095, algorithm 2).

    Shapes as in `euler_step`; `x0_before` and `sigma_before` are of the step before. A row without
    one passes `sigma_before = inf`, and takes a first-order step; so does a step to sigma 0.
    """
    h = torch.log(sigma / sigma_next)
    h_before = torch.log(sigma_before / sigma)
    # 1 / (2 r) with r = h_before / h; nothing to extrapolate from, or to, means weight 0.
    usable = torch.isfinite(h) & torch.isfinite(h_before) & (h_before > 0)
    weight = torch.where(usable, h / (2 * h_before), torch.zeros_like(h))
    slope = x0 + _column(weight) * (x0 - x0_before)
    return slope + _column(sigma_next / sigma) * (x - slope)


def _column(values: Tensor) -> Tensor:
    """(B,) to (B, 1, 1, 1), to scale pictures with."""
    return values[:, None, None, None]
