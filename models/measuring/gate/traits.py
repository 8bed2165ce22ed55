"""What can be said of any picture without words: how bright, how warm, how busy, how beautiful.

A training on one taste can move all of them. Here stand the traits, how votes speak to each, and
what of a candidate's drift nobody asked for. Called by `examine`. It must not know models.
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

#: The side at which traits are measured; a score depends on no size then.
_SIDE_PX = 128
#: Luma of red, green and blue (ITU-R BT.601).
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
#: In a picture with less light than this, on average, no detail is to be seen.
_DARKEST = 1e-3
#: An answer of the votes counts as one where its 99 % interval leaves one half out.
_SURE = 0.99
#: Of the parent's own spread: what differs less between twins is as good as the same. Twins share
#: their seed, so that hardly any other difference is needed for most to have a little more.
_ALIKE = 0.05
#: Shares below this many answers say nothing.
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
    """Mean distance of the strongest from the weakest channel."""
    return float((rgb.max(2) - rgb.min(2)).mean())


def _warmth(rgb: np.ndarray) -> float:
    return float((rgb[..., 0] - rgb[..., 2]).mean())


def _detail(rgb: np.ndarray) -> float:
    """Mean step of luma from pixel to pixel, in the picture's mean luma: light adds no detail."""
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
#: What of each trait a picture has, by name.
Measured = Mapping[str, float]


def measured(picture: Image.Image, grade: float) -> Measured:
    """Every trait of a picture, and the aesthetic grade that it was given."""
    rgb = _pixels(picture)
    return {name: trait(rgb) for name, trait in TRAITS.items()} | {"aesthetic grade": grade}


def spoken_for(pairs: Sequence[tuple[Measured, Measured]]) -> dict[str, int]:
    """What votes ask of each trait: `MORE`, `LESS`, or 0, nothing that is sure.

    `pairs` are what was liked more and what was liked less, of one prompt each.
    """
    names = pairs[0][0] if pairs else ()
    return {name: asked([better[name] > worse[name] for better, worse in pairs]) for name in names}


def asked(answers: Sequence[bool]) -> int:
    """1 if the answers are mostly yes, -1 if mostly no, 0 if that is not sure."""
    if len(answers) < _FEWEST:
        return 0
    low, high = share(sum(answers), len(answers)).interval(_SURE)
    return int(low > 0.5) - int(high < 0.5)


def share(yes: int, count: int) -> Posterior:
    """What is known of a share of which `yes` of `count` were seen (Jeffreys' prior)."""
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
    """1 if something is gained, 0 if it is lost, and one half where both are alike."""
    return 0.5 if abs(gain) <= alike else float(gain > 0)
