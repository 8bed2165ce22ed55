"""What a UNet is told of a picture beside its noise, and the one call by which it is told.

A family's conditioner makes the `Embedding` of a picture, `engine` stacks those of a tick, and
`denoiser` and the trainings hand them on through `ask`, so that all of them speak to a UNet in one
way. It must not know prompts, families or noise levels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedding:
    """What is said of one picture; of B pictures, with B before every shape, once `stacked`."""

    #: The words, token by token: (T, d), 77 tokens for each chunk of a prompt.
    tokens: Tensor
    #: The words as a whole: (p,), for families whose UNet wants `text_time` beside the tokens.
    pooled: Tensor | None = None
    #: For the same families, the size conditions: (6,), in pixels of what is drawn: height and
    #: width of the original, top and left of what was cut from it, height and width wanted
    #: (Podell et al. 2023, arXiv:2307.01952, section 2.2).
    sizes: Tensor | None = None


def stacked(embeddings: Sequence[Embedding]) -> Embedding:
    """The embeddings of pictures of one model, equally many tokens each, as one of them all."""
    return Embedding(
        tokens=torch.stack([embedding.tokens for embedding in embeddings]),
        pooled=_stacked(embedding.pooled for embedding in embeddings),
        sizes=_stacked(embedding.sizes for embedding in embeddings),
    )


def ask(unet: nn.Module, x: Tensor, timestep: Tensor, embedding: Embedding) -> Tensor:
    """What a UNet of diffusers says, (B, C, h, w), of x (B, C, h, w) at timestep (B,).

    Words are told in the precision of x, which must be the UNet's. Sizes stay float32: as bfloat16,
    1001 px would be 1000 px.
    """
    beside = None
    if embedding.pooled is not None:
        beside = {"text_embeds": embedding.pooled.to(x.dtype), "time_ids": embedding.sizes}
    tokens = embedding.tokens.to(x.dtype)
    return unet(x, timestep, tokens, added_cond_kwargs=beside, return_dict=False)[0]


def _stacked(parts: Iterable[Tensor | None]) -> Tensor | None:
    there = [part for part in parts if part is not None]
    return torch.stack(there) if there else None
