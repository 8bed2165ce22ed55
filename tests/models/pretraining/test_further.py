"""Training a finished model further: which parts the stages find, and which models are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from models.__main__ import main
from models.catalogue.registry import card_of
from models.contract import EngineError
from models.measuring.judge import network as judge
from models.pretraining import (
    architecture,
    diffuse,
    further,
    judging,
    pipeline,
    sealing,
    vocabulary,
)
from models.pretraining.architecture import FULL, TOY
from models.pretraining.pipeline import ModelParts
from models.pretraining.workshop import Workshop
from models.training.precision import LowPrecision, prefers_bfloat16
from tests.stages.one_line import one_line, raises_one_line

CPU = torch.device("cpu")
TOY_OPTIONS = ("--toy", "--jobs", "1", "--device", "cpu")


@pytest.fixture
def model(words: Path, tmp_path: Path) -> Path:
    """An untrained model folder of toy size."""
    torch.manual_seed(0)
    tokenizer = vocabulary.load(words)
    text, unet = architecture.text_encoder(TOY, tokenizer), architecture.unet(TOY)
    folder = tmp_path / "model"
    parts = ModelParts(architecture.autoencoder(TOY), text, unet, tokenizer)
    pipeline.write(parts, folder, words)
    sealing.write_card_and_licence(TOY, folder, "Tiny Waifu")
    return folder


def same(net: nn.Module, path: Path) -> bool:
    """Whether the saved weights are the network's, which is stored on disk in float16."""
    saved = load_file(path)
    own = net.state_dict()
    return saved.keys() == own.keys() and all(torch.equal(saved[k], own[k]) for k in own)


