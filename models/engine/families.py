"""What each family does in a way of its own: the table that loading and drawing go by.

A row is beside its `Marks` in `models.catalogue.adoption`, which say what a folder of the family is
known by. Read by `loader` and `engine`, which know no family by name. It must not know rows in
flight, samplers or files.
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

#: From a draw and the (width, height) in pixels that it is drawn at: what is wanted, what is not.
#: Both have equally many tokens.
Condition = Callable[[Draw, tuple[int, int]], tuple[Embedding, Embedding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """How the models of one family are drawn with."""

    #: What they calculate in where there is a GPU.
    half: torch.dtype
    #: How words become conditioning; made from the text encoders and the card's clip skip.
    condition: Callable[[Sequence[TextPart], int], Condition]
    #: The autoencoder's latents (C, h, w) out of the UNet's.
    unscale: Callable[[nn.Module, Tensor], Tensor] = unscaled
    #: The way back.
    scale: Callable[[nn.Module, Tensor], Tensor] = scaled


def _words_alone(texts: Sequence[TextPart], clip_skip: int) -> Condition:
    """One text encoder's tokens; the UNet is told nothing beside them."""
    (text,) = texts
    conditioner = Conditioner(text.tokenizer, text.encoder, clip_skip)
    return lambda draw, _: conditioner.pair(draw.words, draw.negative, draw.clip_skip)


FAMILIES: dict[str, Family] = {
    "sd1": Family(half=torch.float16, condition=_words_alone),
    # Its attention overflows float16.
    "sd2": Family(half=torch.bfloat16, condition=_words_alone),
}
