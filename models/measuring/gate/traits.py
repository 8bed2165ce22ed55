"""Traits of any picture without words: brightness, warmth, detail, beauty.

Training on one taste can move all of them. This file defines the traits, what votes say about each,
and the drift of a candidate that nobody asked for. Called by `examine`. Must not know models.
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
_DARKEST = 1e-3
#: Votes count as asking for something if this interval excludes one half.
_SURE = 0.99
#: In units of the parent's own spread: smaller differences between counterparts count as none. They
#: share their seed, so even a tiny shift would otherwise give most of them a little more.
_ALIKE = 0.05
#: Shares of fewer answers say nothing.
_FEWEST = 12

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
    return float(steps / max(luma.mean(), _DARKEST))


#: Every trait of plain pixels, float32 (H, W, 3) in 0..1.
TRAITS: Mapping[str, Trait] = {
    "brightness": _brightness,
    "contrast": _contrast,
    "colour": _colour,
    "warmth": _warmth,
    "detail": _detail,
}
#: A picture's traits, by name.
Measured = Mapping[str, float]


def measured(picture: Image.Image, grade: float) -> Measured:
    """Every trait of a picture, including its aesthetic grade."""
    rgb = _pixels(picture)
    return {name: trait(rgb) for name, trait in TRAITS.items()} | {"aesthetic grade": grade}


def spoken_for(pairs: Sequence[tuple[Measured, Measured]]) -> dict[str, int]:
    """What votes ask of each trait: `MORE`, `LESS`, or 0, nothing that is sure.

    `pairs` are the preferred and the other picture, of one prompt each.
    """
    names = pairs[0][0] if pairs else ()
    return {name: asked([better[name] > worse[name] for better, worse in pairs]) for name in names}


def asked(answers: Sequence[bool]) -> int:
    """1 if the answers are mostly yes, -1 if mostly no, 0 if that is uncertain."""
    if len(answers) < _FEWEST:
        return 0
    low, high = share(sum(answers), len(answers)).interval(_SURE)
    return int(low > 0.5) - int(high < 0.5)


def share(yes: int, count: int) -> Posterior:
    """The posterior of a share with `yes` among `count` (Jeffreys' prior)."""
    return Posterior(up=yes, down=count - yes, prior=Prior(a=0.5, b=0.5))


def drift(
    pairs: Sequence[tuple[Measured, Measured]], wanted: Mapping[str, Collection[int]]
) -> Iterator[Figure]:
    """For each trait, how often a candidate's picture has more of it than an earlier model's twin.

    `pairs` are the earlier model's and the candidate's. What votes ask for may go that way without
    end, never the other way.
    """
    for name in pairs[0][0]:
        alike = _ALIKE * float(np.std([before[name] for before, _ in pairs]))
        gains = [after[name] - before[name] for before, after in pairs]
        more = 100 * float(np.mean([_more(gain, alike) for gain in gains]))
        yield _opened(figure(Measure.DRIFT, more, name), wanted.get(name, ()))


def _opened(plain: Figure, ways: Collection[int]) -> Figure:
    """The figure without a bound on the sides that it may go to."""
    most = None if MORE in ways else plain.most
    return replace(plain, most=most, least=None if LESS in ways else plain.least)


def _more(gain: float, alike: float) -> float:
    """1 for a gain, 0 for a loss, and one half for no difference."""
    return 0.5 if abs(gain) <= alike else float(gain > 0)
