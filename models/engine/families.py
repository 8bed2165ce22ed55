"""What differs between model families: the table used for loading and drawing.

Each row belongs to `Marks` in `models.catalogue.adoption`, which say how to recognise the family's
folders. Read by `loader` and `engine`, which know no family by name. Must not know rows in flight,
samplers or files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.contract import Draw
from models.engine.codec import scaled, unscaled
from models.engine.conditioning import Conditioner, TextPart
from models.engine.embedding import Embedding

#: Maps a draw, and its drawing size (width, height) in pixels, to positive and negative
#: conditioning with equally many tokens.
Condition = Callable[[Draw, tuple[int, int]], tuple[Embedding, Embedding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """How to draw with the models of one family."""

    #: Their precision on a GPU.
    half: torch.dtype
    #: Makes conditioning from words; built from the text encoders and the card's clip skip.
    condition: Callable[[Sequence[TextPart], int], Condition]
    #: Converts the UNet's latents (C, h, w) to the autoencoder's.
    unscale: Callable[[nn.Module, Tensor], Tensor] = unscaled
    #: The inverse.
    scale: Callable[[nn.Module, Tensor], Tensor] = scaled


def _tokens_only(texts: Sequence[TextPart], clip_skip: int) -> Condition:
    """Conditioning by one text encoder's tokens alone."""
    (text,) = texts
    conditioner = Conditioner(text.tokenizer, text.encoder, clip_skip)
    return lambda draw, _: conditioner.pair(draw.words, draw.negative, draw.clip_skip)


FAMILIES: dict[str, Family] = {
    "sd1": Family(half=torch.float16, condition=_tokens_only),
    # Its attention overflows float16.
    "sd2": Family(half=torch.bfloat16, condition=_tokens_only),
}
