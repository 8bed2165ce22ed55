"""The conditioning of a UNet, and the one function that passes it on.

A family's conditioner makes the `Embedding` of a picture, `engine` stacks those of a tick, and
`denoiser` and the trainings pass them through `run_unet`, so that all of them call a UNet alike.
Must not know prompts, families or noise levels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedding:
    """The conditioning of one picture; from `stack`, that of B, with B before every shape."""

    #: One vector per token: (T, d), 77 tokens for each chunk of a prompt.
    tokens: Tensor
    #: The prompt as one vector: (p,), for families whose UNet wants `text_time` beside the tokens.
    pooled: Tensor | None = None
    #: For the same families, the size conditions: (6,), in pixels of the drawn size: height and
    #: width of the original, top and left of the crop, target height and width (Podell et al. 2023,
    #: arXiv:2307.01952, section 2.2).
    sizes: Tensor | None = None


def stack(embeddings: Sequence[Embedding]) -> Embedding:
    """Stack the embeddings of pictures of one model with equally many tokens."""
    return Embedding(
        tokens=torch.stack([embedding.tokens for embedding in embeddings]),
        pooled=_stack_present(embedding.pooled for embedding in embeddings),
        sizes=_stack_present(embedding.sizes for embedding in embeddings),
    )


def run_unet(unet: nn.Module, x: Tensor, timestep: Tensor, embedding: Embedding) -> Tensor:
    """The output (B, C, h, w) of a diffusers UNet for x (B, C, h, w) at timestep (B,).

    The UNet gets words in the precision of x, which must be its own. Sizes stay float32: as
    bfloat16, 1001 px would be 1000 px.
    """
    added_conditions = None
    if embedding.pooled is not None:
        added_conditions = {
            "text_embeds": embedding.pooled.to(x.dtype),
            "time_ids": embedding.sizes,
        }
    tokens = embedding.tokens.to(x.dtype)
    return unet(x, timestep, tokens, added_cond_kwargs=added_conditions, return_dict=False)[0]


def _stack_present(parts: Iterable[Tensor | None]) -> Tensor | None:
    present = [part for part in parts if part is not None]
    return torch.stack(present) if present else None
