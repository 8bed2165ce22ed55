"""Bounded reward fine-tuning: pulls the model's own pictures towards what people like.

ReFL (Xu et al. 2023, arXiv:2304.05977, algorithm 1) with two brakes: the reward hardly counts once
it has risen enough, and straying from the reference's output costs. A picture is noised, its x0 is
predicted once with guidance, decoded, and rewarded; the gradient flows all the way back. Called by
`run`. Must not know where the reward came from.
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
from models.training.judged_pictures import Errors, JudgedPictures, PredictFunction, StepPicture
from models.training.objective import Objective

#: The part of the training timesteps that is used: at lower ones everything is decided already, at
#: higher ones a single prediction of x0 is no picture yet.
TIMESTEP_SPAN = (0.3, 0.8)
#: The cost of the squared difference from the reference's output.
_STRAY_COST = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pull:
    """A reward with gradients: features of pixels, their weights (d,), the reward's spread."""

    look: FeatureFunction
    weights: Tensor
    spread: float

    def reward(self, pixels: Tensor) -> Tensor:
        """The reward (B,) of pixels (B, 3, H, W) in 0..1, in its standard deviations."""
        # The feature network is small and stays in main memory; gradients flow back to the device.
        rewards = self.look(pixels.cpu()) @ self.weights / self.spread
        return rewards.to(pixels.device)


class PullLoss:
    """The loss of a step: the reward that its pictures lack, and how far their outputs strayed."""

    def __init__(self, pull: Pull, parts: Components, pictures: JudgedPictures) -> None:
        self._pull, self._parts, self._pictures = pull, parts, pictures
        self._objective = Objective(parts.schedule, parts.card.prediction, parts.device)

    def loss(self, rows: Sequence[StepPicture], student: Student, step: int, seed: int) -> Tensor:
        """The loss, 0-d, of rows whose pictures the parent drew."""
        errors = Errors(rows, self._pictures, self._objective, step, seed, span=TIMESTEP_SPAN)
        reference_output = self._guided_output(errors, student.reference, rows)
        with torch.no_grad():
            reference_reward = self._pull.reward(self._decode(errors, reference_output))
        output = self._guided_output(errors, student.predict, rows)
        gain = self._pull.reward(self._decode(errors, output)) - reference_reward
        return bounded(gain).mean() + _STRAY_COST * (output - reference_output).square().mean()

    def _guided_output(
        self, errors: Errors, predict: PredictFunction, rows: Sequence[StepPicture]
    ) -> Tensor:
        """A network's output with the guidance that its pictures are drawn with."""
        scale = self._parts.card.defaults.guidance
        positive = errors.output(predict)
        if scale == 1:
            return positive
        negative = errors.output(predict, self._pictures.negative.expand(len(rows), -1, -1))
        return negative + scale * (positive - negative)

    def _decode(self, errors: Errors, output: Tensor) -> Tensor:
        """The pixels (B, 3, H, W), around 0..1, that an output implies."""
        vae: Any = self._parts.vae
        latents = self._parts.family.unscale(vae, self._objective.x0(output, errors.task))
        return vae.decode(latents, return_dict=False)[0] / 2 + 0.5
