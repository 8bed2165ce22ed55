"""Each loss is its paper's equation, written out here in plain numbers."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from models.catalogue.card import Prediction
from models.engine.schedule import Schedule, Spacing
from models.preference import losses
from models.training.objective import Objective

BETA = 50.0


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def schedule() -> Schedule:
    sigmas = torch.linspace(0.05, 12, 20).double().numpy()
    return Schedule(train_sigmas=sigmas, spacing=Spacing.LEADING)


def said(prediction: Prediction, seed: int) -> tuple[Tensor, ...]:
    """One pair's latents and noise, its level, and the outputs of a network and its reference."""
    g = torch.Generator().manual_seed(seed)
    x0 = torch.randn(2, 3, 2, 2, generator=g)
    noise = torch.randn(1, 3, 2, 2, generator=g).expand(2, -1, -1, -1)
    outputs = torch.randn(2, 2, 3, 2, 2, generator=g)
    objective = Objective(schedule(), prediction, torch.device("cpu"))
    task = objective.make_task(x0, noise, torch.full((2,), 7))
    return x0, noise, task.sigma, objective.losses(outputs[0], task), outputs


@pytest.mark.parametrize("prediction", Prediction)
def test_diffusion_dpo_is_equation_14_in_noise_and_in_velocity(prediction: Prediction) -> None:
    x0, noise, sigma, errors, outputs = said(prediction, 1)
    objective = Objective(schedule(), prediction, torch.device("cpu"))
    task = objective.make_task(x0, noise, torch.full((2,), 7))
    reference = objective.losses(outputs[1], task)
    gained = losses.gains(errors, reference, BETA)
    found = float(losses.dpo(gained[:1], gained[1:]))

    alpha = float((1 + sigma[0] ** 2) ** -0.5)
    wanted = noise if prediction is Prediction.EPSILON else alpha * (noise - sigma[0] * x0)

    def squared(network: int, side: int) -> float:
        return float((wanted[side] - outputs[network][side]).square().mean())

    inside = (squared(0, 0) - squared(1, 0)) - (squared(0, 1) - squared(1, 1))
    assert found == pytest.approx(-math.log(sigmoid(-BETA * inside)), rel=1e-4)


def test_dpo_is_lower_if_the_better_picture_gained_more() -> None:
    more, less = torch.tensor([2.0]), torch.tensor([-1.0])
    assert losses.dpo(more, less) < losses.dpo(less, more)
    assert float(losses.dpo(more, more)) == pytest.approx(math.log(2))


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.3])
def test_robust_dpo_on_noisy_judgements_equals_dpo_on_correct_ones(noise: float) -> None:
    """Equation 12: random errors cancel in the mean."""
    better, worse = torch.tensor([0.7]), torch.tensor([-1.1])
    right, wrong = (
        losses.robust_dpo(better, worse, noise),
        losses.robust_dpo(worse, better, noise),
    )
    assert float((1 - noise) * right + noise * wrong) == pytest.approx(
        float(losses.dpo(better, worse))
    )


def test_diffusion_kto_is_equation_9_with_the_sigmoid() -> None:
    rewards, signs = torch.tensor([0.4, -0.3, 1.2]), torch.tensor([1.0, -1.0, 1.0])
    q_ref = losses.reference_point(rewards)
    assert float(q_ref) == pytest.approx((0.4 - 0.3 + 1.2) / 3)
    each = losses.kto(rewards, signs, q_ref)
    expected = [1 - sigmoid(s * (r - float(q_ref))) for r, s in ((0.4, 1), (-0.3, -1), (1.2, 1))]
    assert each.tolist() == pytest.approx(expected)


def test_the_reference_point_is_never_negative_and_has_no_gradient() -> None:
    rewards = torch.tensor([-3.0, 1.0], requires_grad=True)
    q_ref = losses.reference_point(rewards)
    assert float(q_ref) == 0
    assert not q_ref.requires_grad


def test_a_bounded_reward_hardly_pulls_once_the_gain_is_enough() -> None:
    gain = torch.tensor([-1.0, 0.3, 3.0], requires_grad=True)
    losses.bounded(gain, enough=0.3, sharpness=3.0).sum().backward()
    assert gain.grad is not None
    pulls = (-gain.grad).tolist()
    assert pulls == pytest.approx([sigmoid(3 * (0.3 - g)) for g in (-1.0, 0.3, 3.0)])
    assert pulls[0] > 0.9
    assert pulls[2] < 0.01


def test_a_pick_as_pairs_has_plackett_luces_gradient_at_the_start() -> None:
    """If pictures have gained nothing yet, the pairs' gradient is a multiple of the ranking's.

    Plackett-Luce's loss of a pick is -log softmax at its place (Luce 1959; Plackett 1975).
    """
    whole, paired = (torch.zeros(4, requires_grad=True) for _ in range(2))
    (-functional.log_softmax(whole, 0)[2]).backward()
    losses.dpo(paired[2], paired[[0, 1, 3]]).sum().backward()
    assert whole.grad is not None
    assert paired.grad is not None
    assert whole.grad.tolist() == pytest.approx([0.25, 0.25, -0.75, 0.25])
    assert torch.allclose(paired.grad, 2 * whole.grad)
