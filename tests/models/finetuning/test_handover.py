"""The model that fine-tuning writes is complete and correct, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError

from models.catalogue.card import UNKNOWN, Score
from models.catalogue.registry import card_of, seal
from models.checkpoint import files
from models.contract import EngineError
from models.data import latents
from models.finetuning import export
from models.finetuning.recipe import read
from tests.stages.cards import with_verdict
from tests.stages.one_line import one_line, raises_one_line
from tests.stages.tiny_finetuning import Place, place, tiny_base
from tests.stages.tiny_models import build

__all__ = ["place", "tiny_base"]


def test_a_trained_model_does_not_inherit_its_bases_findings(place: Place, tmp_path: Path) -> None:
    """It inherits neither the list of scores nor the gate's verdict."""
    # The embedded model cannot draw nudity; a model trained on other pictures can.
    base = build(tmp_path / "harmless")
    harmless = with_verdict(replace(card_of(base), scores=(Score.BLANK,)))
    seal(harmless, base)
    assert card_of(base).scores == (Score.BLANK,)
    assert card_of(base).verdict is not None
    place.train("new", base=str(base), epochs=1)
    found = card_of(place.out("new") / "model")
    assert found.scores == UNKNOWN
    assert found.verdict is None


def test_a_full_disk_at_the_end_is_reported_and_resume_writes_the_rest(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The LoRA was written, the merged model was not: the run has not ended."""
    real = files.save_file

    def full(tensors: Any, path: Path, *rest: Any) -> None:
        if "unet" in Path(path).parts:
            raise SafetensorError("No space left on device")
        real(tensors, path, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(files, "save_file", full)
        assert place.command("new", epochs=1, method="lora") == 2
    told = one_line(capsys.readouterr().err)
    assert "No space left on device" in told
    assert "the last good state is" in told
    assert "--resume" in told
    out = place.out("new")
    assert (out / "lora").exists()
    assert not (out / "model").exists()
    assert not list(out.glob("*.part"))
    assert place.command("new", "--resume", epochs=1, method="lora") == 0
    assert (out / "model" / "card.json").exists()
    with raises_one_line(EngineError, match="a run that has ended"):
        place.train("new", epochs=1, method="lora", resume=True)


def test_ctrl_c_while_the_model_is_written_says_how_to_resume(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(export, "load", lambda *_, **__: os.kill(os.getpid(), signal.SIGINT))
        assert place.command("new", epochs=1) == 130
    assert "--resume" in one_line(capsys.readouterr().err)
    assert place.command("new", "--resume", epochs=1) == 0


def test_a_checker_without_weights_is_left_out_of_the_model(place: Place, tmp_path: Path) -> None:
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import (
        StableDiffusionPipeline,
    )

    base = build(tmp_path / "hub")
    (base / "safety_checker").mkdir()
    (base / "safety_checker" / "config.json").write_text("{}")
    index = json.loads((base / "model_index.json").read_text())
    index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    index["requires_safety_checker"] = True
    (base / "model_index.json").write_text(json.dumps(index))
    place.train("new", base=str(base), epochs=1)
    model = place.out("new") / "model"
    assert not (model / "safety_checker").exists()
    opened = StableDiffusionPipeline.from_pretrained(model, local_files_only=True)
    assert opened.safety_checker is None


def test_a_picture_that_vanishes_before_it_is_encoded_is_named(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = latents.open_fitted

    def vanishing(path: Path, *rest: Any, **options: Any) -> Any:
        path.unlink(missing_ok=True)
        return real(path, *rest, **options)

    monkeypatch.setattr(latents, "open_fitted", vanishing)
    with raises_one_line(EngineError, match=r"\d\.png changed since it was read.*--resume"):
        place.train("new", epochs=1)


def test_running_out_of_memory_while_encoding_says_what_helps(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(latents, "encode", full)
    with raises_one_line(EngineError, match="smaller resolution_px"):
        place.train("new", epochs=1)


def test_pictures_too_many_for_memory_are_encoded_in_smaller_batches(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = latents.encode
    place.train("roomy", epochs=1)

    def narrow(vae: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        if len(pixels) > 1:
            raise torch.OutOfMemoryError
        return real(vae, pixels)

    monkeypatch.setattr(latents, "encode", narrow)
    place.train("narrow", epochs=1)
    assert place.losses("narrow") == pytest.approx(place.losses("roomy"), rel=1e-3)


def test_another_scaling_factor_makes_other_latents(place: Place, tmp_path: Path) -> None:
    """The weights are the same: only the factor tells the two bases apart."""
    other = tmp_path / "other"
    shutil.copytree(place.base, other)
    config = other / "vae" / "config.json"
    values = json.loads(config.read_text())
    config.write_text(json.dumps(values | {"scaling_factor": 10 * values["scaling_factor"]}))
    (other / "card.json").unlink(missing_ok=True)
    shared = str(tmp_path / "latents")
    place.train("one", epochs=1, cache=shared)
    place.train("shared", base=str(other), epochs=1, cache=shared)
    place.train("own", base=str(other), epochs=1)
    assert place.losses("shared") == place.losses("own") != place.losses("one")


@pytest.mark.parametrize("key", ["base", "data", "out"])
def test_an_empty_path_is_not_the_current_folder(place: Place, key: str) -> None:
    with raises_one_line(EngineError, match=f"{key} is empty"):
        read(place.recipe("new", **{key: ""}))


def test_a_recipe_may_begin_with_a_byte_order_mark(place: Place) -> None:
    path = place.recipe("new")
    path.write_text("\ufeff" + path.read_text(), encoding="utf-8")
    assert read(path).epochs == 2


def test_an_empty_state_is_refused_as_another_version(place: Place) -> None:
    place.train("new", epochs=1)
    shutil.rmtree(place.out("new") / "model")
    (place.states("new")[-1] / "state.json").write_text("{}")
    with raises_one_line(EngineError, match="another version"):
        place.train("new", epochs=1, resume=True)


def test_a_resolution_far_above_the_bases_is_reported(place: Place) -> None:
    native_px = max(max(size.native) for size in card_of(place.base).sizes_px.values())
    for times, told in ((1, False), (3, True)):
        said = place.train(f"new-{times}", epochs=1, resolution_px=times * native_px)
        assert any("is far over" in line for line in said) is told
