"""The schedules and samplers equal diffusers' own, and rows do not disturb each other."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
)
from torch import Tensor

from models.catalogue.card import Prediction
from models.contract import EngineError, Sampler
from models.engine import samplers as ours
from models.engine.denoiser import Levels, c_in, x0_of
from models.engine.schedule import Schedule, Spacing
from tests.stages.tiny_models import SCHEDULE, _unet

# diffusers hands a tensor to numpy in a way that numpy 2 will give up.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

THEIRS: dict[Sampler, Any] = {
    Sampler.EULER: EulerDiscreteScheduler,
    Sampler.EULER_A: EulerAncestralDiscreteScheduler,
    Sampler.DPMPP_2M: DPMSolverMultistepScheduler,
}
SPACINGS = ("leading", "linspace", "trailing")


def config(**changes: Any) -> dict[str, Any]:
    return {**SCHEDULE, "_class_name": "EulerDiscreteScheduler"} | changes


def theirs(kind: Sampler, **changes: Any) -> Any:
    fields = {name: value for name, value in config(**changes).items() if name[0] != "_"}
    return THEIRS[kind](**fields)


@pytest.fixture(scope="module")
def unet() -> Any:
    torch.manual_seed(1)
    return _unet().eval()


@pytest.mark.parametrize("kind", Sampler)
@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("steps", [1, 7, 20, 50])
def test_sigmas_equal_diffusers(kind: Sampler, spacing: str, steps: int) -> None:
    reference = theirs(kind, timestep_spacing=spacing)
    reference.set_timesteps(steps)
    schedule = Schedule.from_config(config(timestep_spacing=spacing))
    np.testing.assert_allclose(schedule.sigmas(steps, kind), reference.sigmas.numpy(), rtol=2e-4)


@pytest.mark.parametrize("kind", [Sampler.EULER, Sampler.DPMPP_2M])
@pytest.mark.parametrize("spacing", SPACINGS)
def test_karras_sigmas_equal_diffusers(kind: Sampler, spacing: str) -> None:
    reference = theirs(kind, timestep_spacing=spacing, use_karras_sigmas=True)
    reference.set_timesteps(12)
    schedule = Schedule.from_config(config(timestep_spacing=spacing, use_karras_sigmas=True))
    np.testing.assert_allclose(schedule.sigmas(12, kind), reference.sigmas.numpy(), rtol=2e-4)


def test_zero_terminal_snr_equals_diffusers() -> None:
    fields = {"timestep_spacing": "trailing", "rescale_betas_zero_snr": True}
    reference = theirs(Sampler.EULER, **fields)
    reference.set_timesteps(10)
    sigmas = Schedule.from_config(config(**fields)).sigmas(10, Sampler.EULER)
    assert sigmas[0] == pytest.approx(4096, rel=1e-3)
    np.testing.assert_allclose(sigmas, reference.sigmas.numpy(), rtol=2e-3)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("EulerDiscreteScheduler", "linspace"), ("PNDMScheduler", "leading")],
)
def test_an_old_config_without_spacing_gets_its_class_habit(name: str, expected: str) -> None:
    silent = {key: value for key, value in SCHEDULE.items() if key != "timestep_spacing"}
    assert Schedule.from_config(silent | {"_class_name": name}).spacing == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"timestep_spacing": "sideways"},
        {"beta_schedule": "squaredcos_cap_v2"},
        {"_class_name": "FlowMatchEulerDiscreteScheduler"},
    ],
)
def test_a_schedule_that_is_not_supported_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(EngineError, match=r"scheduler_config\.json"):
        Schedule.from_config(config(**wrong))


@pytest.mark.parametrize("steps", [0, -1, 1001])
def test_an_impossible_number_of_steps_is_refused(steps: int) -> None:
    with pytest.raises(ValueError, match="steps"):
        Schedule.from_config(config()).sigmas(steps, Sampler.EULER)


def draw_theirs(unet: Any, kind: Sampler, steps: int, noise: Tensor, **changes: Any) -> Tensor:
    """Diffusers' own loop, as its pipelines run it."""
    reference = theirs(kind, **changes)
    reference.set_timesteps(steps)
    x = noise * reference.init_noise_sigma
    generator = torch.Generator().manual_seed(7)
    extra = {"generator": generator} if kind is not Sampler.DPMPP_2M else {}
    for t in reference.timesteps:
        output = unet(reference.scale_model_input(x, t), t, context(), return_dict=False)[0]
        x = reference.step(output, t, x, return_dict=False, **extra)[0]
    return x


