"""What a step lowers, and that the reference keeps the parent's output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from models.engine.loader import load
from models.preference.course import Course, Loss, Reach
from models.preference.tuning import Student, loss_of
from models.training.judged_pictures import StepPicture
from tests.stages.tiny_preferring import voted_base

__all__ = ["voted_base"]

CPU = torch.device("cpu")


def rows(*signs: float, weights: tuple[float, ...] = (1.0, 1.0)) -> list[StepPicture]:
    return [
        StepPicture(name="a", noise_key=0, sign=sign, weight=weight)
        for sign, weight in zip(signs, weights, strict=True)
    ]


@pytest.mark.parametrize(
    ("loss", "falls_with_first", "falls_with_second"),
    [(Loss.DPO, True, False), (Loss.KTO, True, False), (Loss.SFT, True, True)],
)
def test_a_loss_falls_as_the_better_picture_is_predicted_better(
    loss: Loss, *, falls_with_first: bool, falls_with_second: bool
) -> None:
    def value(first: float, second: float) -> float:
        errors = torch.tensor([first, second])
        course = Course(loss=loss, beta=10.0)
        return float(loss_of(course, rows(1, -1), errors, torch.tensor([1.0, 1.0])))

    usual = value(1.0, 1.0)
    assert (value(0.9, 1.0) < usual) is falls_with_first
    assert (value(1.0, 0.9) < usual) is falls_with_second


def test_a_row_counts_by_its_weight() -> None:
    course = Course(loss=Loss.SFT)
    found = loss_of(
        course, rows(1, 1, weights=(3.0, 1.0)), torch.tensor([2.0, 6.0]), torch.zeros(2)
    )
    assert float(found) == pytest.approx((3 * 2 + 6) / 4)


def asked(unet: Any) -> tuple[Tensor, ...]:
    g = torch.Generator().manual_seed(0)
    noisy, words = torch.randn(2, 4, 8, 8, generator=g), torch.randn(2, 77, 16, generator=g)
    return noisy, torch.tensor([10, 500]), words


@pytest.mark.parametrize("reach", Reach)
def test_the_reference_keeps_the_parents_output_while_the_student_learns(
    voted_base: Path, reach: Reach
) -> None:
    unet = load(str(voted_base), device="cpu").unet
    student = Student(unet, Course(reach=reach), CPU)
    question = asked(unet)
    before = student.reference(*question)
    assert torch.equal(before, student.predict(*question).detach())
    optimizer = torch.optim.SGD(student.trained_parameters().values(), lr=0.5)
    for _ in range(2):  # LoRA's second matrices move first.
        student.predict(*question).square().mean().backward()
        optimizer.step()
    assert torch.equal(before, student.reference(*question))
    assert not torch.equal(before, student.predict(*question).detach())


def test_small_unets_learn_with_all_weights_and_large_ones_by_lora() -> None:
    small, large = torch.nn.Linear(10, 10), torch.nn.Linear(20_000, 6_000, device="meta")
    assert Course().reach_of(small) is Reach.FULL
    assert Course().reach_of(large) is Reach.LORA
    assert Course(reach=Reach.FULL).reach_of(large) is Reach.FULL


def test_a_pull_is_short_unless_steps_are_given() -> None:
    assert Course(loss=Loss.PULL).length < Course().length
    assert Course(loss=Loss.PULL, steps=70).length == 70
