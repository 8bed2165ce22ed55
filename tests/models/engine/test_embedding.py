"""Stacked rows get the conditioning that each would get alone, with exact sizes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.engine.embedding import Embedding, run_unet, stack


class Listening(nn.Module):
    """A UNet that records its conditioning and returns its input."""

    def forward(self, x: Tensor, timestep: Tensor, tokens: Tensor, **rest: Any) -> tuple[Tensor]:
        self.tokens, self.beside = tokens, rest["added_cond_kwargs"]
        return (x,)


def embedding(number: float) -> Embedding:
    return Embedding(
        tokens=torch.full((77, 8), number),
        pooled=torch.full((5,), number + 1),
        sizes=torch.arange(6) + number + 2.0,
    )


def test_rows_are_stacked_in_their_order_part_by_part() -> None:
    told = stack([embedding(0), embedding(10)])
    parts = (told.tokens, told.pooled, told.sizes)
    assert [part.shape for part in parts if part is not None] == [(2, 77, 8), (2, 5), (2, 6)]
    assert [part[-1].flatten()[0].item() for part in parts if part is not None] == [10, 11, 12]


def test_parts_that_a_family_lacks_are_not_stacked() -> None:
    told = stack([Embedding(tokens=torch.zeros(77, 8))] * 2)
    assert (told.pooled, told.sizes) == (None, None)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_embeddings_use_the_unets_precision_but_sizes_stay_exact(dtype: torch.dtype) -> None:
    unet = Listening()
    run_unet(unet, torch.zeros(1, 4, 8, 8, dtype=dtype), torch.zeros(1), stack([embedding(1001)]))
    assert unet.tokens.dtype is unet.beside["text_embeds"].dtype is dtype
    assert unet.beside["time_ids"].tolist() == [[1003, 1004, 1005, 1006, 1007, 1008]]


def test_a_family_with_only_tokens_passes_no_added_conditions() -> None:
    unet = Listening()
    run_unet(unet, torch.zeros(1, 4, 8, 8), torch.zeros(1), Embedding(tokens=torch.zeros(1, 77, 8)))
    assert unet.beside is None