def draw_ours(unet: Any, kind: Sampler, steps: int, first: Tensor, **changes: Any) -> Tensor:
    """The same picture through our tables, scalings and updates."""
    settings = config(**changes)
    schedule = Schedule.from_config(settings)
    levels = Levels(schedule.train_sigmas, torch.device("cpu"))
    prediction = Prediction(settings["prediction_type"])
    generator = torch.Generator().manual_seed(7)
    sigmas = [torch.tensor([sigma]) for sigma in schedule.sigmas(steps, kind)]
    x, x0_before, sigma_before = first, torch.zeros_like(first), torch.tensor([torch.inf])
    for sigma, sigma_next in pairwise(sigmas):
        output = unet(x * c_in(sigma), levels.timestep(sigma), context(), return_dict=False)[0]
        x0 = x0_of(output, x, sigma, prediction)
        if kind is Sampler.EULER:
            x = ours.euler_step(x, x0, sigma, sigma_next)
        elif kind is Sampler.EULER_A:
            noise = torch.randn(x.shape, generator=generator)
            x = ours.euler_ancestral_step(x, x0, sigma, sigma_next, noise)
        else:
            x = ours.dpmpp_2m_step(
                x, x0, sigma, sigma_next, x0_before=x0_before, sigma_before=sigma_before
            )
        x0_before, sigma_before = x0, sigma
    return x


def context() -> Tensor:
    return torch.randn(1, 77, 16, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("kind", Sampler)
@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("prediction", Prediction)
@torch.inference_mode()
def test_a_whole_picture_equals_diffusers(
    unet: Any, kind: Sampler, spacing: str, prediction: Prediction
) -> None:
    changes = {"timestep_spacing": spacing, "prediction_type": prediction.value}
    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = draw_theirs(unet, kind, 9, noise, **changes)
    sigma = Schedule.from_config(config(**changes)).sigmas(9, kind)[0]
    # Euler's classes begin at sigma unless the spacing is leading; that choice is not under test.
    plain = kind is not Sampler.DPMPP_2M and spacing != "leading"
    first = noise * sigma if plain else ours.start(noise, sigma)
    drawn = draw_ours(unet, kind, 9, first, **changes)
    torch.testing.assert_close(drawn, expected, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("kind", Sampler)
def test_rows_at_different_levels_step_as_they_would_alone(kind: Sampler) -> None:
    torch.manual_seed(0)
    x, x0, noise, before = (torch.randn(3, 4, 8, 8) for _ in range(4))
    sigma = torch.tensor([14.0, 3.0, 0.2])
    sigma_next = torch.tensor([9.0, 2.5, 0.0])
    sigma_before = torch.tensor([torch.inf, 5.0, 0.4])

    def update(at: slice) -> Tensor:
        state = (x[at], x0[at], sigma[at], sigma_next[at])
        if kind is Sampler.EULER:
            return ours.euler_step(*state)
        if kind is Sampler.EULER_A:
            return ours.euler_ancestral_step(*state, noise[at])
        return ours.dpmpp_2m_step(*state, x0_before=before[at], sigma_before=sigma_before[at])

    together = update(slice(0, 3))
    for row in range(3):
        torch.testing.assert_close(together[row : row + 1], update(slice(row, row + 1)))
    torch.testing.assert_close(together[2], x0[2])  # at sigma 0 the picture is x0


def test_the_first_picture_has_the_variance_of_training() -> None:
    noise = torch.randn(4, 64, 64, generator=torch.Generator().manual_seed(0))
    assert float(ours.start(noise, 3.0).var()) == pytest.approx(10.0, rel=0.05)


def test_spacing_names_are_diffusers_names() -> None:
    assert tuple(sorted(Spacing)) == SPACINGS
