"""A file that cannot be converted is refused in one sentence, and nothing is left behind."""

from __future__ import annotations

import os
import pickle
import resource
import shutil
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.__main__ import main
from models.checkpoint import importing
from models.checkpoint.exporting import export
from models.checkpoint.files import read
from models.checkpoint.importing import import_checkpoint
from models.contract import EngineError
from tests.stages import tiny_models
from tests.stages.tiny_checkpoints import (
    are_equal,
    change_tensors,
    clip,
    edit,
    edit_yaml,
    exported,
    file,
    rewrite,
    weights,
)

__all__ = ["clip", "exported", "file"]


def with_spare_unet_field(file: Path) -> None:
    edit_yaml(file, "unet_config", "params", "adm_in_channels", value=2048)


def wider(file: Path) -> None:
    edit_yaml(file, "unet_config", "params", "model_channels", value=64)


def shallower(file: Path) -> None:
    edit_yaml(file, "first_stage_config", "params", "ddconfig", "num_res_blocks", value=2)


def other_context(file: Path) -> None:
    edit_yaml(file, "unet_config", "params", "context_dim", value=64)


def for_inpainting(file: Path) -> None:
    edit_yaml(file, "unet_config", "params", "in_channels", value=9)


def of_openclip(file: Path) -> None:
    edit_yaml(file, "cond_stage_config", "target", value="x.FrozenOpenCLIPEmbedder")


def of_sdxl(file: Path) -> None:
    change_tensors(file, **{"conditioner.embedders.0.transformer.x": torch.zeros(1)})


def without_unet(file: Path) -> None:
    tensors, texts = read(file)
    kept = {key: value for key, value in tensors.items() if "diffusion_model" not in key}
    rewrite(file, kept, texts)
    file.with_name("waifu.card.json").unlink()


def without_a_weight(file: Path) -> None:
    change_tensors(file, **{"model.diffusion_model.out.2.bias": None})


def truncated(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])


def exchanged(file: Path) -> None:
    tensors, texts = read(file)
    rewrite(file, {key: value + 1 for key, value in tensors.items()}, texts)


def yaml_text(text: str) -> Callable[[Path], object]:
    return lambda file: file.with_suffix(".yaml").write_text(text)


REFUSED: list[tuple[str, Callable[[Path], object], str]] = [
    ("parameterization", lambda f: edit_yaml(f, "parameterization", value="x0"), "must be eps or"),
    ("not yaml", yaml_text("a: [b"), r"waifu\.yaml is not YAML"),
    ("a list", yaml_text("- a"), "must be a mapping"),
    ("empty", yaml_text("model: {params: {}}"), r"model\.params\.unet_config is missing"),
    ("sdxl unet field", with_spare_unet_field, "adm_in_channels must be None"),
    (
        "unknown",
        lambda f: edit_yaml(f, "unet_config", "params", "spiral", value=1),
        "spiral is not",
    ),
    (
        "text for a number",
        lambda f: edit_yaml(f, "unet_config", "params", "num_heads", value="8"),
        "whole",
    ),
    ("wider", wider, r"does not fit waifu\.yaml: unet: .* and should be"),
    ("shallower", shallower, r"does not fit waifu\.yaml: vae: \d+ weights are missing"),
    ("context", other_context, r"32 wide and waifu\.yaml says 64"),
    ("inpainting", for_inpainting, "for inpainting"),
    ("other embedder", of_openclip, r"is CLIP's and waifu\.yaml says OpenCLIP's"),
    ("sdxl", of_sdxl, "is of Stable Diffusion XL"),
    ("no unet", without_unet, "has no weights of the UNet"),
    ("missing weight", without_a_weight, r"1 weights are missing, among them conv_out\.bias"),
    ("truncated", truncated, "cannot be read .* fetch it again"),
    ("exchanged", exchanged, "not the file that waifu.card.json vouches for"),
]


