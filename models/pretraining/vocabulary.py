"""The tokenizer of the embedded model: CLIP's format, with the painter's words as whole tokens.

Called by the painting, the text stages and the export. Each word of the captions is one token;
anything else falls back to bytes, so that any text can be encoded. Must not know torch.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.painter.captions import caption_words

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
LENGTH = 77


def _alphabet() -> list[str]:
    """The 256 printable characters that byte-level BPE uses for bytes."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]


def _merge_pairs(symbols: list[str], rank: dict[tuple[str, str], int]) -> list[str]:
    """Byte-pair merging: the lowest rank first, until none applies."""
    while True:
        pairs = [(rank.get(p, len(rank)), i) for i, p in enumerate(pairwise(symbols))]
        best, position = min(pairs, default=(len(rank), 0))
        if best == len(rank):
            return symbols
        symbols = [
            *symbols[:position],
            symbols[position] + symbols[position + 1],
            *symbols[position + 2 :],
        ]


def merges_of(pieces: list[str]) -> list[tuple[str, str]]:
    """Merges that make each piece one token, such that no later piece breaks an earlier one."""
    rank: dict[tuple[str, str], int] = {}
    for piece in pieces:
        symbols = _merge_pairs([*piece[:-1], piece[-1] + "</w>"], rank)
        while len(symbols) > 1:
            rank[(symbols[-2], symbols[-1])] = len(rank)
            symbols = [*symbols[:-2], symbols[-2] + symbols[-1]]
    return list(rank)


def write(folder: Path) -> None:
    """Write `vocab.json` and `merges.txt`."""
    pieces = {p for word in caption_words() for p in re.findall(r"[a-z]+|[0-9]|[^a-z0-9\s]+", word)}
    merges = merges_of(sorted(pieces))
    letters = _alphabet()
    tokens = [*letters, *(c + "</w>" for c in letters)]
    tokens += [t for t in dict.fromkeys(a + b for a, b in merges) if t not in set(tokens)]
    tokens += [START, END]
    folder.mkdir(parents=True, exist_ok=True)
    vocab = {token: i for i, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(f"{a} {b}" for a, b in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def load(folder: Path) -> CLIPTokenizer:
    """The tokenizer in a folder that `write` has filled."""
    from transformers import CLIPTokenizer

    vocab = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    lines = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()[1:]
    # transformers declares vocab.json's lines, but accepts pairs.
    merges: Any = [tuple(line.split(" ")) for line in lines]
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=LENGTH)


def encode(tokenizer: CLIPTokenizer, texts: list[str]) -> list[list[int]]:
    """Token ids, 77 for each text: start, words, end, padded with end as Stable Diffusion does."""
    return tokenizer(texts, padding="max_length", max_length=LENGTH, truncation=True).input_ids
