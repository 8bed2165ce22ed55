"""Turns prompts into embeddings: chunks of 75 tokens, weights, clip skip, and a cache.

The text encoder reads 77 tokens at a time, so a long prompt is split into chunks that are encoded
one by one and concatenated, as members know it from AUTOMATIC1111. `families` make conditioning
with it one prompt at a time, so nothing here can depend on who shares the batch; trainings read
text encoders the same way. Must not know samplers or UNets.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from models.engine.embedding import Embedding
from models.prompt import Piece, parse

#: How many tokens before a full chunk's end a comma may be, for the words after it to move on
#: together.
_BACKTRACK = 20
#: An encoder whose mean is below this share of its spread carries no meaning in it.
_MEAN_SHARE_MIN = 0.02


@dataclass(slots=True)
class Chunk:
    """Up to 75 tokens with their weights, without begin and end marks."""

    tokens: list[int] = field(default_factory=list[int])
    weights: list[float] = field(default_factory=list[float])

    def add(self, token: int, weight: float) -> None:
        """Append one token; the caller checks that there is room."""
        self.tokens.append(token)
        self.weights.append(weight)

    def split(self, at: int) -> Chunk:
        """Cut off everything from position `at` on, and return it as a new chunk."""
        rest = Chunk(self.tokens[at:], self.weights[at:])
        del self.tokens[at:], self.weights[at:]
        return rest


def chunked(
    pieces: Iterable[Piece], tokenize: Callable[[str], list[int]], room: int, comma: int | None
) -> list[Chunk]:
    """The pieces' tokens in chunks of at most `room`; one empty chunk for an empty prompt.

    A tag that the end of a chunk would split moves on whole if its comma is near.
    """
    chunks = [Chunk()]
    for piece in pieces:
        if piece.breaks:
            chunks.append(Chunk())
        for token in tokenize(piece.text):
            if len(chunks[-1].tokens) == room:
                chunks.append(chunks[-1].split(_cut_position(chunks[-1].tokens, token, comma)))
            chunks[-1].add(token, piece.weight)
    return chunks


def _cut_position(tokens: list[int], following: int, comma: int | None) -> int:
    """Where to cut a full chunk: after its last comma if that is near, else at its end."""
    if comma is None or following == comma or comma not in tokens[-_BACKTRACK:]:
        return len(tokens)
    return len(tokens) - tokens[::-1].index(comma)


def tokens_of(text: str, tokenizer: Any) -> list[int]:
    """The text's tokens without begin and end marks."""
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def comma_of(tokenizer: Any) -> int | None:
    """The token of a comma, or None if it is not one token."""
    comma = tokens_of(",", tokenizer)
    return comma[0] if len(comma) == 1 else None


def padded_ids(tokens: list[int], tokenizer: Any, length: int) -> list[int]:
    """A chunk as the encoder reads it, `length` ids: begin, tokens, end, padding."""
    begin, end, pad = tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id
    padding = length - 2 - len(tokens)
    return [begin, *tokens, end, *[end if pad is None else pad] * padding]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """A text encoder with its tokenizer: a CLIP pair of transformers."""

    tokenizer: Any
    encoder: nn.Module


def text_model_of(text_encoder: nn.Module) -> Any:
    """The module with the layers: the model itself since transformers 5.6, a part of it before."""
    return getattr(text_encoder, "text_model", text_encoder)


def hidden_states_of(text_encoder: nn.Module, ids: Tensor, clip_skip: int) -> Tensor:
    """The states (B, 77, d) of token ids (B, 77) in a layer counted from the end.

    `clip_skip` 1 is the last; states of an earlier one pass through the final norm. Trainings use
    it too.
    """
    if clip_skip == 1:
        return text_encoder(input_ids=ids).last_hidden_state
    states = text_encoder(input_ids=ids, output_hidden_states=True).hidden_states
    return text_model_of(text_encoder).final_layer_norm(states[-clip_skip])


class Conditioner:
    """A tokenizer and a text encoder together: prompt in, embeddings out.

    `tokenizer` and `text_encoder` are transformers' CLIP pair; `clip_skip` is the default layer, 1
    being the last. The last `cache_size` prompts are cached, among them the negative prompt that
    everybody shares.
    """

    def __init__(
        self, tokenizer: Any, text_encoder: nn.Module, clip_skip: int = 1, cache_size: int = 256
    ) -> None:
        self._tokenizer = tokenizer
        self._encoder = text_encoder
        self._clip_skip = clip_skip
        self._cache: OrderedDict[tuple[str, int], Embedding] = OrderedDict()
        self._cache_size = cache_size
        config: Any = text_encoder.config
        self._length = int(config.max_position_embeddings)
        self._comma = comma_of(tokenizer)
        empty = self.encode("").tokens
        self._keeps_mean = bool(empty.mean().abs() > _MEAN_SHARE_MIN * empty.std())

    def encode(self, prompt: str, clip_skip: int | None = None) -> Embedding:
        """The tokens (77 n, d) of a prompt that fills n chunks, float32, on the device."""
        skip = clip_skip or self._clip_skip
        key = (prompt, skip)
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        chunks = chunked(parse(prompt), self._tokenize, self._length - 2, self._comma)
        embedding = Embedding(
            tokens=torch.cat([self._encode_chunk(chunk, skip) for chunk in chunks])
        )
        self._cache[key] = embedding
        if len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)
        return embedding

    def pair(
        self, prompt: str, negative: str, clip_skip: int | None = None
    ) -> tuple[Embedding, Embedding]:
        """Both embeddings, the shorter one padded with the empty prompt to equal length."""
        first, second = self.encode(prompt, clip_skip), self.encode(negative, clip_skip)
        empty = self.encode("", clip_skip)
        length = max(len(first.tokens), len(second.tokens))
        return self._pad(first, length, empty), self._pad(second, length, empty)

    def _pad(self, embedding: Embedding, length: int, empty: Embedding) -> Embedding:
        missing_chunks = (length - len(embedding.tokens)) // self._length
        return replace(
            embedding, tokens=torch.cat([embedding.tokens, *[empty.tokens] * missing_chunks])
        )

    def _tokenize(self, text: str) -> list[int]:
        return tokens_of(text, self._tokenizer)

    def _encode_chunk(self, chunk: Chunk, skip: int) -> Tensor:
        """The tokens (77, d) of one chunk, its weights applied."""
        padding = self._length - 2 - len(chunk.tokens)
        ids = padded_ids(chunk.tokens, self._tokenizer, self._length)
        ids = torch.tensor([ids], device=self._device)
        tokens = hidden_states_of(self._encoder, ids, skip)[0].float()
        if all(weight == 1 for weight in chunk.weights):
            return tokens
        weights = torch.tensor([1.0, *chunk.weights, 1.0, *[1.0] * padding], device=tokens.device)
        return self._weighted(tokens, weights)

    def _weighted(self, tokens: Tensor, weights: Tensor) -> Tensor:
        """The product of tokens (77, d) and weights (77,), rescaled to the tokens' mean.

        Keeping the mean is AUTOMATIC1111's convention and right for OpenAI's encoder. An encoder
        with a mean near 0 would be rescaled at random, so there the weights alone apply.
        """
        weighted = tokens * weights[:, None]
        if not self._keeps_mean:
            return weighted
        return weighted * (tokens.mean() / weighted.mean()).clamp(0.5, 2.0)

    @property
    def _device(self) -> torch.device:
        return next(self._encoder.parameters()).device