@pytest.mark.parametrize(
    ("spoil", "complaint"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_a_faulty_file_is_refused_in_one_line_and_leaves_nothing_behind(
    file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], object],
    complaint: str,
) -> None:
    spoil(file)
    assert main(["import", str(file), str(tmp_path / "back")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    with pytest.raises(EngineError, match=complaint):
        import_checkpoint(file, tmp_path / "back")
    assert [path.name for path in tmp_path.iterdir()] == ["download"]


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_a_truncated_file_without_a_card_is_refused(
    clip: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"x{suffix}"
    export(str(clip), out)
    truncated(out)
    with pytest.raises(EngineError, match=r"cannot be read .* fetch it again"):
        read(out)


class Evil:
    """What a malicious pickle can do to anyone who opens it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("/tmp/evil-was-here",))  # noqa: S108  it must not appear


@pytest.mark.parametrize("plain", [False, True])
def test_a_malicious_pickle_is_refused_and_never_run(tmp_path: Path, *, plain: bool) -> None:
    path = tmp_path / "bomb.ckpt"
    if plain:
        path.write_bytes(pickle.dumps(Evil()))
    else:
        torch.save({"state_dict": {"x": torch.zeros(1)}, "extra": Evil()}, path)
    complaint = "cannot be read" if plain else "names posix.mkdir, which is no part of a model"
    with pytest.raises(EngineError, match=complaint):
        import_checkpoint(path, tmp_path / "back")
    assert not Path("/tmp/evil-was-here").exists()  # noqa: S108


@contextmanager
def framework() -> Iterator[Any]:
    """A stand-in for pytorch-lightning, present only while a file is written."""
    import numpy as np

    module = types.ModuleType("pytorch_lightning.callbacks.model_checkpoint")

    class ModelCheckpoint:
        def __init__(self) -> None:
            self.best = np.float32(0.5)

    ModelCheckpoint.__module__ = module.__name__
    ModelCheckpoint.__qualname__ = "ModelCheckpoint"
    module.ModelCheckpoint = ModelCheckpoint  # pyright: ignore[reportAttributeAccessIssue]
    parents = ("pytorch_lightning", "pytorch_lightning.callbacks")
    made = {name: types.ModuleType(name) for name in parents} | {module.__name__: module}
    sys.modules.update(made)
    try:
        yield ModelCheckpoint
    finally:
        for name in made:
            del sys.modules[name]


def test_a_training_frameworks_bookkeeping_is_left_out(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.ckpt"
    export(str(clip), out)
    tensors, texts = read(out)
    with framework() as callback:
        state = {"callbacks": {callback: {"state": callback()}}, "global_step": 7}
        trained = tmp_path / "trained.ckpt"
        torch.save({"state_dict": tensors, "texts": texts, **state}, trained)
    import_checkpoint(trained, tmp_path / "back", config=tmp_path / "x.yaml")
    assert are_equal(weights(clip), weights(tmp_path / "back"))


def test_old_pickles_and_upper_case_suffixes_are_read(clip: Path, tmp_path: Path) -> None:
    """Before 1.6 torch wrote no zip archives."""
    out, old = tmp_path / "x.ckpt", tmp_path / "OLD.CKPT"
    export(str(clip), out)
    tensors, texts = read(out)
    held = {"state_dict": {key: tensor.clone() for key, tensor in tensors.items()}, "texts": texts}
    torch.save(held, old, _use_new_zipfile_serialization=False)
    assert are_equal(read(old)[0], tensors)
    import_checkpoint(old, tmp_path / "back", config=tmp_path / "x.yaml")
    assert are_equal(weights(clip), weights(tmp_path / "back"))
    names = load_file(tmp_path / "back" / "text_encoder" / "model.safetensors")
    assert all(name.startswith("text_model.") for name in names)


def test_an_old_pickle_does_not_run_code_either(tmp_path: Path) -> None:
    path, ran = tmp_path / "old.ckpt", tmp_path / "ran"

    class Bomb:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
            return os.mkdir, (str(ran),)

    torch.save({"state_dict": Bomb()}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(EngineError, match="cannot be read"):
        read(path)
    assert not ran.exists()


def changed(part: str, **fields: Any) -> Callable[[Path], None]:
    name = "scheduler_config.json" if part == "scheduler" else "config.json"
    return lambda folder: edit(folder / part / name, **fields)


INEXPRESSIBLE: list[tuple[str, Callable[[Path], object], str]] = [
    ("groups", changed("unet", norm_num_groups=16), r"unet: norm_num_groups is 16.*mean 32"),
    ("vae groups", changed("vae", norm_num_groups=16), "vae: norm_num_groups is 16"),
    ("widths", changed("unet", block_out_channels=[32, 48, 64]), "block_out_channels"),
    ("mid", changed("vae", mid_block_add_attention=False), "mid_block_add_attention is False"),
    ("heads", changed("unet", attention_head_dim=[2, 1, 1]), "attention_head_dim"),
    ("activation", changed("unet", act_fn="gelu"), "act_fn is 'gelu'"),
    ("betas", changed("scheduler", beta_schedule="linear"), "beta_schedule 'linear'"),
    ("predicts", changed("scheduler", prediction_type="sample"), "prediction_type"),
    ("text", changed("text_encoder", hidden_act="relu"), "relu is not an activation"),
    ("layers", changed("unet", layers_per_block=2), "weights are missing"),
    ("uneven", changed("unet", layers_per_block=[2, 1, 1]), "num_res_blocks must be"),
    ("kind", lambda f: edit(f / "model_index.json", _class_name="X"), "is a X"),
]


@pytest.mark.parametrize(
    ("spoil", "complaint"), [u[1:] for u in INEXPRESSIBLE], ids=[u[0] for u in INEXPRESSIBLE]
)
def test_a_setting_the_layout_cannot_express_is_refused_by_name(
    clip: Path, tmp_path: Path, spoil: Callable[[Path], object], complaint: str
) -> None:
    folder = shutil.copytree(clip, tmp_path / "odd")
    (folder / "card.json").unlink()
    spoil(folder)
    with pytest.raises(EngineError, match=complaint):
        export(str(folder), tmp_path / "x.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["odd"]


def test_a_tiny_autoencoder_cannot_be_exported(tmp_path: Path) -> None:
    folder = tiny_models.build(tmp_path / "taesd", tiny_vae=True)
    with pytest.raises(EngineError, match="AutoencoderTiny, and the original layout knows only"):
        export(str(folder), tmp_path / "x.safetensors")


def test_folders_from_older_libraries_export_the_same_tensors(clip: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(clip, tmp_path / "old")
    (folder / "card.json").unlink()
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    renamed: dict[str, torch.Tensor] = {}
    for key, tensor in load_file(path).items():
        name = next((key.replace(n, o) for n, o in old.items() if f".{n}." in key), key)
        renamed[name] = tensor
    assert "encoder.mid_block.attentions.0.proj_attn.bias" in renamed
    torch.save(renamed, path.with_suffix(".bin"))
    path.unlink()
    text = folder / "text_encoder" / "model.safetensors"
    prefixed = {f"text_model.{key}": tensor for key, tensor in load_file(text).items()}
    positions = {"text_model.embeddings.position_ids": torch.arange(77)[None]}
    save_file(prefixed | positions, text, {"format": "pt"})
    export(str(folder), tmp_path / "old.safetensors")
    export(str(clip), tmp_path / "new.safetensors")
    assert are_equal(read(tmp_path / "old.safetensors")[0], read(tmp_path / "new.safetensors")[0])


def test_nothing_is_overwritten_without_force(file: Path, clip: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in file.parent.iterdir()}
    with pytest.raises(EngineError, match="exists already"):
        export(str(clip), file)
    with pytest.raises(EngineError, match="exists already"):
        import_checkpoint(file, file.parent)
    assert {path.name: path.read_bytes() for path in file.parent.iterdir()} == before
    back = tmp_path / "back"
    back.mkdir()
    (back / "mine.txt").touch()
    assert main(["import", str(file), str(back), "--force"]) == 0
    assert not (back / "mine.txt").exists()
    assert are_equal(weights(clip), weights(back))


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow beyond a megabyte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_leaves_nothing_half_written(clip: Path, tmp_path: Path, suffix: str) -> None:
    with pytest.raises(EngineError, match="is the disk full"):
        export(str(clip), tmp_path / f"x{suffix}")
    assert not list(tmp_path.iterdir())


def test_ctrl_c_leaves_the_old_folder_as_it_was(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = tmp_path / "back"
    back.mkdir()
    (back / "mine.txt").write_text("mine")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(importing, "write_tokenizer", interrupted)
    assert main(["import", str(file), str(back), "--force"]) == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "download"]
    assert (back / "mine.txt").read_text() == "mine"
