"""The training target agrees with what the model is served with; the average averages."""

from __future__ import annotations

import math

import pytest
import torch

from models.catalogue.card import Prediction
from models.engine.denoiser import Denoiser, Levels, c_in, x0_of
from models.engine.embedding import Embedding
from models.engine.schedule import Schedule
from models.training import chance
from models.training.average import Average
from models.training.objective import (
    Curve,
    DenoisingTask,
    Objective,
    learning_rate,
    noised,
    target,
    weights,
)
from tests.stages.perfect_unet import PerfectUnet
from tests.stages.tiny_models import SCHEDULE

CPU = torch.device("cpu")
SIGMA = torch.tensor([0.03, 0.7, 2.0, 14.6])


@pytest.mark.parametrize("prediction", Prediction)
def test_the_target_is_what_the_engine_turns_back_into_the_picture(prediction: Prediction) -> None:
    x0, noise = torch.randn(2, 4, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    x = x0 + SIGMA[:, None, None, None] * noise
    output = target(x0, noise, SIGMA, prediction)
    torch.testing.assert_close(x0_of(output, x, SIGMA, prediction), x0, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(noised(x0, noise, SIGMA), c_in(SIGMA) * x)


class Obedient(torch.nn.Module):
    """A UNet that outputs exactly the objective's target, and records its inputs."""

    def __init__(self, task: DenoisingTask) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.task = task

    def forward(
        self, shown: torch.Tensor, times: torch.Tensor, *_: object, **__: object
    ) -> tuple[torch.Tensor]:
        self.unet_input, self.times = shown, times
        return (self.task.target,)


@pytest.mark.parametrize("kind", ["own", "another's"])
@pytest.mark.parametrize("prediction", Prediction)
def test_drawing_with_the_objectives_target_gives_the_picture(
    prediction: Prediction, kind: str
) -> None:
    """The denoiser gives such a UNet the same input and timestep, and gets x0."""
    schedule = Schedule.from_config(SCHEDULE)
    times = torch.tensor([30, 250, 500, 999])
    x0, noise, other = torch.randn(3, 4, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    objective = Objective(schedule, prediction, CPU)
    task = objective.make_task(x0, noise, times, source=None if kind == "own" else other)
    unet = Obedient(task)
    denoiser = Denoiser(unet, prediction, Levels(schedule.train_sigmas, CPU))
    drawn = denoiser.predict(task.x, task.sigma, Embedding(tokens=torch.zeros(4, 77, 8)))
    torch.testing.assert_close(drawn, x0, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(unet.unet_input, task.unet_input)
    torch.testing.assert_close(unet.times, times.float())
    torch.testing.assert_close(objective.x0(task.target, task), x0, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("prediction", Prediction)
def test_the_loss_of_a_perfect_unet_is_zero(
    prediction: Prediction,
) -> None:
    schedule = Schedule.from_config(SCHEDULE)
    times = torch.tensor([30, 250, 500, 999])
    x0, noise, other = torch.randn(3, 4, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    objective = Objective(schedule, prediction, CPU)
    for seen in (None, other):
        task = objective.make_task(x0, noise, times, source=seen)
        for kind in Prediction:
            answer = PerfectUnet(x0, schedule, kind)(task.unet_input, times)[0]
            wrong = objective.losses(answer, task)
            assert (wrong.max() < 1e-6) == (kind is prediction)


def test_noising_and_velocity_match_diffusers() -> None:
    from diffusers import DDPMScheduler

    fields = {k: v for k, v in SCHEDULE.items() if k.startswith(("beta", "num"))}
    theirs = DDPMScheduler(**fields)
    levels = Levels(Schedule.from_config(SCHEDULE).train_sigmas, torch.device("cpu"))
    times = torch.tensor([0, 1, 500, 999])
    x0, noise = torch.randn(2, 4, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    sigma = levels.sigma(times)
    torch.testing.assert_close(
        noised(x0, noise, sigma), theirs.add_noise(x0, noise, times), rtol=1e-4, atol=1e-4
    )
    velocity = theirs.get_velocity(x0, noise, times)
    torch.testing.assert_close(
        target(x0, noise, sigma, Prediction.V), velocity, rtol=1e-4, atol=1e-4
    )


def test_min_snr_weights_match_the_paper_for_noise_and_velocity() -> None:
    snr = [1 / 0.03**2, 1 / 0.7**2, 0.25, 1 / 14.6**2]
    noise = [min(s, 5) / s for s in snr]
    velocity = [min(s, 5) / (s + 1) for s in snr]
    torch.testing.assert_close(weights(SIGMA, Prediction.EPSILON, 5), torch.tensor(noise))
    torch.testing.assert_close(weights(SIGMA, Prediction.V, 5), torch.tensor(velocity))
    assert weights(SIGMA, Prediction.V, 0).tolist() == [1, 1, 1, 1]


def test_the_noisiest_steps_weigh_as_much_as_the_least_ratio() -> None:
    floored = weights(SIGMA, Prediction.V, 5, snr_min=0.25)
    torch.testing.assert_close(floored[:3], weights(SIGMA, Prediction.V, 5)[:3])
    assert floored[3] == floored[2]


def test_errors_are_weighted_by_pixel() -> None:
    objective = Objective(Schedule.from_config(SCHEDULE), Prediction.V, CPU)
    x0 = torch.zeros(1, 4, 2, 2)
    task = objective.make_task(x0, x0, torch.tensor([500]))
    wrong = torch.zeros(1, 4, 2, 2)
    wrong[..., 0, 0] = 2.0
    counts = torch.tensor([[3.0, 1.0], [0.0, 0.0]])
    assert objective.losses(wrong, task).tolist() == [1.0]
    assert objective.losses(wrong, task, counts).tolist() == [3.0]


def test_the_learning_rate_rises_over_a_twentieth_and_falls_on_a_cosine() -> None:
    rates = [learning_rate(step, 1000, 5e-6, 0.05, Curve.COSINE) for step in range(1000)]
    assert rates[0] == pytest.approx(1e-7)
    assert rates[49] == rates[50] == 5e-6
    assert rates[525] == pytest.approx(2.5e-6)
    assert rates[999] < 5e-10
    assert rates[:50] == sorted(rates[:50])
    assert rates[50:] == sorted(rates[50:], reverse=True)


def test_other_learning_rate_curves_end_at_their_values() -> None:
    def last(curve: Curve) -> float:
        return learning_rate(999, 1000, 1.0, 0.0, curve)

    assert last(Curve.CONSTANT) == 1
    assert last(Curve.LINEAR) == pytest.approx(0.001)
    assert learning_rate(0, 1, 1.0, 0.05, Curve.COSINE) == 1


def test_the_average_matches_the_closed_form() -> None:
    """m_n = sum_i (1 - d_i) w_i prod_{j > i} d_j, with m_0 = w_0 and d warmed up to the decay."""
    decay, steps = 0.6, 40
    walk = torch.randn(steps + 1, 3, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    live = walk[0].float().clone()
    average = Average({"w": live}, decay)
    for step in range(steps):
        live.copy_(walk[step + 1])
        average.update(step)
    kept = [min(decay, (1 + s) / (10 + s)) for s in range(steps)]
    expected = walk[0] * math.prod(kept)
    for step in range(steps):
        expected = expected + walk[step + 1] * (1 - kept[step]) * math.prod(kept[step + 1 :])
    torch.testing.assert_close(average.shadow["w"], expected.float(), rtol=1e-5, atol=1e-6)


def test_the_decay_warms_up_to_its_limit() -> None:
    average = Average({"w": torch.zeros(1)}, 0.9999)
    for step in range(50):
        average.update(step)
    assert average.decay_at(0) == 0.1
    assert average.decay_at(8) == 0.5
    assert average.decay_at(90) == 0.91
    assert average.decay_at(10**6) == 0.9999


def test_the_average_is_swapped_in_only_temporarily() -> None:
    live = torch.ones(2)
    average = Average({"w": live}, 0.5)
    live.zero_()
    average.update(0)
    with average.temporarily_applied():
        assert live.tolist() == pytest.approx([0.1, 0.1])
    assert live.tolist() == [0, 0]
    assert average.shadow["w"].tolist() == pytest.approx([0.1, 0.1])


def test_chance_depends_on_every_part_of_its_name_and_nothing_else() -> None:
    numbers = {
        chance.number(*path) for path in ((0, "a", 1), (1, "a", 1), (0, "b", 1), (0, "a", 2))
    }
    assert len(numbers) == 4
    torch.rand(3)
    first = torch.randn(4, generator=chance.generator(0, "noise", 7, 1))
    torch.rand(3)
    assert torch.equal(first, torch.randn(4, generator=chance.generator(0, "noise", 7, 1)))


@pytest.mark.parametrize("prediction", Prediction)
def test_the_seen_picture_is_noised_at_the_given_timesteps(
    prediction: Prediction,
) -> None:
    schedule = Schedule.from_config(SCHEDULE)
    times = torch.tensor([30, 250, 500, 999])
    x0, noise, other = torch.randn(3, 4, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    objective = Objective(schedule, prediction, CPU)
    assert objective.count == len(schedule.train_sigmas)
    task = objective.make_task(x0, noise, times, source=other)
    level = task.sigma[:, None, None, None]
    torch.testing.assert_close(task.x, other + level * noise, rtol=1e-4, atol=1e-4)
    assert task.times is times
    plain = objective.make_task(x0, noise, times)
    torch.testing.assert_close(plain.x, x0 + level * noise)


@pytest.mark.parametrize("prediction", Prediction)
def test_each_rows_loss_is_scaled_by_its_weight(prediction: Prediction) -> None:
    schedule = Schedule.from_config(SCHEDULE)
    times = torch.tensor([30, 250, 500, 999])
    x0, noise, wrong = torch.randn(3, 4, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    counts = torch.full((8, 8), 0.5)
    counts[:4] = 1.5
    plain = Objective(schedule, prediction, CPU)
    bounded = Objective(schedule, prediction, CPU, snr_max=5.0, snr_min=0.25)
    task = bounded.make_task(x0, noise, times)
    given = weights(task.sigma, prediction, 5.0, 0.25)
    assert len(set(given.tolist())) > 1
    for pixels in (None, counts):
        torch.testing.assert_close(
            bounded.losses(wrong, task, pixels), given * plain.losses(wrong, task, pixels)
        )
