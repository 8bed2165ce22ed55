"""Tiny models that fit the original Stable Diffusion layout, for the tests."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import save_file

from models.catalogue.registry import card_of, seal
from models.checkpoint.exporting import export
from models.checkpoint.files import read, read_part
from models.checkpoint.skeleton import PARTS
from tests.stages import tiny_models

#: The original code always normalises in 32 groups, so no level can be narrower.
WIDTHS = (32, 32, 64)
LICENCE = "Draw kindly.\n"


def build(
    folder: Path, *, openclip: bool = False, layers: int = 1, heads: Any = 2, **schedule: Any
) -> Path:
    """A diffusers folder: like Stable Diffusion 1, or 2 with OpenCLIP's text encoder."""
    tiny_models.build(folder, **schedule)
    torch.manual_seed(1)
    _unet(linear=openclip, layers=layers, heads=heads).save_pretrained(folder / "unet")
    _vae(layers).save_pretrained(folder / "vae")
    _text_encoder("gelu" if openclip else "quick_gelu").save_pretrained(folder / "text_encoder")
    return folder


def edit(path: Path, **fields: Any) -> None:
    """Set fields of a JSON config."""
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Like Stable Diffusion 1, with a licence, a card, and another timestep spacing."""
    folder = tmp_path_factory.mktemp("clip") / "tiny-one"
    build(folder, timestep_spacing="trailing")
    (folder / "LICENSE.txt").write_text(LICENCE)
    (folder / "README.md").write_text("# Tiny\n")
    seal(card_of(folder), folder)
    return folder


@pytest.fixture(scope="module")
def openclip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Like Stable Diffusion 2: OpenCLIP, linear projections, heads of equal width, velocity."""
    folder = tmp_path_factory.mktemp("openclip") / "tiny-two"
    return build(folder, openclip=True, layers=2, heads=[1, 1, 2], prediction_type="v_prediction")


@pytest.fixture(scope="module")
def exported(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the first model's export, which tests copy and then spoil."""
    directory = tmp_path_factory.mktemp("exported")
    export(str(clip), directory / "waifu.safetensors")
    return directory


@pytest.fixture
def file(exported: Path, tmp_path: Path) -> Path:
    shutil.copytree(exported, tmp_path / "download")
    return tmp_path / "download" / "waifu.safetensors"


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return {f"{part}/{k}": v for part in PARTS for k, v in read_part(folder, part).items()}


def are_equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(
        first[key].dtype == second[key].dtype and torch.equal(first[key], second[key])
        for key in first
    )


def rewrite(file: Path, tensors: dict[str, torch.Tensor], texts: dict[str, str]) -> None:
    """Replace a checkpoint whose tensors may still be mapped from it."""
    fresh = file.with_name("fresh")
    if file.suffix == ".ckpt":
        torch.save({"state_dict": tensors, "texts": texts}, fresh)
    else:
        save_file(tensors, fresh, texts)
    fresh.replace(file)


def change_tensors(file: Path, **changes: Any) -> None:
    """Rewrite a .safetensors with tensors added or replaced; None removes one."""
    tensors, texts = read(file)
    rewrite(file, {k: v for k, v in (tensors | changes).items() if v is not None}, texts)
    file.with_name("waifu.card.json").unlink(missing_ok=True)


def edit_yaml(file: Path, *path: str, value: Any) -> None:
    target = file.with_suffix(".yaml")
    tree = yaml.safe_load(target.read_text())
    node = tree["model"]["params"]
    for name in path[:-1]:
        node = node[name]
    node[path[-1]] = value
    target.write_text(yaml.safe_dump(tree))


def _unet(*, linear: bool, layers: int, heads: Any) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=WIDTHS,
        layers_per_block=layers,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=heads,
        use_linear_projection=linear,
    )


def _vae(layers: int) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(32, 64),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        layers_per_block=layers,
        latent_channels=4,
        sample_size=16,
        scaling_factor=0.5,
    )


def _text_encoder(act: str) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    vocabulary = len(tiny_models._vocabulary())  # pyright: ignore[reportPrivateUsage]
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=3,
            num_attention_heads=2,
            hidden_act=act,
            bos_token_id=vocabulary - 2,
            eos_token_id=vocabulary - 1,
            pad_token_id=vocabulary - 1,
        )
    )
