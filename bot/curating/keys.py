"""What stands for a voter and for a prompt in a manifest, and which prompts are held out. Pure.

All of it is hashed with the installation's key: without the key nobody can find out who voted, or
guess a prompt that its member does not share; with it, the same votes give the same manifest.
"""

from __future__ import annotations

import hashlib

from bot.domain import UserId
from models.contract import Draw
from models.manifest import Split

#: So much of all prompts no model learns from: of fewer the gate cannot tell a finer taste
#: (docs/notes/gate.md).
HELD_OUT = 1 / 3

_PROMPT, _SPLIT, _VOTER = b"prompt", b"split", b"voter"


def pseudonym(key: bytes, voter_id: UserId) -> str:
    """The same for one voter in every manifest of this installation, and in no other's."""
    return f"v{_hash(key, _VOTER, str(voter_id), 8).hex()}"


def prompt_key(key: bytes, draw: Draw) -> str:
    """The same for all pictures that were drawn of the same words in the same size."""
    size = f"{draw.width_px}x{draw.height_px}"
    words = "\n".join((plain(draw.prompt), plain(draw.negative), size))
    return _hash(key, _PROMPT, words, 16).hex()


def split_of(key: bytes, prompt: str) -> Split:
    """What a prompt is for, once for ever: of its words alone, in whatever size it was drawn."""
    share = int.from_bytes(_hash(key, _SPLIT, plain(prompt), 8)) / 2**64
    return Split.HELD_OUT if share < HELD_OUT else Split.TRAIN


def plain(prompt: str) -> str:
    """The words without what a text encoder does not hear: capitals, and blanks between tags."""
    tags = (" ".join(tag.split()) for tag in prompt.casefold().split(","))
    return ",".join(tag for tag in tags if tag)


def _hash(key: bytes, what: bytes, text: str, size: int) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, key=key, person=what, digest_size=size).digest()
