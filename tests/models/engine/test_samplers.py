"""The samplers equal diffusers' own, and rows do not disturb each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from models.catalogue.card import Prediction
from models.contract import Sampler
from models.engine import samplers as ours
from models.engine.denoiser import Levels, c_in, x0_of
from models.engine.samplers import SOLVERS, Descent
from models.engine.schedule import Schedule
from tests.stages.published import PUBLISHED, config, draw_with, published_sampler
from tests.stages.tiny_models import _unet

# diffusers passes a tensor to numpy in a way that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SPACINGS = ("leading", "linspace", "trailing")
SHAPE = (4, 8, 8)
CONTEXT = torch.randn(1, 77, 16, generator=torch.Generator().manual_seed(3))
#: Diffusers' DDIM uses equal strides, which linspace's timesteps do not match.
COMPARABLE = [
    (kind, spacing)
    for kind in Sampler
    for spacing in SPACINGS
    if (kind, spacing) != (Sampler.DDIM, "linspace")
]
Denoise = Callable[[Tensor, Tensor], Tensor]


@pytest.fixture(scope="module")
def unet() -> Any:
    torch.manual_seed(1)
    return _unet().eval()


def descent(kind: Sampler, steps: int, seed: int = 0, **changes: Any) -> Descent:
    """A row of the tiny model before its first step."""
    schedule = Schedule.from_config(config(**changes))
    return ours.begin(kind, schedule, steps, shape=SHAPE, seed=seed, device=torch.device("cpu"))


def denoise_of(unet: Any, **changes: Any) -> Denoise:
    """The tiny model's x0 from rows and their noise levels."""
    settings = config(**changes)
    levels = Levels(Schedule.from_config(settings).train_sigmas, torch.device("cpu"))
    prediction = Prediction(settings["prediction_type"])

    def denoise(x: Tensor, sigma: Tensor) -> Tensor:
        context = CONTEXT.expand(len(x), -1, -1)
        output = unet(x * c_in(sigma), levels.timestep(sigma), context, return_dict=False)[0]
        return x0_of(output, x, sigma, prediction)

    return denoise


def tick(rows: Sequence[Descent], denoise: Denoise) -> None:
    """One evaluation of the rows, as in the engine."""
    x = torch.stack([row.x for row in rows])
    ours.advance(rows, x, denoise(x, torch.tensor([row.sigma for row in rows])))


def run(row: Descent, denoise: Denoise) -> Tensor:
    """Run the row to its end, alone."""
    return run_steps(row, denoise, len(row.sigmas) - 1)


def run_steps(row: Descent, denoise: Denoise, steps: int) -> Tensor:
    """The row after `steps` whole steps."""
    while row.step < steps:
        tick([row], denoise)
    return row.x


def test_the_table_has_a_solver_for_every_sampler() -> None:
    assert set(SOLVERS) == set(Sampler)
    assert set(PUBLISHED) == set(Sampler), "each is compared with a published one"
    assert all(method.evaluations >= 1 for method in SOLVERS.values())
    assert all(Sampler(kind.value) is kind for kind in Sampler)
    assert len({kind.label for kind in Sampler}) == len(Sampler)


