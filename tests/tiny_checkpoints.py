"""Tiny models of shapes that the original Stable Diffusion layout can express, for the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tiny_models
import torch

#: The original code always norms in 32 groups, so no level can be narrower.
WIDTHS = (32, 64, 128)


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
