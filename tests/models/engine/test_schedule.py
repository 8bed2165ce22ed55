"""The noise levels of every sampler's steps equal diffusers' own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from diffusers import DDPMScheduler

from models.contract import EngineError, Sampler
from models.engine.samplers import SOLVERS
from models.engine.schedule import Points, Schedule, Spacing
from tests.stages.published import config, published_sampler, published_sigmas
from tests.stages.tiny_models import SCHEDULE

# diffusers passes a tensor to numpy in a way that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SPACINGS = ("leading", "linspace", "trailing")
#: Diffusers' Euler a has no Karras table; ours uses Euler's.
KARRAS = [kind for kind in Sampler if kind is not Sampler.EULER_A]


@pytest.mark.parametrize("kind", Sampler)
@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("steps", [1, 7, 20, 50])
def test_sigmas_equal_diffusers(kind: Sampler, spacing: str, steps: int) -> None:
    reference = published_sampler(kind, timestep_spacing=spacing)
    reference.set_timesteps(steps)
    sigmas = Schedule.from_config(config(timestep_spacing=spacing)).sigmas(
        steps, SOLVERS[kind].points
    )
    np.testing.assert_allclose(sigmas, published_sigmas(reference).numpy(), rtol=2e-4)


@pytest.mark.parametrize("kind", KARRAS)
@pytest.mark.parametrize("spacing", SPACINGS)
def test_karras_sigmas_equal_diffusers(kind: Sampler, spacing: str) -> None:
    reference = published_sampler(kind, timestep_spacing=spacing, use_karras_sigmas=True)
    reference.set_timesteps(12)
    schedule = Schedule.from_config(config(timestep_spacing=spacing, use_karras_sigmas=True))
    sigmas = schedule.sigmas(12, SOLVERS[kind].points)
    np.testing.assert_allclose(sigmas, published_sigmas(reference).numpy(), rtol=2e-4)


def test_zero_terminal_snr_equals_diffusers() -> None:
    fields = {"timestep_spacing": "trailing", "rescale_betas_zero_snr": True}
    reference = published_sampler(Sampler.EULER, **fields)
    reference.set_timesteps(10)
    sigmas = Schedule.from_config(config(**fields)).sigmas(10, Points())
    assert sigmas[0] == pytest.approx(4096, rel=1e-3)
    np.testing.assert_allclose(sigmas, reference.sigmas.numpy(), rtol=2e-3)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("EulerDiscreteScheduler", "linspace"), ("PNDMScheduler", "leading")],
)
def test_an_old_config_without_spacing_gets_its_class_default(name: str, expected: str) -> None:
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
def test_an_unsupported_schedule_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(EngineError, match=r"scheduler_config\.json"):
        Schedule.from_config(config(**wrong))


@pytest.mark.parametrize("steps", [0, -1, 1001])
def test_an_impossible_number_of_steps_is_refused(steps: int) -> None:
    with pytest.raises(ValueError, match="steps"):
        Schedule.from_config(config()).sigmas(steps, Points())


def test_spacing_names_are_diffusers_names() -> None:
    assert tuple(sorted(Spacing)) == SPACINGS


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"beta_schedule": "linear"},
        {
            "beta_schedule": "linear",
            "num_train_timesteps": 500,
            "beta_start": 0.001,
            "beta_end": 0.01,
        },
        {"beta_schedule": "scaled_linear", "num_train_timesteps": 500},
        {"trained_betas": [0.1, 0.2, 0.3]},
    ],
)
def test_the_training_noise_levels_equal_diffusers(fields: dict[str, Any]) -> None:
    """Fields that a file leaves out take diffusers' defaults."""
    reference = DDPMScheduler(**fields).alphas_cumprod.double().numpy()
    schedule = Schedule.from_config(fields)
    np.testing.assert_allclose(
        schedule.train_sigmas, np.sqrt((1 - reference) / reference), rtol=1e-3
    )
    assert (schedule.offset, schedule.karras) == (0, False)


def test_a_flow_model_is_refused_by_either_mark() -> None:
    for mark in ({"_class_name": "FlowMatchEulerDiscreteScheduler"}, {"use_flow_sigmas": True}):
        with pytest.raises(EngineError, match="flow"):
            Schedule.from_config(SCHEDULE | mark)
