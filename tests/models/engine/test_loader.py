"""Every fault in a model folder is one clear sentence, and loading is quiet and offline."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.catalogue.card import CardError
from models.catalogue.hub import locate, read_info
from models.catalogue.registry import EMBEDDED, card_of, seal
from models.contract import EngineError
from models.engine.loader import choose_device, load
from tests.stages.tiny_models import build, tiny_folder

__all__ = ["tiny_folder"]

UNET = "unet/diffusion_pytorch_model.safetensors"


def without(path: str) -> Callable[[Path], None]:
    return lambda folder: (folder / path).unlink()


def holding(path: str, content: bytes) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / path).write_bytes(content)

    return spoil


def with_field(path: str, name: str, value: Any) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        config = json.loads((folder / path).read_text())
        (folder / path).write_text(json.dumps(config | {name: value}))

    return spoil


def lacking_a_weight(folder: Path) -> None:
    weights = load_file(folder / UNET)
    weights.pop("conv_in.weight")
    save_file(weights, folder / UNET, {"format": "pt"})


def truncated(folder: Path) -> None:
    data = (folder / UNET).read_bytes()
    (folder / UNET).write_bytes(data[: len(data) // 2])


class Evil:
    """What a malicious pickle can do to anyone who opens it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("/tmp/evil-was-here"),))  # noqa: S108  it must not appear


def pickled(folder: Path) -> None:
    (folder / UNET).unlink()
    data = pickle.dumps({"conv_in.weight": Evil()})
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(data)


FAULTS: list[tuple[str, Callable[[Path], None], str]] = [
    ("no index", without("model_index.json"), r"model_index\.json cannot be read"),
    ("no unet weights", without(UNET), "unet cannot be loaded"),
    ("no text weights", without("text_encoder/model.safetensors"), "text_encoder cannot be loaded"),
    ("no vae config", without("vae/config.json"), "not a complete diffusers folder"),
    ("no tokenizer", lambda folder: shutil.rmtree(folder / "tokenizer"), "tokenizer cannot be"),
    ("bad tokenizer", holding("tokenizer/vocab.json", b"{"), "tokenizer cannot be loaded"),
    ("zeros", holding(UNET, bytes(1000)), "unet cannot be loaded"),
    ("empty", holding(UNET, b""), "unet cannot be loaded"),
    ("truncated", truncated, "unet cannot be loaded"),
    ("missing weight", lacking_a_weight, "1 weights are missing.*conv_in.weight"),
    ("other shape", with_field("unet/config.json", "cross_attention_dim", 32), "unet"),
    ("not json", holding("unet/config.json", b"\xff{"), "unet/config.json"),
    ("a pickle", pickled, "unet cannot be loaded"),
    ("sdxl", with_field("model_index.json", "_class_name", "StableDiffusionXLPipeline"), "XL"),
    (
        "sdxl unet",
        with_field("unet/config.json", "addition_embed_type", "text_time"),
        "SDXL family",
    ),
    ("vae kind", with_field("model_index.json", "vae", ["diffusers", "VQModel"]), "VQModel"),
]


@pytest.mark.parametrize(
    ("spoil", "complaint"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_a_fault_in_the_folder_is_reported_in_one_sentence(
    tiny_folder: Path, tmp_path: Path, spoil: Callable[[Path], None], complaint: str
) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "broken")
    spoil(folder)
    with pytest.raises(EngineError, match=complaint) as caught:
        load(str(folder), device="cpu")
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)
    assert not Path("/tmp/evil-was-here").exists()  # noqa: S108


@pytest.mark.parametrize("kind", ["FluxPipeline", "StableDiffusionXLPipeline"])
def test_a_model_of_another_family_is_named_and_not_called_broken(
    tmp_path: Path, kind: str
) -> None:
    (tmp_path / "scheduler").mkdir()
    (tmp_path / "scheduler" / "scheduler_config.json").write_text("{}")
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": kind}))
    with pytest.raises(CardError, match=f"is a {kind}; only a StableDiffusionPipeline"):
        load(str(tmp_path), device="cpu")


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (with_field("model_index.json", "_class_name", "FluxPipeline"), "is a FluxPipeline"),
        (with_field("unet/config.json", "addition_embed_type", "text_time"), "SDXL family"),
        (with_field("unet/config.json", "addition_embed_type", "image"), "another family"),
    ],
)
def test_a_card_does_not_make_another_family_loadable(
    tiny_folder: Path, tmp_path: Path, spoil: Callable[[Path], None], complaint: str
) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "carded")
    card = card_of(folder)
    spoil(folder)
    seal(card, folder)
    with pytest.raises(CardError, match=complaint):
        load(str(folder), device="cpu")


def test_old_pickled_weights_without_code_are_loaded(tiny_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "old")
    torch.save(load_file(folder / UNET), folder / "unet" / "diffusion_pytorch_model.bin")
    (folder / UNET).unlink()
    assert load(str(folder), device="cpu").latent_channels == 4


