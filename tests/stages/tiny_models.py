"""A complete Stable Diffusion folder of random weights, a few hundred kilobytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from models.contract import Draw, RenderRequest, Sampler

#: Pixels per latent cell, and the side of the tiny model's native square in pixels.
CELL_PX = 2
NATIVE_PX = 16

SCHEDULE: dict[str, Any] = {
    "_class_name": "PNDMScheduler",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "steps_offset": 1,
    "timestep_spacing": "leading",
}


#: Fields of a UNet of one level with one attention block, for tests that would take seconds.
ONE_LEVEL: dict[str, Any] = {
    "block_out_channels": (8,),
    "down_block_types": ("DownBlock2D",),
    "up_block_types": ("UpBlock2D",),
}


def build(
    folder: Path, *, tiny_vae: bool = False, unet: dict[str, Any] | None = None, **schedule: Any
) -> Path:
    """Write the folder; `schedule` overrides fields of scheduler_config.json, `unet` the UNet's."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    _unet(**unet or {}).save_pretrained(folder / "unet")
    _vae(tiny=tiny_vae).save_pretrained(folder / "vae")
    _write_tokenizer(folder / "tokenizer")
    _text_encoder().save_pretrained(folder / "text_encoder")
    _write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULE | schedule)
    _write_json(
        folder / "model_index.json",
        {
            "_class_name": "StableDiffusionPipeline",
            "scheduler": ["diffusers", "PNDMScheduler"],
            "text_encoder": ["transformers", "CLIPTextModel"],
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderTiny" if tiny_vae else "AutoencoderKL"],
            "safety_checker": [None, None],
            "feature_extractor": [None, None],
            "requires_safety_checker": False,
        },
    )
    return folder


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plain tiny model: epsilon, AutoencoderKL, no card."""
    return build(tmp_path_factory.mktemp("tiny") / "tiny-waifu")


def request(row_id: str, **changes: Any) -> RenderRequest:
    """A small request to the tiny model; the row's id determines the seed."""
    preview_every = changes.pop("preview_every", 0)
    fields: dict[str, Any] = {
        "prompt": "1girl, blue hair",
        "negative": "bad",
        "seed": sum(row_id.encode()),
        "steps": 6,
        "guidance": 4.0,
        "sampler": Sampler.EULER_A,
        "width_px": NATIVE_PX,
        "height_px": NATIVE_PX,
    }
    return RenderRequest(row_id=row_id, draw=Draw(**fields | changes), preview_every=preview_every)


def _unet(**fields: Any) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        **{
            "sample_size": NATIVE_PX // CELL_PX,
            "in_channels": 4,
            "out_channels": 4,
            "block_out_channels": (8, 16),
            "layers_per_block": 1,
            "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
            "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
            "cross_attention_dim": 16,
            "attention_head_dim": 2,
            "norm_num_groups": 4,
        }
        | fields
    )


def _vae(*, tiny: bool, **fields: Any) -> Any:
    from diffusers import AutoencoderKL, AutoencoderTiny

    if tiny:
        return AutoencoderTiny(
            latent_channels=4,
            encoder_block_out_channels=(8, 8),
            decoder_block_out_channels=(8, 8),
            num_encoder_blocks=(1, 1),
            num_decoder_blocks=(1, 1),
            scaling_factor=0.9,
        )
    return AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=NATIVE_PX,
        **fields,
    )


def _text_encoder() -> Any:
    from transformers import CLIPTextModel

    return CLIPTextModel(_text_config())


def _text_config(**fields: Any) -> Any:
    from transformers import CLIPTextConfig

    vocabulary = len(_vocabulary())
    return CLIPTextConfig(
        **{
            "vocab_size": vocabulary,
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 3,
            "num_attention_heads": 2,
            "max_position_embeddings": 77,
            "bos_token_id": vocabulary - 2,
            "eos_token_id": vocabulary - 1,
            "pad_token_id": vocabulary - 1,
        }
        | fields
    )


def _vocabulary() -> dict[str, int]:
    """Every byte as a symbol, inside and at the end of a word; no merges, so letters are tokens."""
    from tokenizers.pre_tokenizers import ByteLevel

    symbols = sorted(ByteLevel.alphabet())
    words = [*symbols, *(s + "</w>" for s in symbols), "<|startoftext|>", "<|endoftext|>"]
    return {word: index for index, word in enumerate(words)}


def _write_tokenizer(folder: Path) -> None:
    _write_json(folder / "vocab.json", _vocabulary())
    (folder / "merges.txt").write_text("#version: 0.2\n")
    _write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "CLIPTokenizer",
            "model_max_length": 77,
            "bos_token": "<|startoftext|>",
            "eos_token": "<|endoftext|>",
            "pad_token": "<|endoftext|>",
            "unk_token": "<|endoftext|>",
        },
    )


def _write_json(path: Path, data: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
