"""The losses for learning from judgements, from the errors of a network and of its reference.

An error is the mean squared error of a row's output against its target, so noise and velocity work
alike; both sides of a pair get the same noise at the same level. Called by `tuning`. Must not know
networks or where judgements come from.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def gains(errors: Tensor, reference: Tensor, beta: float) -> Tensor:
    """Each row's gain (N,) over the reference: its implicit reward.

    beta (|e_ref|^2 - |e|^2): the bracket of Diffusion-DPO's eq. 14 (Wallace et al. 2023,
    arXiv:2311.12908) with T omega(lambda) taken as constant, as its authors do. Means over a row's
    values replace their sums, so beta includes their count.
    """
    return beta * (reference - errors)


def dpo(winners: Tensor, losers: Tensor) -> Tensor:
    """Diffusion-DPO (eq. 14) for each pair (N,) of gains: -log sigmoid(winner - loser)."""
    return -functional.logsigmoid(winners - losers)


def robust_dpo(winners: Tensor, losers: Tensor, noise: float) -> Tensor:
    """DPO for judgements of which a share `noise` (0 to less than 0.5) is the wrong way round.

    ((1 - e) l(w, l) - e l(l, w)) / (1 - 2 e): its mean over such judgements equals that of `dpo`
    over correct ones (Ray Chowdhury et al. 2024, arXiv:2403.00409, eq. 12).
    """
    right, wrong = dpo(winners, losers), dpo(losers, winners)
    return ((1 - noise) * right - noise * wrong) / (1 - 2 * noise)


def kto(rewards: Tensor, signs: Tensor, q_ref: Tensor) -> Tensor:
    """Diffusion-KTO for each row (N,): 1 - sigmoid(sign (gain - Q_ref)).

    Li et al. 2024 (arXiv:2404.04465, eq. 9) with the sigmoid as utility; `signs` are 1 for liked
    and -1 for disliked rows, `q_ref` (0-d) is the batch's Q_ref of `reference_point`.
    """
    return 1 - torch.sigmoid(signs * (rewards - q_ref))


def reference_point(rewards: Tensor) -> Tensor:
    """Q_ref of Diffusion-KTO: the batch's mean gain, not below 0, and without gradient."""
    return rewards.detach().mean().clamp(min=0)


def bounded(gain: Tensor, enough: float = 0.3, sharpness: float = 3.0) -> Tensor:
    """The loss of reward fine-tuning: once the reward has risen `enough`, more hardly lowers it.

    softplus(-s (gain - enough)) / s, with `gain` over the parent model in standard deviations of
    the reward. An unbounded reward is soon earned by ruining the picture.
    """
    return functional.softplus(-sharpness * (gain - enough)) / sharpness
