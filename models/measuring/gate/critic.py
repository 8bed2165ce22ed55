"""A critic of new pictures: its taste comes only from the held-out votes.

The votes that the candidate learned from answer two other questions: whether voters share a taste
at all, and which features show it; neither says which way the taste goes. A third of the votes is
too few to choose features by. Called by the command. Must not know candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from models.data.evidence import Evidence
from models.measuring.features import Look, eye, looks, with_sections
from models.measuring.gate.examine import Critic, Pictures
from models.measuring.gate.shuffling import Floats, clearest, leanings_of, weights, within

#: Opens the picture of a file.
Opened = Callable[[str], Image.Image]

#: The short side at which the critic looks.
_SIDE_PX = 128
#: Fewer pairs teach nothing.
_FEWEST = 12
#: How many pictures of each split are used; more would only take longer.
_MOST = 1000
_AT_ONCE = 16
#: A feature that varies less than this share of its set's greatest spread counts as constant.
_STILL = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _HeldOut:
    """The held-out votes as weights (d, 1 + S) on one set of features."""

    look: Look
    weights: Floats
    taste_by_chance: float

    def gains(self, before: Pictures, after: Pictures) -> Floats:
        """How much more each picture is liked than its counterpart, (n, 1 + S)."""
        return (_seen(self.look, after) - _seen(self.look, before)) @ self.weights


def critic_of(
    trained: Evidence, held_out: Evidence, prompts: Mapping[str, str], opened: Opened
) -> Critic | None:
    """The critic for two splits' judgements; None if either has too few.

    `prompts` are by file.
    """
    if not all(_enough(evidence, prompts) for evidence in (trained, held_out)):
        return None
    learned, unseen = (leanings_of(e, prompts, _MOST) for e in (trained, held_out))
    sets = looks()
    rows = with_sections(_rows(sets, [*learned.names, *unseen.names], opened))
    # Spreads are of all pictures: they do not depend on votes, and few pictures estimate them
    # badly.
    numbers = np.concatenate([learned.prompts, unseen.prompts + learned.prompts.max() + 1])
    spreads = {name: _spread(within(seen, numbers)) for name, seen in rows.items()}
    scaled = {name: seen / spreads[name] for name, seen in rows.items()}
    count = len(learned.names)
    best, chance = clearest(learned, {name: seen[:count] for name, seen in scaled.items()})
    liked = weights(unseen, scaled[best][count:]) / spreads[best][:, None]
    name, columns = eye(best)
    of_look = np.zeros((rows[name].shape[1], liked.shape[1]))
    of_look[columns] = liked
    return _HeldOut(look=sets[name], weights=of_look, taste_by_chance=chance)


def _enough(evidence: Evidence, prompts: Mapping[str, str]) -> bool:
    several = len({prompts[pair.better] for pair in evidence.pairs}) > 1
    return several and len(evidence.pairs) >= _FEWEST


def _spread(centred: Floats) -> Floats:
    """The spread (d,) of each feature; infinite if it is constant, so that it counts as 0."""
    spread = np.sqrt((centred**2).mean(0))
    return np.where(spread > _STILL * spread.max(), spread, np.inf)


def _rows(sets: Mapping[str, Look], names: Sequence[str], opened: Opened) -> dict[str, Floats]:
    """The features (N, d) of every set; only a few pictures are open at once."""
    parts: dict[str, list[Floats]] = {name: [] for name in sets}
    for first in range(0, len(names), _AT_ONCE):
        pictures = [opened(name) for name in names[first : first + _AT_ONCE]]
        for name, look in sets.items():
            parts[name].append(_seen(look, pictures))
    return {name: np.concatenate(seen) for name, seen in parts.items()}


@torch.inference_mode()
def _seen(look: Look, pictures: Pictures) -> Floats:
    """The features (N, d) of pictures, processed one size at a time."""
    found: dict[int, Floats] = {}
    for places, pixels in _batches([_pixels(picture) for picture in pictures]):
        found |= dict(zip(places, look(pixels).double().numpy(), strict=True))
    return np.stack([found[place] for place in range(len(pictures))])


def _batches(small: Sequence[Tensor]) -> Iterator[tuple[list[int], Tensor]]:
    """Pictures of one size, with their positions."""
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for place, pixels in enumerate(small):
        by_shape.setdefault(tuple(pixels.shape), []).append(place)
    for places in by_shape.values():
        for first in range(0, len(places), _AT_ONCE):
            some = places[first : first + _AT_ONCE]
            yield some, torch.stack([small[place] for place in some])


def _pixels(picture: Image.Image) -> Tensor:
    """(3, H, W), float32 in 0..1."""
    scale = _SIDE_PX / min(picture.size)
    size = (round(picture.width * scale), round(picture.height * scale))
    small = ImageOps.fit(picture.convert("RGB"), size, Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(small, np.float32) / 255).permute(2, 0, 1)
