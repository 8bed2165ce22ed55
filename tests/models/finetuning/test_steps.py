"""One training step against a hand-written reference: the mean over rows, however divided.

The reference takes the rows one after another and averages in plain torch; it shares no code with
how the step divides, weighs or sums its rows.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor

from models.catalogue.card import Prediction
from models.data.batches import Batch
from models.engine.loader import load
from models.engine.schedule import Schedule
from models.finetuning import recipe as recipes
from models.finetuning.material import StepInput
from models.finetuning.steps import Stepper
from models.finetuning.trainee import Trainee, build
from tests.stages.perfect_unet import PerfectUnet
from tests.stages.tiny_finetuning import Place, forget_devices, place, tiny_base

__all__ = ["place", "tiny_base"]

#: Batch, accumulate and rows of one step; a bucket's last step has fewer rows than fit.
SHARES = [(4, 1, 4), (2, 3, 6), (2, 3, 5), (1, 4, 3), (3, 2, 4), (4, 2, 1)]
CLIPPED = 0.05


class Drawn(NamedTuple):
    """One row: its latents and noise (C, h, w), its timestep."""

    x0: Tensor
    noise: Tensor
    time: int


class Latents:
    """Stands for the pictures; returns a row's latents (C, h, w) like `Material`."""

    def __init__(self, rows: int) -> None:
        self._all = torch.randn(rows, 4, 8, 8, generator=torch.Generator().manual_seed(3))

    def latents(self, fed: StepInput, place: int) -> Tensor:
        return self._all[place]


class Bench(NamedTuple):
    """A step about to be taken, and an untouched copy of the trained weights."""

    stepper: Stepper
    untouched: Trainee
    fed: StepInput
    latents: Latents
    schedule: Schedule

    def reference(self) -> tuple[float, dict[str, Tensor]]:
        """The mean loss of the rows and its gradients, from one row after another."""
        rows = len(self.fed)
        each = [self._row(row) for row in range(rows)]
        loss = torch.stack(each).sum() / rows
        learning = {n: p for n, p in self.untouched.named_parameters() if p.requires_grad}
        found = torch.autograd.grad(loss, list(learning.values()), allow_unused=True)
        return float(loss.detach()), {
            name: torch.zeros_like(p) if grad is None else grad
            for (name, p), grad in zip(learning.items(), found, strict=True)
        }

    def _row(self, row: int) -> Tensor:
        """The error of one row: DDPM's eq. 14 (arXiv:2006.11239), for predicted noise."""
        x0, noise, time = self._drawn(row)
        sigma = torch.tensor(self.schedule.train_sigmas[time], dtype=torch.float32)
        noisy = (x0 + sigma * noise) / (sigma**2 + 1).sqrt()
        ids = self.fed.ids[row : row + 1]
        said = self.untouched(noisy[None], torch.tensor([time]), ids)[0]
        return ((said - noise) ** 2).mean()

    def _drawn(self, row: int) -> Drawn:
        x0 = self.latents.latents(self.fed, row)
        noise, time = self.stepper._noise(self.fed.step, row, x0.shape)
        return Drawn(x0, noise, time)

    def step(self) -> tuple[float, float, dict[str, Tensor]]:
        """Loss, gradient norm before clipping, and the gradients passed to the optimizer."""
        told = self.stepper.gradients(self.fed, self.latents)  # type: ignore[arg-type]
        weights = self.stepper.learner.weights
        return told.loss, told.norm, {n: w.grad for n, w in weights.items() if w.grad is not None}


def bench(
    place: Place,
    batch: int,
    accumulate: int,
    rows: int,
    *,
    clip_norm: float,
    prediction: Prediction = Prediction.EPSILON,
) -> Bench:
    path = place.recipe("new", batch=batch, accumulate=accumulate, clip_norm=clip_norm, min_snr=0)
    recipe, parts = recipes.read(path), load(str(place.base), device="cpu")
    trainee = build(recipe, parts, parts.card.defaults.clip_skip)
    untouched = copy.deepcopy(trainee)
    stepper = Stepper(recipe, trainee, parts.schedule, prediction, Accelerator(cpu=True))
    ids = torch.randint(0, 40, (rows, 1, 77), generator=torch.Generator().manual_seed(5))
    fed = StepInput(step=2, epoch=0, batch=Batch((16, 16), tuple(range(rows))), ids=ids)
    return Bench(stepper, untouched, fed, Latents(rows), parts.schedule)


@pytest.fixture(autouse=True)
def fresh_devices() -> Iterator[None]:
    forget_devices()
    yield
    forget_devices()


@pytest.mark.parametrize(("batch", "accumulate", "rows"), SHARES)
def test_a_step_learns_from_the_mean_over_its_rows_however_divided(
    place: Place, batch: int, accumulate: int, rows: int
) -> None:
    ready = bench(place, batch, accumulate, rows, clip_norm=0)
    loss, gradients = ready.reference()
    taken, norm, got = ready.step()
    assert taken == pytest.approx(loss, rel=1e-4)
    together = torch.cat([gradient.flatten() for gradient in gradients.values()])
    assert norm == pytest.approx(float(together.norm()), rel=1e-3)
    assert got.keys() == gradients.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(got[name], gradient, rtol=1e-3, atol=1e-6, msg=name)


def test_the_mean_gradient_is_clipped_and_not_the_rows(place: Place) -> None:
    ready = bench(place, 2, 3, 5, clip_norm=CLIPPED)
    _, gradients = ready.reference()
    _, norm, got = ready.step()
    plain = float(torch.cat([gradient.flatten() for gradient in gradients.values()]).norm())
    assert plain > CLIPPED, "otherwise nothing is clipped"
    assert norm == pytest.approx(plain, rel=1e-3)
    for name, gradient in gradients.items():
        torch.testing.assert_close(got[name], gradient * CLIPPED / plain, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("prediction", Prediction)
def test_a_perfect_unet_has_nothing_to_learn(place: Place, prediction: Prediction) -> None:
    """Fine-tuning's target is what the denoiser needs, at the schedule's noise levels."""
    ready = bench(place, 6, 1, 6, clip_norm=0, prediction=prediction)
    x0 = ready.latents._all
    for kind in Prediction:
        unet = PerfectUnet(x0, ready.schedule, kind)
        ready.stepper._network = lambda *given, unet=unet: unet(*given)[0]
        loss = float(ready.stepper._loss(ready.fed, ready.latents, range(6)))  # type: ignore[arg-type]
        assert (loss < 1e-4) == (kind is prediction), loss
