"""Caption dropout: some pictures are trained on without words, and guidance leads away from those.

Classifier-free guidance needs a model that also draws unconditionally (Ho and Salimans 2022,
arXiv:2207.12598, algorithm 1). Called by every recipe, with lots of its own. Torch-free; it must
not know captions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from torch import Tensor

#: The share of captions that is dropped where a recipe says nothing else.
SHARE = 0.1
#: What the text encoder reads in place of a dropped caption, and of a missing negative prompt.
NO_WORDS = ""


@overload
def dropped(lot: float, share: float = SHARE) -> bool: ...
@overload
def dropped(lot: Tensor, share: float = SHARE) -> Tensor: ...
def dropped(lot: float | Tensor, share: float = SHARE) -> bool | Tensor:
    """Whether a caption is dropped, by its lot from 0 to 1 (1 excluded); of many lots (B,) each."""
    return lot < share
