"""A critic of new pictures, whose taste comes only from the held-out votes.

The votes that the candidate learned from answer two other questions: whether voters share a taste
at all, and which features show it; neither answer says what the taste is. A third of the votes is
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
from models.measuring.features import FeatureFunction, feature_functions, source_of, with_sections
from models.measuring.gate.examine import Critic, Pictures
from models.measuring.gate.shuffling import (
    Floats,
    centre_within_prompts,
    clearest_set,
    leanings_of,
    taste_weights,
)

#: Opens the picture of a file.
OpenPicture = Callable[[str], Image.Image]

#: The short side of the pictures that the critic sees.
_SIDE_PX = 128
#: With fewer pairs there is no critic.
_MIN_PAIRS = 12
#: How many pictures of each split are used; more would only take longer.
_MAX_PICTURES = 1000
_BATCH = 16
#: A feature that varies less than this share of its set's greatest spread counts as constant.
_CONSTANT_SPREAD = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _HeldOutCritic:
    """The held-out votes as weights (d, 1 + S) on one set of features."""

    function: FeatureFunction
    weights: Floats
    taste_by_chance: float

    def gains(self, before: Pictures, after: Pictures) -> Floats:
        """How much more each picture is liked than its counterpart, (n, 1 + S)."""
        return (_features(self.function, after) - _features(self.function, before)) @ self.weights


def critic_of(
    trained: Evidence, held_out: Evidence, prompts: Mapping[str, str], open_picture: OpenPicture
) -> Critic | None:
    """The critic for two splits' judgements; None if either has too few.

    `prompts` are by file.
    """
    if not all(_has_enough_pairs(evidence, prompts) for evidence in (trained, held_out)):
        return None
    learned, unseen = (leanings_of(e, prompts, _MAX_PICTURES) for e in (trained, held_out))
    sets = feature_functions()
    rows = with_sections(_features_by_set(sets, [*learned.names, *unseen.names], open_picture))
    # Spreads are computed from all pictures: they do not depend on votes, and few pictures would
    # estimate them badly.
    prompt_numbers = np.concatenate([learned.prompts, unseen.prompts + learned.prompts.max() + 1])
    spreads = {
        name: _spread(centre_within_prompts(values, prompt_numbers))
        for name, values in rows.items()
    }
    scaled = {name: values / spreads[name] for name, values in rows.items()}
    count = len(learned.names)
    best, chance = clearest_set(learned, {name: values[:count] for name, values in scaled.items()})
    taste = taste_weights(unseen, scaled[best][count:]) / spreads[best][:, None]
    name, columns = source_of(best)
    whole_weights = np.zeros((rows[name].shape[1], taste.shape[1]))
    whole_weights[columns] = taste
    return _HeldOutCritic(function=sets[name], weights=whole_weights, taste_by_chance=chance)


def _has_enough_pairs(evidence: Evidence, prompts: Mapping[str, str]) -> bool:
    several = len({prompts[pair.better] for pair in evidence.pairs}) > 1
    return several and len(evidence.pairs) >= _MIN_PAIRS


def _spread(centred: Floats) -> Floats:
    """The spread (d,) of each feature; infinite if it is constant, so that it counts as 0."""
    spread = np.sqrt((centred**2).mean(0))
    return np.where(spread > _CONSTANT_SPREAD * spread.max(), spread, np.inf)


def _features_by_set(
    sets: Mapping[str, FeatureFunction], names: Sequence[str], open_picture: OpenPicture
) -> dict[str, Floats]:
    """The features (N, d) of every set; only a few pictures are open at once."""
    parts: dict[str, list[Floats]] = {name: [] for name in sets}
    for first in range(0, len(names), _BATCH):
        pictures = [open_picture(name) for name in names[first : first + _BATCH]]
        for name, function in sets.items():
            parts[name].append(_features(function, pictures))
    return {name: np.concatenate(rows) for name, rows in parts.items()}


@torch.inference_mode()
def _features(function: FeatureFunction, pictures: Pictures) -> Floats:
    """The features (N, d) of pictures, processed one size at a time."""
    by_index: dict[int, Floats] = {}
    for indices, pixels in _batches([_pixels(picture) for picture in pictures]):
        by_index |= dict(zip(indices, function(pixels).double().numpy(), strict=True))
    return np.stack([by_index[index] for index in range(len(pictures))])


def _batches(pictures: Sequence[Tensor]) -> Iterator[tuple[list[int], Tensor]]:
    """Batches of pictures of one size, with their indices."""
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for index, pixels in enumerate(pictures):
        by_shape.setdefault(tuple(pixels.shape), []).append(index)
    for indices in by_shape.values():
        for first in range(0, len(indices), _BATCH):
            some = indices[first : first + _BATCH]
            yield some, torch.stack([pictures[index] for index in some])


def _pixels(picture: Image.Image) -> Tensor:
    """(3, H, W), float32 in 0..1."""
    scale = _SIDE_PX / min(picture.size)
    size = (round(picture.width * scale), round(picture.height * scale))
    small = ImageOps.fit(picture.convert("RGB"), size, Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(small, np.float32) / 255).permute(2, 0, 1)
