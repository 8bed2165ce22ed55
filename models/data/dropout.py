"""Caption dropout: some pictures are trained without words, and guidance leads away from those.

Classifier-free guidance needs a model that also draws unconditionally (Ho and Salimans 2022,
arXiv:2207.12598, algorithm 1). Called by every recipe, with its own random numbers. Torch-free;
must not know captions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from torch import Tensor

#: The default share of captions to drop.
CAPTION_DROPOUT = 0.1
#: The text read in place of a dropped caption, and of a missing negative prompt.
NO_WORDS = ""


@overload
def is_dropped(random: float, share: float = CAPTION_DROPOUT) -> bool: ...
@overload
def is_dropped(random: Tensor, share: float = CAPTION_DROPOUT) -> Tensor: ...
def is_dropped(random: float | Tensor, share: float = CAPTION_DROPOUT) -> bool | Tensor:
    """Whether a caption is dropped, given a random number in [0, 1); for numbers (B,), each."""
    return random < share
