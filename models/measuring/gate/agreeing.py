"""Whether a candidate favours preferred pictures more than its parent does: the implicit reward.

The bracket of Diffusion-DPO (Wallace et al. 2023, arXiv:2311.12908, eq. 14), for pairs that no
training used. Called by the command. Must not know files or judgements.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from models.data.evidence import Preference
from models.training.judged_pictures import Errors, JudgedPictures, PlainUnet, StepPicture
from models.training.objective import Objective

#: Evaluations of one pair, each with another noise and noise level.
_EVALUATIONS = 8
#: The gate's own seed for noise.
_SEED = 3_000_000_000


@torch.inference_mode()
def agreements(
    parent: nn.Module,
    candidate: nn.Module,
    objective: Objective,
    judged: JudgedPictures,
    pairs: Sequence[Preference],
) -> list[bool]:
    """For each pair, whether the candidate gained more on its better picture than on its worse."""
    before, after = PlainUnet(parent), PlainUnet(candidate)
    answers: list[bool] = []
    for number, pair in enumerate(pairs):
        errors = Errors(_rows(pair, number), judged, objective, 0, _SEED)
        gains = errors.losses(errors.output(before)) - errors.losses(errors.output(after))
        answers.append(bool(gains[0::2].sum() > gains[1::2].sum()))
    return answers


def _rows(pair: Preference, number: int) -> list[StepPicture]:
    """The pair, repeated per evaluation: better and worse alternate, with the same noise."""
    return [
        StepPicture(name=name, noise_key=number * _EVALUATIONS + evaluation, sign=1)
        for evaluation in range(_EVALUATIONS)
        for name in (pair.better, pair.worse)
    ]
