"""Bounded reward fine-tuning: the model's own pictures are pulled towards what is liked.

ReFL (Xu et al. 2023, arXiv:2304.05977, algorithm 1) with two brakes: the reward hardly counts once
it has risen enough, and what is said may not go far from what the reference says. A picture is
noised, its x0 is guessed once with guidance, decoded, and looked at; the gradient goes all the way
back. Called by `run`. It must not know where the reward came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from models.engine.loader import Components
from models.measuring.features import FeatureFunction
from models.preference.losses import bounded
from models.preference.tuning import Student
from models.training.exhibits import Errors, Exhibit, Exhibits, Says
from models.training.objective import Objective

#: Of the training timesteps, from here to there: earlier nothing is decided any more, later one
#: guess of x0 is no picture yet.
SPAN = (0.3, 0.8)
#: What a squared difference from what the reference says costs.
_STAY = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pull:
    """A reward with gradients: features of pixels, their weights (d,), the reward's spread."""

    look: FeatureFunction
    weights: Tensor
    spread: float

    def of(self, pixels: Tensor) -> Tensor:
        """The reward (B,) of pixels (B, 3, H, W) in 0..1, in its standard deviations."""
        # What looks is small and stays in main memory; gradients find their way back.
        seen = self.look(pixels.cpu()) @ self.weights / self.spread
        return seen.to(pixels.device)


class Pulling:
    """The loss of a step: how much more its pictures should be liked, and how far they strayed."""

    def __init__(self, pull: Pull, parts: Components, exhibits: Exhibits) -> None:
        self._pull, self._parts, self._exhibits = pull, parts, exhibits
        self._objective = Objective(parts.schedule, parts.card.prediction, parts.device)

    def loss(self, rows: Sequence[Exhibit], student: Student, step: int, seed: int) -> Tensor:
        """0-d; the rows' pictures are those that the parent drew."""
        errors = Errors(rows, self._exhibits, self._objective, step, seed, span=SPAN)
        before = self._guided(errors, student.reference, rows)
        with torch.no_grad():
            usual = self._pull.of(self._decoded(errors, before))
        said = self._guided(errors, student.says, rows)
        gain = self._pull.of(self._decoded(errors, said)) - usual
        return bounded(gain).mean() + _STAY * (said - before).square().mean()

    def _guided(self, errors: Errors, says: Says, rows: Sequence[Exhibit]) -> Tensor:
        """What a network says with the guidance that its pictures are drawn with."""
        scale = self._parts.card.defaults.guidance
        wanted = errors.said(says)
        if scale == 1:
            return wanted
        unwanted = errors.said(says, self._exhibits.unwanted.expand(len(rows), -1, -1))
        return unwanted + scale * (wanted - unwanted)

    def _decoded(self, errors: Errors, said: Tensor) -> Tensor:
        """The pixels (B, 3, H, W), around 0..1, that what was said means."""
        vae: Any = self._parts.vae
        latents = self._parts.family.unscale(vae, self._objective.x0(said, errors.posed))
        return vae.decode(latents, return_dict=False)[0] / 2 + 0.5
