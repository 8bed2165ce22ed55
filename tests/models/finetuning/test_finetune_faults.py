"""Every fine-tuning fault is one clear line; the last good state is kept and can be resumed."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.contract import EngineError
from models.finetuning.recipe import RecipeError
from models.finetuning.recipe import read as read_recipe
from models.finetuning.steps import Stepper
from models.training import state as run_state
from models.training.curves import Log, Point, read
from models.training.state import State, StateError, States
from models.training.watch import DiskSpace, SpikeDetector, SpikeError, StoppedError
from tests.stages.one_line import one_line, raises_one_line
from tests.stages.tiny_finetuning import (
    Place,
    call_at_step,
    interrupt,
    place,
    run_and_interrupt,
    tiny_base,
    write_pictures,
)

__all__ = ["place", "tiny_base"]

ROOT = Path(__file__).parents[3]


def assert_same_run(place: Place, one: str, other: str) -> None:
    first, second = place.state(one), place.state(other)
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name
    assert place.curve(one) == place.curve(other)
    same = ("unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors")
    for name in same:
        files = [place.out(run) / "model" / name for run in (one, other)]
        assert files[0].read_bytes() == files[1].read_bytes()


CHANGES: dict[str, Any] = {
    "train_text_encoder": True,
    "captions": {"order": "shuffle", "tag_dropout": 0.3},
    "flip": 0.5,
}


def test_a_run_resumed_after_ctrl_c_matches_an_uninterrupted_one(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.train("whole", **CHANGES)
    with monkeypatch.context() as patch:
        call_at_step(patch, 5, interrupt)
        assert place.command("broken", **CHANGES) == 130
    said = one_line(capsys.readouterr().err)
    assert "the last good state is" in said
    assert "step-00000006. Go on with: python -m models finetune" in said
    assert said.endswith("broken.toml --resume")
    assert len(place.curve("broken")) == 6
    assert place.command("broken", "--resume", **CHANGES) == 0
    assert_same_run(place, "whole", "broken")


def test_lora_with_dropout_resumes_exactly(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    changes: dict[str, Any] = {"method": "lora", "lora": {"dropout": 0.3, "rank": 2}, "lr": 1e-2}
    place.train("whole", **changes)
    with monkeypatch.context() as patch:
        call_at_step(patch, 2, interrupt)
        with pytest.raises(StoppedError):
            place.train("broken", **changes)
    place.train("broken", resume=True, **changes)
    assert_same_run(place, "whole", "broken")


@pytest.mark.slow(10)
def test_a_killed_run_resumes_exactly(place: Place) -> None:
    changes = {"epochs": 5, "save_every": 1}
    command = [
        sys.executable, "-m", "models", "finetune", str(place.recipe("broken", **changes)), "--cpu",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    try:
        states = place.out("broken") / "states"
        while process.poll() is None and not (states / "step-00000003").exists():
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL
    place.train("broken", resume=True, **changes)
    place.train("whole", **changes)
    assert_same_run(place, "whole", "broken")


def test_a_nan_loss_stops_the_run_and_keeps_the_last_good_state(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.train("whole", save_every=3)
    with monkeypatch.context() as patch:
        loss = Stepper._loss

        def spoilt(self: Stepper, fed: Any, *rest: Any) -> torch.Tensor:
            return loss(self, fed, *rest) * (float("nan") if fed.step == 3 else 1)

        patch.setattr(Stepper, "_loss", spoilt)
        assert place.command("new", save_every=3) == 2
    said = one_line(capsys.readouterr().err)
    assert "step 4: loss nan" in said
    assert "step-00000003. Go on with:" in said
    assert all(w.isfinite().all() for w in place.state("new").values())
    assert len(place.curve("new")) == 3
    place.train("new", resume=True, save_every=3)
    assert_same_run(place, "whole", "new")


def test_a_full_disk_keeps_the_complete_states(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.train("whole", save_every=3)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    with monkeypatch.context() as patch:
        # From here on no file may grow beyond this: a write fails as on a full disk.
        call_at_step(
            patch, 3, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, limit[1]))
        )
        try:
            assert place.command("new", save_every=3) == 2
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    said = one_line(capsys.readouterr().err)
    assert "step-00000004 cannot be written" in said
    assert "step-00000003. Go on with:" in said
    assert [path.name for path in place.states("new")] == ["step-00000003"]
    place.train("new", resume=True, save_every=3)
    assert_same_run(place, "whole", "new")


def test_too_little_disk_space_is_reported_before_the_first_step(tmp_path: Path) -> None:
    with raises_one_line(EngineError, match=r"need .* GB more and .* GB left.*another `out`"):
        DiskSpace(tmp_path, 10**18, "another `out`").require(3)
    DiskSpace(tmp_path, 1000, "another `out`").require(3)


def test_two_states_are_kept_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    states = States(tmp_path)
    for step in (1, 2, 3):
        states.save(State(step=step, tensors={"weights": {"w": torch.ones(9)}}, facts={"a": step}))
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["step-00000002", "step-00000003"]
    (tmp_path / "step-00000009.part").mkdir()
    latest = states.latest()
    assert latest is not None
    assert states.load(latest).facts == {"a": 3}
    (latest / "weights.safetensors").write_bytes(b"\0" * 20)
    with raises_one_line(StateError, match=r"step-00000003 is damaged .*go on from step-00000002"):
        states.load(latest)


def test_a_state_of_another_format_is_refused(tmp_path: Path) -> None:
    states = States(tmp_path)
    place = states.save(State(step=1, tensors={"weights": {"w": torch.ones(9)}}, facts={}))
    facts = json.loads((place / "state.json").read_text("utf-8"))
    (place / "state.json").write_text(json.dumps(facts | {"format": facts["format"] - 1}), "utf-8")
    with raises_one_line(StateError, match=r"step-00000001 was written by another .*begin anew"):
        states.load(place)


def test_a_loss_spike_stops_the_run_but_noise_does_not() -> None:
    noise = torch.rand(1000, generator=torch.Generator().manual_seed(0)).square().tolist()
    spikes = SpikeDetector(5.0)
    for step, loss in enumerate(noise):
        spikes.add(step, loss)
    high = SpikeDetector(5.0, [*noise[-180:], *[9.0] * 19])
    with raises_one_line(SpikeError, match="times its usual"):
        high.add(1020, 9.0)
    calm = SpikeDetector(0.0, spikes.remembered)
    calm.add(1021, 1e9)


def test_an_interrupted_state_leaves_nothing_behind(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_state, "_write", cut_off)
        with pytest.raises(StoppedError):
            place.train("new", epochs=1)
    assert place.states("new") == []
    # A killed process cleans up nothing.
    (place.out("new") / "states" / "step-00000001.part").mkdir()
    place.train("new", epochs=1, resume=True)
    assert not any(path.name.endswith(".part") for path in place.states("new"))


def test_a_recipe_may_name_the_home_folder(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    recipe = read_recipe(place.recipe("new", data="~/pictures", out="~/runs/new", cache="~"))
    assert recipe.data == f"{tmp_path}/pictures"
    assert recipe.out == f"{tmp_path}/runs/new"
    assert recipe.cache_folder == tmp_path


def test_a_run_resumes_only_its_own_unfinished_state(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_and_interrupt(place, monkeypatch, 0, epochs=1)
    with raises_one_line(EngineError, match="go on with --resume"):
        place.train("new", epochs=1)
    with raises_one_line(EngineError, match='was saved with method = "full", not "lora"'):
        place.train("new", epochs=1, method="lora", resume=True)
    with raises_one_line(EngineError, match="pictures a step"):
        place.train("new", epochs=1, batch=3, resume=True)
    said = place.train("new", epochs=1, lr=1e-4, resume=True)
    assert "lr is now 0.0001, was 0.001" in said
    with raises_one_line(EngineError, match="a run that has ended"):
        place.train("new", epochs=1, resume=True)


RECIPES: list[tuple[dict[str, Any], str]] = [
    ({"learning_rate": 1.0}, r"learning_rate is not a key of the recipe; the nearest is warmup|lr"),
    ({"epoch": 1}, "epoch is not a key of the recipe; the nearest is epochs"),
    ({"lora": {"rnk": 4}}, r"lora\.rnk is not a key of the recipe; the nearest is lora\.rank"),
    ({"captions": {"keep_frist": 4}}, r"nearest is captions\.keep_first"),
    ({"lr": "fast"}, "lr must be a number above 0 and at most 1, not 'fast'"),
    ({"ema": 1}, "ema must be true or false, not 1"),
    ({"epochs": 2.5}, "epochs must be a whole number of at least 1, not 2.5"),
    ({"lora": 3}, "lora must be a table of its own"),
    ({"samples": {"prompts": "x"}}, r"samples\.prompts must be a list"),
    ({"method": "lroa"}, "method must be one of full, lora; lora is nearest 'lroa'"),
    ({"lr": 0}, "lr must be a number above 0 and at most 1, not 0"),
    ({"batch": 0}, "batch must be a whole number of at least 1, not 0"),
    ({"warmup": 1.0}, "warmup must be a number of at least 0 and below 1, not 1.0"),
    ({"captions": {"caption_dropout": 1.5}}, r"captions\.caption_dropout must be from 0 to 1"),
    ({"base": None}, "base is missing"),
]


@pytest.mark.parametrize(("changes", "message"), RECIPES)
def test_an_invalid_recipe_is_one_line_that_names_the_key(
    place: Place, changes: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = place.recipe("wrong", **changes)
    with pytest.raises(RecipeError, match=message) as caught:
        read_recipe(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert place.command("wrong", **changes) == 2
    assert one_line(capsys.readouterr().err)


def test_a_file_that_is_not_toml_or_is_missing_is_reported(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("base = ")
    with raises_one_line(RecipeError, match=r"c\.toml is not TOML: Invalid value"):
        read_recipe(tmp_path / "c.toml")
    with raises_one_line(RecipeError, match="cannot be read: No such file"):
        read_recipe(tmp_path / "missing.toml")


def test_missing_packages_are_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("bitsandbytes.optim", "bitsandbytes", "torch.utils.tensorboard", "peft"):
        monkeypatch.setitem(sys.modules, module, None)
    with raises_one_line(EngineError, match="pip install bitsandbytes"):
        place.train("a", optimizer="adamw8bit")
    with raises_one_line(EngineError, match="pip install tensorboard"):
        place.train("b", tensorboard=True)
    with raises_one_line(EngineError, match="needs the package peft"):
        place.train("c", method="lora")


def test_unusable_data_is_refused_before_the_first_step(place: Place, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with raises_one_line(EngineError, match="holds no pictures"):
        place.train("new", data=str(empty))
    with raises_one_line(
        EngineError, match=r"no picture in .* has a score: run python -m models score"
    ):
        place.train("new", min_score=6.0)
    assert place.command("new", data=str(tmp_path / "nowhere")) == 2
    with raises_one_line(EngineError, match="resolution_px must be at least 4 for tiny-waifu"):
        place.train("new", resolution_px=3)
    assert not (place.out("new") / "states").exists()


def with_class(folder: Path) -> None:
    index = folder / "model_index.json"
    index.write_text(index.read_text().replace("StableDiffusionPipeline", "FluxPipeline"))


def inpainting(folder: Path) -> None:
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights = load_file(path)
    weights["conv_in.weight"] = torch.zeros(8, 9, 3, 3)
    save_file(weights, path, {"format": "pt"})
    config = folder / "unet" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"in_channels": 9}))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (with_class, "is a FluxPipeline; only a StableDiffusionPipeline"),
        (inpainting, "reads 9 channels and writes 4"),
    ],
)
def test_a_base_of_another_family_is_refused(
    place: Place, tmp_path: Path, spoil: Callable[[Path], None], message: str
) -> None:
    base = tmp_path / "other"
    shutil.copytree(place.base, base)
    spoil(base)
    with raises_one_line(EngineError, match=message):
        place.train("new", base=str(base))
    with raises_one_line(RecipeError, match="has 3 layers, so 4 is too many"):
        place.train("new", clip_skip=4)


def test_a_curve_continues_from_its_saved_state(tmp_path: Path) -> None:
    def point(step: int, loss: float) -> Point:
        return Point(step=step, epoch=1, loss=loss, lr=0.1, grad_norm=1 / 3, images_per_s=2.0)

    log = Log(tmp_path, 0)
    for step in (1, 2, 3):
        log.add(point(step, 1 / step))
    log.close()
    with (tmp_path / "curve.csv").open("a") as file:
        file.write("4,1,0.")
    assert [p.step for p in read(tmp_path / "curve.csv")] == [1, 2, 3]
    log = Log(tmp_path, 2)
    log.add(point(3, 0.25))
    log.plot()
    log.close()
    assert [p.loss for p in read(tmp_path / "curve.csv")] == [1, 0.5, 0.25]


def test_a_run_is_not_resumed_with_other_pictures(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        call_at_step(patch, 0, interrupt)
        with pytest.raises(StoppedError):
            place.train("new")
    other = write_pictures(tmp_path / "other", ((20, 20), (20, 20), (20, 20), (16, 24), (24, 18)))
    with raises_one_line(EngineError, match="saved with other pictures"):
        place.train("new", data=str(other), resume=True)