def test_a_sealed_folder_with_a_changed_file_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "sealed")
    seal(card_of(folder), folder)
    weights = load_file(folder / UNET)
    save_file({key: value + 1 for key, value in weights.items()}, folder / UNET, {"format": "pt"})
    with pytest.raises(EngineError, match="is not the file its card names"):
        load(str(folder), device="cpu")


def test_a_card_that_contradicts_the_schedule_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "odd")
    card = seal(card_of(folder), folder)
    with_field("scheduler/scheduler_config.json", "prediction_type", "v_prediction")(folder)
    seal(card, folder)
    with pytest.raises(CardError, match="every picture is noise"):
        load(str(folder), device="cpu")


def test_a_card_with_sizes_the_unet_cannot_draw_is_refused(
    tiny_folder: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "odd")
    seal(card_of(folder), folder)
    with_field("card.json", "sizes_px", {
        aspect: {"finished": [512, 512], "native": [17, 16]}
        for aspect in ("square", "portrait", "landscape")
    })(folder)  # fmt: skip
    with pytest.raises(CardError, match="multiples of 4 px"):
        load(str(folder), device="cpu")


def test_loading_prints_nothing_and_uses_no_network(
    tiny_folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr("socket.socket.connect", no_network)
    monkeypatch.setattr("socket.getaddrinfo", no_network)
    load(str(tiny_folder), device="cpu")
    assert capfd.readouterr() == ("", "")


def test_half_precision_weights_compute_in_float32_on_a_cpu(tmp_path: Path) -> None:
    folder = build(tmp_path / "half")
    for path in folder.rglob("*.safetensors"):
        save_file(
            {key: value.half() for key, value in load_file(path).items()}, path, {"format": "pt"}
        )
    with_field("text_encoder/config.json", "dtype", "float16")(folder)
    parts = load(str(folder), device="cpu")
    for part in (parts.unet, parts.vae, parts.text_encoder):
        assert {parameter.dtype for parameter in part.parameters()} == {torch.float32}
        assert not any(parameter.requires_grad for parameter in part.parameters())
        assert not part.training


def test_a_loaded_model_describes_itself(tiny_folder: Path) -> None:
    parts = load(str(tiny_folder), device="cpu")
    assert (parts.latent_channels, parts.pixels_per_latent) == (4, 2)
    assert "16 wide" in parts.base


@pytest.mark.parametrize(
    ("device", "complaint"), [("gpu", "use cuda, mps or cpu"), ("mps", "has no mps")]
)
def test_an_unavailable_device_is_a_clear_error(device: str, complaint: str) -> None:
    if device == "mps" and torch.backends.mps.is_available():
        pytest.skip("this machine has one")
    with pytest.raises(EngineError, match=complaint):
        choose_device(device)


def test_models_are_found_by_name_by_folder_and_by_hub_id(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = {"owner/tiny": str(tiny_folder)}
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda hub_id, **_: hub[hub_id])
    assert locate("embedded") == (EMBEDDED, None)
    assert locate(str(tiny_folder)) == (tiny_folder, None)
    assert locate("owner/tiny") == (tiny_folder, "owner/tiny")


def test_what_a_bot_needs_to_know_of_a_hub_model_is_read_without_its_weights(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def fetched(_hub_id: str, *, allow_patterns: list[str]) -> str:
        asked.extend(allow_patterns)
        return str(tiny_folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetched)
    info = read_info("owner/tiny")
    assert asked
    assert not [pattern for pattern in asked if "diffusion_pytorch_model" in pattern]
    assert load("owner/tiny", device="cpu").info == info


@pytest.mark.parametrize("model", ["no/such/folder", "waifu", "", "a b/c", "../x/y"])
def test_a_name_that_is_neither_folder_nor_hub_id_is_a_clear_error(model: str) -> None:
    with pytest.raises(EngineError, match="folder"):
        load(model, device="cpu")


def test_a_file_is_not_accepted_as_a_model_folder(tmp_path: Path) -> None:
    (tmp_path / "model.ckpt").touch()
    with pytest.raises(EngineError, match="is a file"):
        locate(str(tmp_path / "model.ckpt"))


def test_an_unreachable_hub_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EngineError, match="hub cannot be reached"):
        load("hakurei/waifu-diffusion", device="cpu")


def test_the_weights_of_another_family_are_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "FluxPipeline"}))
    asked: list[str] = []

    def fetched(_hub_id: str, *, allow_patterns: list[str]) -> str:
        asked.extend(allow_patterns)
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetched)
    with pytest.raises(EngineError, match=r"^someone/flux is a FluxPipeline; only a Stable"):
        load("someone/flux", device="cpu")
    assert asked
    assert not [pattern for pattern in asked if "diffusion_pytorch_model" in pattern]
