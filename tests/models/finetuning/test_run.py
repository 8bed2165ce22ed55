"""A fine-tuning run: what may change on resuming, and what too little memory costs."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from models.contract import EngineError
from models.finetuning import run as courses
from models.finetuning.steps import Stepper
from models.training.average import Average
from models.training.objective import Curve, learning_rate
from tests.stages.one_line import raises_one_line
from tests.stages.tiny_finetuning import Place, place, run_and_interrupt, tiny_base

__all__ = ["place", "tiny_base"]


def full(*_: Any, **__: Any) -> None:
    raise torch.OutOfMemoryError("CUDA out of memory")


@pytest.mark.parametrize(
    ("kind", "name"),
    [(Stepper, "_gradients"), (torch.optim.AdamW, "step"), (Average, "__init__")],
)
def test_too_little_memory_is_reported_with_what_helps(
    place: Place, monkeypatch: pytest.MonkeyPatch, kind: type, name: str
) -> None:
    monkeypatch.setattr(kind, name, full)
    with raises_one_line(
        EngineError, match=r"does not fit into the device's memory.*smaller batch"
    ):
        place.train("new", epochs=1)


def test_samples_that_run_out_of_memory_do_not_stop_the_run(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courses, "sheet", full)
    said = place.train("new", epochs=1, samples={"prompts": ["1girl"], "steps": 1})
    assert "no samples of epoch 1: the device's memory is full" in said
    assert (place.out("new") / "model").exists()


def test_optimizer_settings_may_change_on_resuming(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_and_interrupt(place, monkeypatch, 1, epochs=1)
    said = place.train("new", epochs=1, weight_decay=0.5, beta1=0.8, resume=True)
    assert "weight_decay is now 0.5, was 0.01" in said
    (group,) = place.facts("new")["optimizer"]["groups"]
    assert (group["weight_decay"], group["betas"]) == (0.5, [0.8, 0.999])


def test_clip_skip_may_not_change_on_resuming(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_and_interrupt(place, monkeypatch, 0, train_text_encoder=True)
    with raises_one_line(EngineError, match="was saved with clip_skip = 0, not 2; put it back"):
        place.train("new", train_text_encoder=True, clip_skip=2, resume=True)


def test_a_run_learns_at_the_recipes_rates_and_counts_its_epochs(place: Place) -> None:
    place.train("new", lr=1e-3, warmup=0.25, lr_curve="linear")
    curve = place.curve("new")
    steps = len(curve)
    rates = [learning_rate(step, steps, 1e-3, 0.25, Curve.LINEAR) for step in range(steps)]
    assert [point["lr"] for point in curve] == rates
    assert [point["epoch"] for point in curve] == [1] * (steps // 2) + [2] * (steps // 2)