@pytest.mark.parametrize(("kind", "spacing"), COMPARABLE)
@pytest.mark.parametrize("prediction", Prediction)
@torch.inference_mode()
def test_a_whole_picture_equals_diffusers(
    unet: Any, kind: Sampler, spacing: str, prediction: Prediction
) -> None:
    changes = {"timestep_spacing": spacing, "prediction_type": prediction.value}
    reference = published_sampler(kind, **changes)
    noise = torch.randn(1, *SHAPE, generator=torch.Generator().manual_seed(0))
    expected = draw_with(reference, unet, 10, noise, CONTEXT)
    row = descent(kind, 10, **changes)
    # Euler's classes begin at sigma unless the spacing is leading; that choice is not under test.
    plain = float(reference.init_noise_sigma) == pytest.approx(row.sigma, rel=1e-3)
    row.x = noise[0] * row.sigma if plain else ours.first_x(noise[0], row.sigma)
    row.generator.manual_seed(7)
    drawn = run(row, denoise_of(unet, **changes))
    torch.testing.assert_close(drawn, expected[0], rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("spacing", SPACINGS)
@torch.inference_mode()
def test_ddim_is_equation_12_on_training_timesteps(unet: Any, spacing: str) -> None:
    """Song et al. 2021 (arXiv:2010.02502), eq. 12, with sigma_t = 0 and alpha_0 = 1."""
    reference = published_sampler(Sampler.DDIM, timestep_spacing=spacing)
    reference.set_timesteps(7)
    timesteps = reference.timesteps.tolist()
    row = descent(Sampler.DDIM, 7, timestep_spacing=spacing)
    alphas = [*reference.alphas_cumprod[timesteps], torch.tensor(1.0)]
    x = row.x[None] * alphas[0].sqrt()
    for t, alpha, alpha_next in zip(timesteps, alphas, alphas[1:], strict=False):
        noise = unet(x, t, CONTEXT, return_dict=False)[0]
        predicted_x0 = (x - (1 - alpha).sqrt() * noise) / alpha.sqrt()
        x = alpha_next.sqrt() * predicted_x0 + (1 - alpha_next).sqrt() * noise
    drawn = run(row, denoise_of(unet, timestep_spacing=spacing))
    torch.testing.assert_close(drawn, x[0], rtol=2e-3, atol=2e-3)


@torch.inference_mode()
def test_the_error_of_heun_shrinks_with_the_square_of_the_step() -> None:
    """For normally distributed pictures the path is known: x / sqrt(1 + sigma^2) is constant."""

    def denoise(x: Tensor, sigma: Tensor) -> Tensor:
        return x * c_in(sigma) ** 2

    def error(kind: Sampler, steps: int) -> float:
        row = descent(kind, steps, timestep_spacing="trailing")
        row.sigmas = tuple(float(sigma) for sigma in torch.linspace(4, 1, steps + 1))
        exact = row.x * (2 / 17) ** 0.5
        return float((run_steps(row, denoise, steps) - exact).abs().max())

    orders = {kind: error(kind, 8) / error(kind, 16) for kind in (Sampler.EULER, Sampler.HEUN)}
    assert orders == {
        Sampler.EULER: pytest.approx(2, rel=0.2),
        Sampler.HEUN: pytest.approx(4, rel=0.2),
    }


@torch.inference_mode()
def test_a_two_evaluation_step_takes_two_ticks_except_the_last(unet: Any) -> None:
    denoise = denoise_of(unet)
    row = descent(Sampler.HEUN, 3)
    seen = []
    while not row.done:
        seen.append((row.sigma, row.between_steps))
        tick([row], denoise)
    first, second, third, _ = row.sigmas
    assert seen == [(first, True), (second, False), (second, True), (third, False), (third, True)]


@pytest.mark.parametrize("kind", Sampler)
@torch.inference_mode()
def test_rows_at_different_levels_step_as_they_would_alone(unet: Any, kind: Sampler) -> None:
    denoise = denoise_of(unet)

    def begun() -> list[Descent]:
        """Rows of one sampler after 0 to 4 evaluations, and one of each other kind."""
        rows = [descent(kind, 3 + before, seed=before) for before in range(5)]
        for before, row in enumerate(rows):
            for _ in range(before):
                tick([row], denoise)
        return rows + [descent(other, 5, seed=9) for other in Sampler]

    together, alone = begun(), begun()
    for _ in range(3):
        tick(together, denoise)
        for row in alone:
            tick([row], denoise)
    for one, other in zip(together, alone, strict=True):
        assert (one.step, one.evaluation) == (other.step, other.evaluation)
        torch.testing.assert_close(one.x, other.x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", Sampler)
@torch.inference_mode()
def test_the_last_step_ends_at_the_predicted_picture(unet: Any, kind: Sampler) -> None:
    denoise = denoise_of(unet)
    row = descent(kind, 3)
    run_steps(row, denoise, 2)
    predicted = denoise(row.x[None], torch.tensor([row.sigma]))[0]
    torch.testing.assert_close(run(row, denoise), predicted)


def test_the_starting_noise_has_the_variance_of_training() -> None:
    noise = torch.randn(4, 64, 64, generator=torch.Generator().manual_seed(0))
    assert float(ours.first_x(noise, 3.0).var()) == pytest.approx(10.0, rel=0.05)


def test_a_picture_starts_from_the_noise_of_its_seed() -> None:
    """Whatever else has drawn from torch's own generator meanwhile."""
    schedule = Schedule.from_config(config())

    def begun(seed: int) -> ours.Descent:
        torch.rand(3)
        return ours.begin(
            Sampler.EULER_A, schedule, 4, shape=SHAPE, seed=seed, device=torch.device("cpu")
        )

    first, again, other = begun(5), begun(5), begun(6)
    assert torch.equal(first.x, again.x)
    assert torch.equal(first.noise(), again.noise())
    assert not torch.equal(first.x, other.x)
