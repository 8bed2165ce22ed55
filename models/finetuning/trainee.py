"""The trained networks: UNet and text encoder as one module, whole or through LoRA.

Called by the training loop. Must not know data, noise or optimizers.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from models.contract import EngineError
from models.engine.embedding import Embedding, run_unet
from models.engine.loader import Components
from models.finetuning.recipe import Lora, Method, Recipe
from models.finetuning.words import CachedWords, embed, unused_layers
from models.training.lora import TEXT_TARGETS, UNET_TARGETS, add
from models.training.precision import LowPrecision


class Trainee(nn.Module):
    """UNet and text encoder; trained parameters have `requires_grad`, all others are frozen."""

    def __init__(
        self,
        unet: nn.Module,
        text_encoder: nn.Module,
        clip_skip: int,
        *,
        trains_text: bool,
        cached_words: CachedWords | None = None,
    ) -> None:
        """`cached_words` caches the captions' embeddings; without it every pass computes them."""
        super().__init__()
        self.unet = unet
        self.text_encoder = text_encoder
        self._clip_skip = clip_skip
        self._trains_text, self._cached_words = trains_text, cached_words
        self.set_up_forward(torch.device("cpu"), low=False, compiled=False)

    def set_up_forward(self, device: torch.device, *, low: bool, compiled: bool) -> None:
        """Run the UNet in bfloat16 copies of its weights, compiled, or both.

        Copies live only for the forward pass: recomputation in the backward pass, as with gradient
        checkpointing, does not find them.
        """
        self._predict = LowPrecision(_PlainUnet(self.unet), device, low=low, compiled=compiled)

    def forward(self, noisy: Tensor, timestep: Tensor, ids: Tensor) -> Tensor:
        """The UNet's output (B, C, h, w) for noisy (B, C, h, w) at timestep (B,).

        `ids` (B, n, 77) are the captions' tokens.
        """
        if self._cached_words is not None:
            words = self._cached_words.embeddings(ids).to(noisy)
        else:
            with torch.set_grad_enabled(self._trains_text and torch.is_grad_enabled()):
                words = embed(self.text_encoder, ids, self._clip_skip)
        return self._predict(noisy, timestep, words)

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        """The trained parameters, by name, in a fixed order."""
        return {name: p for name, p in self.named_parameters() if p.requires_grad}


class _PlainUnet(nn.Module):
    """A UNet with plain tensors as input and output."""

    def __init__(self, unet: nn.Module) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, noisy: Tensor, timestep: Tensor, words: Tensor) -> Tensor:
        """The output (B, C, h, w) for noisy (B, C, h, w) at timestep (B,), words (B, n, d)."""
        return run_unet(self.unet, noisy, timestep, Embedding(tokens=words))


def require_plain(parts: Components) -> None:
    """Raise EngineError for a valid base that is not a plain text-to-picture model."""
    unet: Any = parts.unet.config
    vae: Any = parts.vae.config
    text: Any = parts.text_encoder.config
    if unet.in_channels != vae.latent_channels or unet.out_channels != vae.latent_channels:
        raise EngineError(
            f"{parts.folder} reads {unet.in_channels} channels and writes {unet.out_channels}, its "
            f"latents have {vae.latent_channels}: it paints over or scales up pictures. Only a "
            "plain text-to-picture model can be the base."
        )
    for name in ("class_embed_type", "addition_embed_type", "encoder_hid_dim_type"):
        if getattr(unet, name, None) is not None:
            raise EngineError(
                f"{parts.folder}: the UNet wants {name} = {getattr(unet, name)!r} beside the text; "
                "only the family of Stable Diffusion 1 and 2 can be the base."
            )
    if unet.cross_attention_dim != text.hidden_size:
        raise EngineError(
            f"{parts.folder}: the UNet wants texts {unet.cross_attention_dim} wide and the text "
            f"encoder makes them {text.hidden_size} wide; they are of two different models."
        )


def build(recipe: Recipe, parts: Components, clip_skip: int) -> Trainee:
    """The base's networks, prepared for training; LoRA begins as the base itself."""
    trains_text = recipe.train_text_encoder
    cached_words = (
        CachedWords(parts.text_encoder, clip_skip, recipe.cache_folder)
        if recipe.cache_text
        else None
    )
    trainee = Trainee(
        parts.unet,
        parts.text_encoder,
        clip_skip,
        trains_text=trains_text,
        cached_words=cached_words,
    )
    trainee.requires_grad_(requires_grad=False)
    if recipe.method is Method.LORA:
        _add_lora(recipe.lora, trainee, recipe.seed, with_text=trains_text)
    else:
        trainee.unet.requires_grad_(requires_grad=True)
        trainee.text_encoder.requires_grad_(requires_grad=trains_text)
    for layer in unused_layers(trainee.text_encoder, clip_skip):
        layer.requires_grad_(requires_grad=False)
    if recipe.gradient_checkpointing:
        # The text encoder is small beside the UNet, so it keeps its activations.
        parts.unet.enable_gradient_checkpointing()  # type: ignore[operator]
    trainee.train()
    trainee.text_encoder.train(trains_text)
    return trainee


def _add_lora(lora: Lora, trainee: Trainee, seed: int, *, with_text: bool) -> None:
    # peft draws the first matrices from torch's own generator.
    torch.manual_seed(seed)
    add(trainee.unet, UNET_TARGETS, lora.rank, lora.scale, lora.dropout)
    if with_text:
        add(trainee.text_encoder, TEXT_TARGETS, lora.rank, lora.scale, lora.dropout)
