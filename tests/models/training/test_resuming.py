"""Every training that is stopped in the middle and resumed ends like an unbroken one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from models.pretraining import diffuse
from models.training.watch import StoppedError
from tests.stages.tiny_trainings import interrupt_at_step, trainings

NAMES = ("autoencoder", "decoder", "words", "judge", "unet", "upscaler", "aesthetic")


@pytest.mark.parametrize("name", NAMES)
def test_a_stopped_training_ends_like_an_uninterrupted_one(
    name: str, words: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diffuse, "sample_sheet", lambda *_: Image.new("RGB", (8, 8)))
    train = trainings(words)[name]
    whole = train(tmp_path / "whole")
    with monkeypatch.context() as patch:
        interrupt_at_step(patch, 3)
        with pytest.raises(StoppedError, match=r"stopped; .*broken/states/step-00000003"):
            train(tmp_path / "broken")
    resumed = train(tmp_path / "broken")
    assert resumed.keys() == whole.keys()
    for weight, value in whole.items():
        assert torch.equal(value, resumed[weight]), weight
