"""A family is one row: how it is recognised, its precision, and how its models are conditioned."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.catalogue.adoption import MARKS, CardError, family_of
from models.contract import Aspect, EngineError, Sampler
from models.engine.batcher import RowKey
from models.engine.denoiser import Conditions
from models.engine.families import FAMILIES
from models.engine.loader import Components, load
from models.engine.slots import SlotEngine, open_engine
from models.finetuning.trainee import require_plain
from tests.stages.drawing import assert_same_picture, draw_all, pixels
from tests.stages.published import draw_with_pipeline
from tests.stages.tiny_models import _unet, request, tiny_folder
from tests.stages.tiny_xl import build, xl_folder

__all__ = ["tiny_folder", "xl_folder"]


@pytest.fixture
def engine(xl_folder: Path) -> Iterator[SlotEngine]:
    opened = open_engine(str(xl_folder), device="cpu", threads=1, capacity=4)
    yield opened
    opened.close()


def networks_of(parts: Components) -> list[nn.Module]:
    return [parts.unet, parts.vae, *(text.encoder for text in parts.texts)]


def test_every_recognised_family_can_be_drawn_with() -> None:
    assert MARKS.keys() == FAMILIES.keys()


@pytest.mark.parametrize(
    ("width", "family", "half", "base"),
    [
        (768, "sd1", torch.float16, "Stable Diffusion 1"),
        (1024, "sd2", torch.bfloat16, "Stable Diffusion 2"),
        (16, "sd1", torch.float16, "a small model of its own (16 wide)"),
        (1280, "sd1", torch.float16, "a small model of its own (1280 wide)"),
    ],
)
def test_stable_diffusion_1_and_2_are_told_apart_by_width(
    tiny_folder: Path, tmp_path: Path, *, width: int, family: str, half: torch.dtype, base: str
) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "wide")
    _unet(cross_attention_dim=width).save_pretrained(folder / "unet")
    assert family_of(folder) == family
    # The meta device shows a GPU's precision without a GPU.
    parts = load(str(folder), device="meta")
    assert {p.dtype for network in networks_of(parts) for p in network.parameters()} == {half}
    assert parts.base == base


def test_an_unknown_family_is_refused_with_the_supported_ones(tmp_path: Path) -> None:
    folder = build(tmp_path / "xl")
    with pytest.raises(CardError) as caught:
        load(str(folder), device="cpu")
    assert str(caught.value) == (
        f"{folder} is a StableDiffusionXLPipeline; only a StableDiffusionPipeline "
        "(Stable Diffusion 1 or Stable Diffusion 2) is supported."
    )


def test_one_more_row_is_enough_to_load_a_new_family(xl_folder: Path) -> None:
    parts = load(str(xl_folder), device="cpu")
    assert family_of(xl_folder) == "xl"
    assert [type(text.encoder).__name__ for text in parts.texts] == [
        "CLIPTextModel",
        "CLIPTextModelWithProjection",
    ]
    for network in networks_of(parts):
        assert not network.training
        assert not any(parameter.requires_grad for parameter in network.parameters())


# diffusers passes a tensor to numpy in a way that numpy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("kind", Sampler)
@torch.inference_mode()
def test_an_sdxl_picture_equals_diffusers_own_pipeline(xl_folder: Path, kind: Sampler) -> None:
    asked = request("same", sampler=kind, steps=7, width_px=16, height_px=24)
    theirs = draw_with_pipeline(diffusers.StableDiffusionXLPipeline, xl_folder, asked.draw)
    engine = SlotEngine(load(str(xl_folder), device="cpu"), 1)
    assert theirs.std() > 10
    assert np.abs(pixels(draw_all(engine, [asked])["same"]) - theirs).max() <= 2


def test_an_sdxl_unet_is_told_the_native_size_not_the_finished_one(
    engine: SlotEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Tensor | None] = []
    denoise = engine._denoise

    def listening(x: Tensor, sigma: Tensor, conditions: Conditions) -> Tensor:
        told.append(conditions.embedding.sizes)
        return denoise(x, sigma, conditions)

    monkeypatch.setattr(engine, "_denoise", listening)
    width, height = engine.info.sizes_px[Aspect.PORTRAIT]
    draw_all(engine, [request("a", steps=1, width_px=width, height_px=height)])
    assert (width, height) == (512, 768)
    (sizes,) = told
    assert sizes is not None
    assert sizes.tolist() == [[24.0, 16.0, 0.0, 0.0, 24.0, 16.0]] * 2


def test_sdxl_rows_are_batched_like_all_others(engine: SlotEngine) -> None:
    mixed = [
        request("plain"),
        request("unguided", guidance=1.0, steps=3, prompt="cat"),
        request("other", sampler=Sampler.DPMPP_2M, prompt="red eyes", steps=4),
    ]
    together = draw_all(engine, mixed)
    assert {picture.batch_width for picture in together.values()} == {3}
    for asked in mixed:
        alone = draw_all(engine, [asked])[asked.row_id]
        assert_same_picture(together[asked.row_id], alone)


def test_sdxl_rows_are_keyed_like_all_others(engine: SlotEngine) -> None:
    engine.admit(request("a"))
    key = RowKey(model=engine.info.card_id, shape=(4, 8, 8, 77))
    assert engine._batcher._line == {"a": key}


def test_both_sdxl_text_encoders_are_fetched_from_the_hub(
    xl_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def fetched(_hub_id: str, *, allow_patterns: list[str]) -> str:
        asked.append(allow_patterns)
        return str(xl_folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetched)
    parts = load("someone/xl", device="cpu")
    assert parts.card.name == "someone/xl"
    _, weights = asked
    assert {"text_encoder/model.safetensors", "text_encoder_2/model.safetensors"} < set(weights)


def test_an_sdxl_model_is_refused_for_training_with_the_reason(xl_folder: Path) -> None:
    with pytest.raises(EngineError, match=r"addition_embed_type = 'text_time' beside the text"):
        require_plain(load(str(xl_folder), device="cpu"))


def test_closing_the_engine_releases_every_network(xl_folder: Path) -> None:
    parts = load(str(xl_folder), device="cpu")
    SlotEngine(parts, 1).close()
    tensors = [tensor for network in networks_of(parts) for tensor in network.parameters()]
    assert {tensor.device.type for tensor in tensors} == {"meta"}
