"""Embeds many captions at once, with gradients if the text encoder is trained too.

The values equal those of `conditioning` for a prompt without weights, so that the model sees in use
what it was trained on. Called by `trainee`. Must not know tokenizers or UNets.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.data.caches import EmbeddingCache, weights_sha256
from models.engine.conditioning import hidden_states_of, text_model_of


def embed(text_encoder: nn.Module, ids: Tensor, clip_skip: int) -> Tensor:
    """The embeddings (B, 77 n, d) of token ids (B, n, 77), from the layer given by `clip_skip`."""
    states = hidden_states_of(text_encoder, ids.flatten(0, 1), clip_skip)
    return states.unflatten(0, ids.shape[:2]).flatten(1, 2)


class CachedWords:
    """The embeddings of a frozen text encoder, computed once and cached on disk.

    An entry is a caption padded to the chunks of the longest one beside it. Each is encoded alone,
    so that its values do not depend on its neighbours: a run that lost its cache equals one that
    did not.
    """

    def __init__(self, text_encoder: nn.Module, clip_skip: int, folder: Path) -> None:
        self._encoder, self._clip_skip = text_encoder, clip_skip
        self._cache = EmbeddingCache(folder, weights_sha256(text_encoder), clip_skip=clip_skip)

    @torch.no_grad()
    def embeddings(self, ids: Tensor) -> Tensor:
        """The embeddings (B, 77 n, d) of token ids (B, n, 77), float16, on the CPU.

        Computed in the encoder's own precision, so that runs of any precision may share a cache.
        """
        device = next(self._encoder.parameters()).device
        with torch.autocast(device.type, enabled=False):
            return torch.stack([self._embed_one(row, device) for row in ids])

    def _embed_one(self, ids: Tensor, device: torch.device) -> Tensor:
        def compute() -> Tensor:
            return embed(self._encoder, ids[None].to(device), self._clip_skip)[0].half()

        return self._cache.embeddings(" ".join(map(str, ids.flatten().tolist())), compute)


def unused_layers(text_encoder: nn.Module, clip_skip: int) -> Iterator[nn.Module]:
    """The layers after the one that is read, which get no gradient and must not be trained."""
    layers: Any = text_model_of(text_encoder).encoder.layers
    yield from layers[len(layers) + 1 - clip_skip :]
