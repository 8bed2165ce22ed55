"""A critic of new pictures: a reward model that knows the held-out votes and no others.

What the candidate learned from and what judges it have no vote in common. Called by the command.
It must not know candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from models.data.evidence import Evidence
from models.measuring.features import Look, looks
from models.measuring.gate.examine import Grade, Pictures
from models.measuring.reward import fit

#: The short side at which the critic looks.
_SIDE_PX = 128
#: Fewer pairs teach nobody anything.
_FEWEST = 12
_AT_ONCE = 16


def critic_of(
    held_out: Evidence, prompts: Mapping[str, str], pictures: Mapping[str, Image.Image]
) -> Grade | None:
    """What grades pictures as the held-out votes would; None if they are too few.

    `prompts` and `pictures` are by file.
    """
    if len(held_out.pairs) < _FEWEST or len({prompts[p.better] for p in held_out.pairs}) < 2:
        return None
    sets = looks()
    paired = {name for pair in held_out.pairs for name in (pair.better, pair.worse)}
    names = sorted({*paired, *held_out.votes})
    seen = {
        kind: dict(zip(names, _seen(look, [pictures[name] for name in names]), strict=True))
        for kind, look in sets.items()
    }
    reward = fit(held_out.pairs, prompts, seen, held_out.votes)
    look = sets[reward.features]

    def grade(shown: Pictures) -> list[float]:
        return [float(value) for value in reward.of(np.stack(_seen(look, shown)))]

    return grade


@torch.inference_mode()
def _seen(look: Look, pictures: Pictures) -> Sequence[NDArray[np.float64]]:
    """The features of each picture, one size at a time."""
    found: dict[int, NDArray[np.float64]] = {}
    small = [_pixels(picture) for picture in pictures]
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for place, pixels in enumerate(small):
        by_shape.setdefault(tuple(pixels.shape), []).append(place)
    for places in by_shape.values():
        for first in range(0, len(places), _AT_ONCE):
            some = places[first : first + _AT_ONCE]
            rows = look(torch.stack([small[place] for place in some])).double().numpy()
            found |= dict(zip(some, rows, strict=True))
    return [found[place] for place in range(len(pictures))]


def _pixels(picture: Image.Image) -> Tensor:
    """(3, H, W), float32 in 0..1."""
    scale = _SIDE_PX / min(picture.size)
    size = (round(picture.width * scale), round(picture.height * scale))
    small = ImageOps.fit(picture.convert("RGB"), size, Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(small, np.float32) / 255).permute(2, 0, 1)
