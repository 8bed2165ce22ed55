"""Muon: momentum with an orthogonalised update, for matrices and convolutions.

Called by the pre-training. K. Jordan et al. 2024 (github.com/KellerJordan/Muon), with the update
scaled to Adam's usual size as in Liu et al. 2025 (arXiv 2502.16982, section 2.2), so that one
learning rate serves both. `torch.optim.Muon` takes no convolutions. Must not know what the weights
mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

#: Coefficients of the quintic Newton-Schulz iteration.
A, B, C = 3.4445, -4.7750, 2.0315


def orthogonal(g: Tensor, rounds: int = 5) -> Tensor:
    """The approximate nearest semi-orthogonal matrix: (..., n, m), any float type, same shape back.

    Every round multiplies x by a polynomial of s = x x'. These all commute, so the rounds work on
    the square s alone and x is touched twice: a matrix ten times as wide as high costs a quarter of
    the time, a square one a little more. It runs in float32, because the singular values of s are
    the squares of those of x; if a GPU rounds to TF32 they end within 0.5 to 1.8 instead of 1.2.
    """
    x = g.float()
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    s = x @ x.mT
    one = torch.eye(s.shape[-1], device=s.device)
    product = None
    for rounds_left in reversed(range(rounds)):
        polynomial = A * one + B * s + C * s @ s
        product = polynomial if product is None else polynomial @ product
        if rounds_left:
            s = polynomial @ s @ polynomial
    x = x if product is None else product @ x
    return (x.mT if tall else x).to(g.dtype)


class Muon(torch.optim.Optimizer):
    """Updates weights of two and more dimensions; all dimensions but the first are flattened.

    Matrices of one shape are processed together, which keeps a GPU busy.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        *,
        lr: float = 1e-3,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  the base's overloads
        """One update from the current gradients; no closure is supported."""
        assert closure is None
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = {}
            for p in group["params"]:
                if p.grad is not None:
                    by_shape.setdefault(p.shape, []).append(p)
            for alike in by_shape.values():
                self._update(alike, group)

    def _update(self, alike: list[Tensor], group: dict[str, Any]) -> None:
        """Nesterov momentum, orthogonalised, for weights of one shape."""
        flat = torch.stack(
            [self._nesterov_gradient(p, group["momentum"]).flatten(1) for p in alike]
        )
        size = 0.2 * max(flat.shape[-2:]) ** 0.5
        for p, update in zip(alike, orthogonal(flat), strict=True):
            p.mul_(1 - group["lr"] * group["weight_decay"])
            p.add_(update.view_as(p), alpha=-group["lr"] * size)

    def _nesterov_gradient(self, p: Tensor, momentum: float) -> Tensor:
        assert p.grad is not None
        mean = self.state[p].setdefault("mean", torch.zeros_like(p))
        mean.lerp_(p.grad, 1 - momentum)
        return p.grad.lerp(mean, momentum)
