"""A network that memorised one picture of each pair agrees with the voters who liked it."""

from __future__ import annotations

import torch
from torch import nn

from models.catalogue.card import Prediction
from models.data.evidence import Preference
from models.engine.schedule import Schedule
from models.measuring.gate.agreeing import agreements
from models.training.judged_pictures import JudgedPictures
from models.training.objective import Objective
from tests.stages.tiny_models import SCHEDULE

SHAPE = (4, 4, 4)


class Biased(nn.Module):
    """Predicts the noise of pictures it knows, else zero; called like diffusers' UNets."""

    def __init__(self, known: list[torch.Tensor], objective: Objective) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self._known, self._objective = known, objective

    def forward(
        self, shown: torch.Tensor, times: torch.Tensor, *_: object, **__: object
    ) -> tuple[torch.Tensor]:
        answers = torch.zeros_like(shown)
        for x0 in self._known:
            task = self._objective.make_task(x0.expand_as(shown), torch.zeros_like(shown), times)
            noise = (shown - task.unet_input) * (1 + task.sigma[:, None, None, None] ** -2) ** 0.5
            known = (noise.flatten(1).std(1) - 1).abs() < 0.4
            answers[known] = noise[known]
        return (answers,)


def exhibits(count: int) -> tuple[JudgedPictures, list[Preference]]:
    torch.manual_seed(0)
    names = [f"{i}" for i in range(2 * count)]
    latents = {name: 9 * torch.randn(SHAPE) for name in names}
    words = {name: torch.zeros(3, 8) for name in names}
    pairs = [
        Preference(better=a, worse=b, weight=0.5)
        for a, b in zip(names[::2], names[1::2], strict=True)
    ]
    return JudgedPictures(latents=latents, words=words, negative=torch.zeros(3, 8)), pairs


def test_agreement_follows_the_memorised_pictures() -> None:
    objective = Objective(Schedule.from_config(SCHEDULE), Prediction.EPSILON, torch.device("cpu"))
    shown, pairs = exhibits(6)
    nothing = Biased([], objective)
    right = Biased([shown.latents[pair.better] for pair in pairs], objective)
    wrong = Biased([shown.latents[pair.worse] for pair in pairs], objective)
    assert agreements(nothing, right, objective, shown, pairs) == [True] * 6
    assert agreements(nothing, wrong, objective, shown, pairs) == [False] * 6
    assert agreements(right, right, objective, shown, pairs) == [False] * 6, "nothing was gained"
