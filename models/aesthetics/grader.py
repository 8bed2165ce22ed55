"""The network that learns the painter's grades: a tower, its head, and a second head for training.

Called by the training. Must not know where pictures come from.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from models.aesthetics.heads import save_head
from models.aesthetics.painted import FAULTS, Graded
from models.aesthetics.towers import PictureTower, save_tower
from models.aesthetics.window import Window, write_window
from models.training.plain import PlainTraining, train

CHANNELS = (12, 24, 48, 80, 112)
WIDTH = 64
HEAD = "head.safetensors"
#: The approximate centre and spread of grades; the head learns the distance from the centre.
_CENTRE, _SPREAD = 7.0, 2.5
#: Embeddings are scaled to this length for training, so that weights of ordinary size reach every
#: grade; the exported head includes the factor.
_LENGTH = WIDTH**0.5
#: The number of pictures from which the final weights' normalisation statistics are computed.
_BATCH_NORM_PICTURES = 3_200


class Grader(nn.Module):
    """Predicts a picture's grade and faults, both from the tower's unit-length embedding.

    The faults only teach the tower what makes up a grade.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tower = PictureTower(CHANNELS, WIDTH)
        self.grade = nn.Linear(WIDTH, 1)
        self.faults = nn.Linear(WIDTH, len(FAULTS))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures (B, 3, S, S) -> grades (B,), in spreads from the centre; degrees (B, faults)."""
        embedding = _LENGTH * functional.normalize(self.tower(x), dim=-1)
        return self.grade(embedding)[:, 0], self.faults(embedding)


def fit(
    graded: Graded, folder: Path, *, steps: int, batch: int, seed: int, save_every: int = 100
) -> Grader:
    """Learn grades and faults, continuing from a state in the folder if there is one.

    A step's pictures depend only on its number, so a resumed run sees the same as an unbroken one.
    Raises EngineError and StoppedError as trainers do.
    """
    torch.manual_seed(seed)
    grader = Grader()
    grades, degrees = torch.from_numpy(graded.grades), torch.from_numpy(graded.degrees)

    def loss(step: int) -> tuple[torch.Tensor, int]:
        rows = np.random.default_rng((seed, step)).integers(0, len(grades), batch)
        cuts = graded.cuts[rows]
        grade, faults = grader(network_input(cuts if step % 2 else cuts[:, :, ::-1]))
        error = grade - (grades[rows] - _CENTRE) / _SPREAD
        return error.square().mean() + (faults - 2 * degrees[rows]).square().mean(), len(rows)

    training = PlainTraining(
        {"grader": grader}, loss, steps=steps, lr=2e-3, decay=0.98, save_every=save_every
    )
    train(training, folder)
    _recompute_batch_norm(grader.tower, graded.cuts)
    return grader.eval()


def network_input(cuts: np.ndarray) -> torch.Tensor:
    """Cuts uint8 (B, S, S, 3) -> the input of a tower, float32 (B, 3, S, S)."""
    return torch.from_numpy(Window().normalise(cuts)).permute(0, 3, 1, 2)


def export(grader: Grader, folder: Path) -> None:
    """Write tower, window and head in the form that the scorer reads."""
    save_tower(grader.tower, folder)
    write_window(Window(), folder)
    grade = grader.grade
    save_head(_SPREAD * _LENGTH * grade.weight, _CENTRE + _SPREAD * grade.bias, folder / HEAD)


@torch.no_grad()
def _recompute_batch_norm(tower: nn.Module, cuts: np.ndarray) -> None:
    """Recompute the normalisation statistics for the averaged weights, as a plain average."""
    for module in tower.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    tower.train()
    for start in range(0, min(len(cuts), _BATCH_NORM_PICTURES), 64):
        tower(network_input(cuts[start : start + 64]))
