"""Traits of any picture without words: brightness, warmth, detail, beauty.

Training on one taste can change all of them. This file defines the traits, what votes say about
each, and how far a candidate drifts without votes for it. Called by `examine`. Must not know
models.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from models.catalogue.verdict import Figure
from models.measuring.gate.floors import Measure, figure
from models.measuring.gate.wishes import LESS, MORE
from models.statistics.beta import Posterior, Prior

#: The side at which traits are measured, which makes them independent of size.
_SIDE_PX = 128
#: Luma of red, green and blue (ITU-R BT.601).
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
#: A picture with less light than this on average shows no detail.
_MIN_LUMA = 1e-3
#: Votes count as asking for something if this interval excludes one half.
_CERTAINTY = 0.99
#: Smaller differences between counterparts, in units of the parent's spread, count as ties. The two
#: share a seed, so without ties even a tiny shift would give most of them more.
_TIE_SHARE = 0.05
#: Fewer answers have no majority.
_MIN_ANSWERS = 12

Trait = Callable[[np.ndarray], float]


def _pixels(picture: Image.Image) -> np.ndarray:
    small = picture.convert("RGB").resize((_SIDE_PX, _SIDE_PX), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / 255


def _brightness(rgb: np.ndarray) -> float:
    return float((rgb @ _LUMA).mean())


def _contrast(rgb: np.ndarray) -> float:
    return float((rgb @ _LUMA).std())


def _colour(rgb: np.ndarray) -> float:
    """Mean distance between the strongest and the weakest channel."""
    return float((rgb.max(2) - rgb.min(2)).mean())


def _warmth(rgb: np.ndarray) -> float:
    return float((rgb[..., 0] - rgb[..., 2]).mean())


def _detail(rgb: np.ndarray) -> float:
    """Mean step of luma between pixels, relative to mean luma: light adds no detail."""
    luma = rgb @ _LUMA
    steps = np.abs(np.diff(luma, axis=0)).mean() + np.abs(np.diff(luma, axis=1)).mean()
    return float(steps / max(luma.mean(), _MIN_LUMA))


#: Every trait of plain pixels, float32 (H, W, 3) in 0..1.
TRAITS: Mapping[str, Trait] = {
    "brightness": _brightness,
    "contrast": _contrast,
    "colour": _colour,
    "warmth": _warmth,
    "detail": _detail,
}
#: A picture's traits, by name.
TraitValues = Mapping[str, float]


def measure_traits(picture: Image.Image, grade: float) -> TraitValues:
    """Every trait of a picture, including its aesthetic grade."""
    rgb = _pixels(picture)
    return {name: trait(rgb) for name, trait in TRAITS.items()} | {"aesthetic grade": grade}


def voted_directions(pairs: Sequence[tuple[TraitValues, TraitValues]]) -> dict[str, int]:
    """What votes ask of each trait: `MORE`, `LESS`, or 0 if that is uncertain.

    `pairs` are the preferred and the other picture, of one prompt each.
    """
    names = pairs[0][0] if pairs else ()
    return {
        name: majority([better[name] > worse[name] for better, worse in pairs]) for name in names
    }


def majority(answers: Sequence[bool]) -> int:
    """1 if the answers are mostly yes, -1 if mostly no, 0 if that is uncertain."""
    if len(answers) < _MIN_ANSWERS:
        return 0
    low, high = share_posterior(sum(answers), len(answers)).interval(_CERTAINTY)
    return int(low > 0.5) - int(high < 0.5)


def share_posterior(yes: int, count: int) -> Posterior:
    """The posterior of a share with `yes` among `count` (Jeffreys' prior)."""
    return Posterior(up=yes, down=count - yes, prior=Prior(a=0.5, b=0.5))


def trait_drift(
    pairs: Sequence[tuple[TraitValues, TraitValues]], wanted: Mapping[str, Collection[int]]
) -> Iterator[Figure]:
    """For each trait, how often a candidate's picture has more of it than an earlier model's twin.

    `pairs` are the earlier model's and the candidate's. A trait has no bound in the direction that
    votes ask for; the other bound stays.
    """
    for name in pairs[0][0]:
        tie = _TIE_SHARE * float(np.std([before[name] for before, _ in pairs]))
        gains = [after[name] - before[name] for before, after in pairs]
        more = 100 * float(np.mean([_has_more(gain, tie) for gain in gains]))
        yield _lift_bounds(figure(Measure.DRIFT, more, name), wanted.get(name, ()))


def _lift_bounds(plain: Figure, directions: Collection[int]) -> Figure:
    """The figure without a bound in the directions that votes ask for."""
    most = None if MORE in directions else plain.most
    return replace(plain, most=most, least=None if LESS in directions else plain.least)


def _has_more(gain: float, tie: float) -> float:
    """1 for a gain, 0 for a loss, and one half for no difference."""
    return 0.5 if abs(gain) <= tie else float(gain > 0)
