"""The denoiser's scalings are exact, guidance is per row, and one call serves all rows."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.catalogue.card import Prediction
from models.engine.denoiser import Conditions, Denoiser, Levels, c_in, x0_of
from models.engine.embedding import Embedding
from models.engine.schedule import Schedule
from tests.stages.tiny_models import SCHEDULE, _unet

LEVELS = Levels(Schedule.from_config(SCHEDULE).train_sigmas, torch.device("cpu"))


class Counted(nn.Module):
    """A UNet that counts its calls and remembers the width of the last."""

    def __init__(self, unet: nn.Module) -> None:
        super().__init__()
        self.unet = unet
        self.calls = 0
        self.width = 0

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        self.width = len(x)
        return self.unet(x, *args, **kwargs)


@pytest.fixture(scope="module")
def unet() -> nn.Module:
    torch.manual_seed(1)
    return _unet().eval()


def conditions(guidance: list[float]) -> Conditions:
    generator = torch.Generator().manual_seed(5)
    count = len(guidance)
    guided = tuple(scale != 1 for scale in guidance)
    return Conditions(
        embedding=Embedding(tokens=torch.randn(count + sum(guided), 77, 16, generator=generator)),
        guidance=torch.tensor(guidance),
        guided=guided,
    )


@pytest.mark.parametrize("prediction", Prediction)
def test_the_true_output_gives_back_the_true_picture(prediction: Prediction) -> None:
    torch.manual_seed(0)
    x0, noise = torch.randn(3, 4, 8, 8), torch.randn(3, 4, 8, 8)
    sigma = torch.tensor([14.6, 1.0, 0.03])
    level = sigma[:, None, None, None]
    alpha = c_in(sigma)
    velocity = alpha * noise - level * alpha * x0
    output = noise if prediction is Prediction.EPSILON else velocity
    torch.testing.assert_close(
        x0_of(output, x0 + level * noise, sigma, prediction), x0, atol=1e-4, rtol=1e-4
    )


def test_timesteps_and_sigmas_are_inverse() -> None:
    timesteps = torch.tensor([0.0, 1.0, 17.25, 500.5, 998.0, 999.0])
    torch.testing.assert_close(
        LEVELS.timestep(LEVELS.sigma(timesteps)), timesteps, atol=2e-2, rtol=0
    )


def test_a_noise_level_beyond_the_table_is_clamped() -> None:
    assert LEVELS.timestep(torch.tensor([0.0, 1e6])).tolist() == [0.0, 999.0]


@torch.inference_mode()
def test_rows_with_different_levels_and_guidance_match_solo_runs(unet: nn.Module) -> None:
    denoise = Denoiser(unet, Prediction.EPSILON, LEVELS)
    x = torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(2))
    sigma = torch.tensor([10.0, 1.5, 0.3])
    cond = conditions([7.0, 1.0, 3.0])
    together = denoise(x, sigma, cond)
    unwanted = iter(cond.embedding.tokens[3:].split(1))
    for row, guided in enumerate(cond.guided):
        tokens = [cond.embedding.tokens[row : row + 1], *([next(unwanted)] if guided else [])]
        alone = Conditions(
            embedding=Embedding(tokens=torch.cat(tokens)),
            guidance=cond.guidance[row : row + 1],
            guided=(guided,),
        )
        solo = denoise(x[row : row + 1], sigma[row : row + 1], alone)
        torch.testing.assert_close(together[row : row + 1], solo, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_guidance_moves_away_from_the_negative(unet: nn.Module) -> None:
    denoise = Denoiser(unet, Prediction.V, LEVELS)
    x, sigma = torch.randn(1, 4, 8, 8), torch.tensor([2.0])
    cond = conditions([3.0])
    positive, negative = (
        denoise.predict(x, sigma, Embedding(tokens=tokens))
        for tokens in cond.embedding.tokens.split(1)
    )
    expected = negative + 3 * (positive - negative)
    torch.testing.assert_close(denoise(x, sigma, cond), expected, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_one_call_serves_all_rows_and_unguided_rows_cost_half(unet: nn.Module) -> None:
    counted = Counted(unet)
    denoise = Denoiser(counted, Prediction.EPSILON, LEVELS)
    x, sigma = torch.randn(3, 4, 8, 8), torch.tensor([5.0, 2.0, 1.0])
    denoise(x, sigma, conditions([7.0, 1.0, 3.0]))
    assert (counted.calls, counted.width) == (1, 5)
    denoise(x, sigma, conditions([1.0, 1.0, 1.0]))
    assert (counted.calls, counted.width) == (2, 3)


@torch.inference_mode()
def test_the_unet_computes_in_its_own_precision_and_the_answer_is_float32(unet: nn.Module) -> None:
    half = _unet().eval().to(torch.bfloat16)
    half.load_state_dict({key: value.bfloat16() for key, value in unet.state_dict().items()})
    x, sigma, cond = torch.randn(2, 4, 8, 8), torch.tensor([5.0, 2.0]), conditions([2.0, 2.0])
    exact = Denoiser(unet, Prediction.EPSILON, LEVELS)(x, sigma, cond)
    rough = Denoiser(half, Prediction.EPSILON, LEVELS)(x, sigma, cond)
    assert rough.dtype is torch.float32
    assert float((rough - exact).abs().mean()) < 0.1
