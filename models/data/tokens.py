"""Tokenises captions: up to 225 tokens in chunks of 75, split like the engine's prompts.

Called by whoever trains. A caption is plain text, so brackets and BREAK have no meaning in it. Must
not know encoders. Torch is imported when ids are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from models.prompt import Piece, without_special_tokens

if TYPE_CHECKING:
    import torch

#: 3 chunks of 75 tokens; longer captions are truncated.
MAX_CHUNKS = 3


def token_ids(
    texts: Sequence[str], tokenizer: Any, *, length: int = 77, max_chunks: int = MAX_CHUNKS
) -> torch.Tensor:
    """The ids of each text, int64 (B, n, length), n the most chunks that any of them needs.

    Each chunk is begin, up to `length - 2` tokens, end, padding; shorter texts are padded with
    empty chunks, as in the engine. Raises ValueError if there are no texts.
    """
    import torch

    if not texts:
        raise ValueError("there are no texts to make ids of")
    rows = [_chunks(text, tokenizer, length)[:max_chunks] for text in texts]
    longest = max(len(row) for row in rows)
    empty = _chunks("", tokenizer, length)
    return torch.tensor([row + empty * (longest - len(row)) for row in rows])


def _chunks(text: str, tokenizer: Any, length: int) -> list[list[int]]:
    from models.engine.conditioning import chunked, comma_of, padded_ids, tokens_of

    pieces = [Piece(text=without_special_tokens(text))]
    cut = chunked(pieces, lambda part: tokens_of(part, tokenizer), length - 2, comma_of(tokenizer))
    return [padded_ids(chunk.tokens, tokenizer, length) for chunk in cut]
