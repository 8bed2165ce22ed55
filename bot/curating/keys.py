"""The keys of voters and prompts in a manifest, and the split that holds prompts out. Pure.

All are hashes with the installation's key: without the key nobody can find out who voted, or guess
a prompt that its member does not share; with it, the same votes give the same manifest.
"""

from __future__ import annotations

import hashlib

from bot.domain import UserId
from models.contract import Draw
from models.manifest import Split

#: The share of prompts that no model learns from; with fewer, the gate cannot detect a subtle taste
#: (docs/notes/gate.md).
HELD_OUT = 1 / 3

_PROMPT, _SPLIT, _VOTER = b"prompt", b"split", b"voter"


def pseudonym(key: bytes, voter_id: UserId) -> str:
    """A voter's key: the same in every manifest of this installation, and different elsewhere."""
    return f"v{_hash(key, _VOTER, str(voter_id), 8).hex()}"


def prompt_key(key: bytes, draw: Draw) -> str:
    """The key of all pictures drawn from the same words at the same size."""
    size = f"{draw.width_px}x{draw.height_px}"
    words = "\n".join((normalised(draw.prompt), normalised(draw.negative), size))
    return _hash(key, _PROMPT, words, 16).hex()


def split_of(key: bytes, prompt: str) -> Split:
    """A prompt's permanent split; it depends only on the words, not on the size."""
    share = int.from_bytes(_hash(key, _SPLIT, normalised(prompt), 8)) / 2**64
    return Split.HELD_OUT if share < HELD_OUT else Split.TRAIN


def normalised(prompt: str) -> str:
    """The words as a text encoder reads them: without capitals, and with blanks normalised."""
    tags = (" ".join(tag.split()) for tag in prompt.casefold().split(","))
    return ",".join(tag for tag in tags if tag)


def _hash(key: bytes, what: bytes, text: str, size: int) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, key=key, person=what, digest_size=size).digest()
