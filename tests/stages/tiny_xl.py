"""An unknown model family: SDXL at tiny size, plugged in as one more row.

Two text encoders side by side, their tokens from the last layer but one, the second encoder's
pooled output, six size conditions, and latents with a mean and a deviation (as in Playground v2.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.catalogue.adoption import MARKS, Marks
from models.contract import Draw
from models.engine.conditioning import TextPart
from models.engine.embedding import Embedding
from models.engine.families import FAMILIES, Condition, Family
from tests.stages.tiny_models import (
    SCHEDULE,
    _text_config,
    _text_encoder,
    _unet,
    _vae,
    _write_json,
    _write_tokenizer,
)

_WIDTH, _POOLED, _SIZE_WIDTH = 24, 12, 8


def build(folder: Path) -> Path:
    """Write the folder."""
    from transformers import CLIPTextModelWithProjection

    torch.manual_seed(0)
    torch.set_num_threads(1)
    _unet(
        cross_attention_dim=16 + _WIDTH,
        addition_embed_type="text_time",
        addition_time_embed_dim=_SIZE_WIDTH,
        projection_class_embeddings_input_dim=6 * _SIZE_WIDTH + _POOLED,
    ).save_pretrained(folder / "unet")
    _vae(
        tiny=False,
        scaling_factor=0.5,
        latents_mean=(-0.5, 0.1, 0.6, -0.2),
        latents_std=(1.5, 0.8, 1.2, 2.0),
    ).save_pretrained(folder / "vae")
    for name in ("tokenizer", "tokenizer_2"):
        _write_tokenizer(folder / name)
    _text_encoder().save_pretrained(folder / "text_encoder")
    second = CLIPTextModelWithProjection(_text_config(hidden_size=_WIDTH, projection_dim=_POOLED))
    second.save_pretrained(folder / "text_encoder_2")
    _write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULE)
    _write_json(
        folder / "model_index.json",
        {
            "_class_name": "StableDiffusionXLPipeline",
            "scheduler": ["diffusers", "PNDMScheduler"],
            "text_encoder": ["transformers", "CLIPTextModel"],
            "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "tokenizer_2": ["transformers", "CLIPTokenizer"],
            "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderKL"],
            "image_encoder": [None, None],
            "feature_extractor": [None, None],
            "force_zeros_for_empty_prompt": False,
        },
    )
    return folder


MARKS_XL = Marks(
    label="Stable Diffusion XL",
    pipeline="StableDiffusionXLPipeline",
    addition="text_time",
    width=2048,
    texts={"text_encoder": "CLIPTextModel", "text_encoder_2": "CLIPTextModelWithProjection"},
)


def condition(texts: Sequence[TextPart], clip_skip: int) -> Condition:
    """The conditioning of diffusers' own pipeline, with only the picture's own size."""

    def embed(prompt: str, skip: int, native_px: tuple[int, int]) -> Embedding:
        read = [_encode(text, prompt) for text in texts]
        width, height = native_px
        return Embedding(
            tokens=torch.cat([states.hidden_states[-1 - skip][0] for states in read], dim=-1),
            pooled=read[-1].text_embeds[0],
            sizes=torch.tensor([height, width, 0, 0, height, width], dtype=torch.float32),
        )

    def embed_both(draw: Draw, native_px: tuple[int, int]) -> tuple[Embedding, Embedding]:
        skip = draw.clip_skip or clip_skip
        return (
            embed(draw.prompt, skip, native_px),
            embed(draw.negative, skip, native_px),
        )

    return embed_both


def unscale_latents(vae: nn.Module, latents: Tensor) -> Tensor:
    """Restore each channel's own standard deviation and mean."""
    config: Any = vae.config
    mean, deviation = (
        torch.tensor(values)[:, None, None] for values in (config.latents_mean, config.latents_std)
    )
    return latents * deviation / config.scaling_factor + mean


@pytest.fixture
def xl_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny folder, with rows for its family in the tables."""
    monkeypatch.setitem(MARKS, "xl", MARKS_XL)
    row = Family(half=torch.float16, condition=condition, unscale=unscale_latents)
    monkeypatch.setitem(FAMILIES, "xl", row)
    return build(tmp_path_factory.mktemp("xl") / "tiny-xl")


def _encode(text: TextPart, prompt: str) -> Any:
    ids = text.tokenizer(prompt, padding="max_length", max_length=77, return_tensors="pt")
    return text.encoder(input_ids=ids["input_ids"], output_hidden_states=True)
