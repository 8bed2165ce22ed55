"""Stateless randomness: the same seed, step and row always give the same numbers.

No random state has to be saved, so a killed run resumes as if nothing had happened, and two GPUs
draw what one would have drawn. Called by the training loop.
"""

from __future__ import annotations

import hashlib
import random

import torch


def number(seed: int, *path: int | str) -> int:
    """A pseudo-random number below 2^63 from the seed and the names of its use."""
    digest = hashlib.sha256("/".join(map(str, (seed, *path))).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def python_generator(seed: int, *path: int | str) -> random.Random:
    """A generator of plain numbers and choices."""
    return random.Random(number(seed, *path))


def generator(seed: int, *path: int | str) -> torch.Generator:
    """A generator of tensors, on the CPU, so that every device gets the same ones."""
    return torch.Generator("cpu").manual_seed(number(seed, *path))