def test_the_stages_find_a_finished_models_weights(model: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    further.start_from(TOY, str(model), work, tmp_path / "out")
    found = further.loader.load(str(model), device="cpu")
    for stage, net in (
        ("autoencoder", found.vae),
        ("decoder", found.vae),
        ("words", found.text_encoder),
        ("text", found.text_encoder),
        ("unet", found.unet),
    ):
        assert same(net, work / f"{stage}-done.safetensors"), stage
    # The decoder's stage and the export have all they need.
    Workshop(TOY, work, tmp_path / "out", CPU, name="Mine, longer").export()
    assert main(["check", str(tmp_path / "out")]) == 0
    card = card_of(tmp_path / "out")
    assert (card.name, card.id, card.parent) == ("Mine, longer", "mine-longer", "tiny-waifu")


def test_a_further_training_is_set_up_only_once(model: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    further.start_from(TOY, str(model), work, tmp_path / "out")
    trained = work / "unet-done.safetensors"
    trained.write_bytes(b"trained since")
    further.start_from(TOY, str(model), work, tmp_path / "out")
    assert trained.read_bytes() == b"trained since"


def test_a_further_training_cannot_switch_to_another_model(model: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    further.start_from(TOY, str(model), work, tmp_path / "out")
    with raises_one_line(EngineError, match="was begun with tiny-waifu, not embedded-waifu"):
        further.start_from(TOY, "embedded", work, tmp_path / "out")


@pytest.mark.parametrize("stage", ["autoencoder", "words"])
def test_stages_that_start_from_scratch_are_refused_with_from(
    stage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--from", "embedded", "--work", str(tmp_path), "--only", "unet", "--only", stage]
    assert main(["pretrain", *options]) == 2
    assert f"--from and --only {stage} do not go together" in one_line(capsys.readouterr().err)


def test_an_interrupted_setup_is_started_again(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, real = tmp_path / "work", further.save_weights

    def killed(net: nn.Module, path: Path) -> None:
        if path.name == "words-done.safetensors":
            raise KeyboardInterrupt
        real(net, path)

    with monkeypatch.context() as patch:
        patch.setattr(further, "save_weights", killed)
        with pytest.raises(KeyboardInterrupt):
            further.start_from(TOY, str(model), work, tmp_path / "out")
    assert (work / "autoencoder-done.safetensors").exists()
    further.start_from(TOY, str(model), work, tmp_path / "out")
    assert (work / further.UNET).exists()


def test_the_embedded_model_fits_the_full_recipe_and_keeps_its_upscaler(tmp_path: Path) -> None:
    further.start_from(FULL, "embedded", tmp_path / "work", tmp_path / "out")
    assert (tmp_path / "out" / "upscaler" / "model.safetensors").exists()


def test_the_unet_continues_from_its_weights_at_the_lower_rate(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, float]] = []

    def spy(*words: object, lr: float) -> None:
        parts = next(word for word in words if isinstance(word, ModelParts))
        seen.append((same(parts.unet, work / further.UNET), lr))

    work = tmp_path / "work"
    monkeypatch.setattr(diffuse, "train_unet", spy)
    monkeypatch.setattr(Workshop, "_encode_pictures", lambda *_: {})
    shop = Workshop(TOY, work, tmp_path / "out", CPU)
    further.start_from(TOY, str(model), work, tmp_path / "out")
    shop.unet()
    assert seen == [(True, diffuse.FURTHER_LR)]
    assert diffuse.FURTHER_LR < diffuse.LR


def test_the_judge_continues_from_the_shipped_one(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[nn.Module | None] = []

    def spy(*_: object, start: nn.Module | None) -> nn.Module:
        seen.append(start)
        return nn.Module()

    monkeypatch.setattr(judging, "train_judge", spy)
    monkeypatch.setattr(judging, "accuracy", lambda *_: {})
    monkeypatch.setattr(judge, "save", lambda *_: None)
    monkeypatch.setattr(Workshop, "pictures", lambda *_: {})
    work = tmp_path / "work"
    shop = Workshop(TOY, work, tmp_path / "out", CPU)
    further.start_from(TOY, str(model), work, tmp_path / "out")
    shop.judge()
    (start,) = seen
    assert start is not None
    shipped = judge.Judge().network.state_dict()
    assert all(torch.equal(v, shipped[name]) for name, v in start.state_dict().items())


def test_a_judge_trained_further_learns_at_the_lower_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[float] = []
    monkeypatch.setattr(judging, "PlainTraining", lambda *_, lr, **__: rates.append(lr))
    monkeypatch.setattr(judging, "train", lambda *_: None)
    blueprint = replace(TOY, judge_steps=0)
    for begun in (None, judge.Network(blueprint.judge_width)):
        judging.train_judge(blueprint, {}, tmp_path, CPU, start=begun)
    assert rates == [judging.LR, judging.FURTHER_LR]
    assert judging.FURTHER_LR < judging.LR


def test_a_model_of_another_size_or_a_used_folder_is_refused(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["pretrain", *TOY_OPTIONS, "--work", str(tmp_path / "a"), "--from", "embedded"]
    assert main([*line, "--only", "paint", "--only", "unet"]) == 2
    told = one_line(capsys.readouterr().err)
    assert "the autoencoder of embedded is not of the recipe's size" in told
    # Before anything was painted.
    assert not list((tmp_path / "a").rglob("*.npz"))
    other = tmp_path / "b"
    (other / "autoencoder").mkdir(parents=True)
    with raises_one_line(EngineError, match="name another --work"):
        further.start_from(TOY, str(model), other, tmp_path / "out")


def test_the_stages_of_a_further_training_must_be_named(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["pretrain", *TOY_OPTIONS, "--work", str(tmp_path / "work"), "--from", str(model)]
    assert main(line) == 2
    assert "--only STAGE" in one_line(capsys.readouterr().err)


def test_a_lowered_module_computes_in_bfloat16_and_learns_in_float32() -> None:
    torch.manual_seed(0)
    net, x = nn.Linear(8, 8), torch.randn(4, 8)
    lowered = LowPrecision(net, CPU)
    lowered.low = True  # Also on a processor where it would be slower.
    y = lowered(x)
    assert y.dtype == torch.bfloat16
    torch.testing.assert_close(y.float(), net(x), rtol=0.02, atol=0.02)
    y.float().sum().backward()
    assert net.weight.grad is not None
    assert net.weight.grad.dtype == torch.float32


def test_a_processor_without_instructions_for_bfloat16_computes_in_float32(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for able in (True, False):
        monkeypatch.setattr(
            torch.cpu, "get_capabilities", lambda able=able: {"avx512_bf16": able}, raising=False
        )
        prefers_bfloat16.cache_clear()
        assert prefers_bfloat16(CPU) is able
    prefers_bfloat16.cache_clear()
