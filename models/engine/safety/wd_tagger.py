"""A WD tagger of the third version: detects Danbooru's ratings and tags in drawn pictures.

Called by `scorer` if the operator names one. It reads a folder with `model.onnx` and
`selected_tags.csv`, as SmilingWolf publishes them; the weights are not part of the project.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from models.catalogue.hub import HUB_ID, fetch
from models.contract import EngineError
from models.engine.safety.viewing import open_session

if TYPE_CHECKING:
    import onnxruntime

WEIGHTS = "model.onnx"
LABELS = "selected_tags.csv"
#: The category of the four ratings in `selected_tags.csv`.
_RATING = "9"
#: Danbooru's ratings for partial or full nudity; each picture has exactly one of four ratings, so
#: the probabilities of these two add up.
_NUDE_RATINGS = ("questionable", "explicit")
#: Tags for nudity; the likeliest counts.
_NUDE_TAGS = (
    "anus", "bottomless", "breasts_out", "completely_nude", "nipples", "nude", "penis", "pussy",
    "sex", "topless",
)  # fmt: skip
#: Tags for somebody who looks like a child.
_CHILD_TAGS = ("child", "female_child", "loli", "male_child", "shota", "toddler")


#: The probability from which a tag counts as seen; the version 3 model cards use about this.
_SEEN_FROM = 0.35


class WdTagger:
    """Implements `viewing.Viewer`: nudity, and somebody who looks like a child."""

    name = "wd_tagger"

    def __init__(self, network: onnxruntime.InferenceSession, labels: Sequence[str]) -> None:
        """Raises EngineError if the network's layout does not match the labels.

        `labels` in the order of the network's output; a rating is written `rating:explicit`.
        """
        self._network = network
        self._input = network.get_inputs()[0]
        self._ratings = _positions(labels, [f"rating:{rating}" for rating in _NUDE_RATINGS])
        if len(self._ratings) != len(_NUDE_RATINGS):
            raise EngineError(f"{LABELS} lacks the ratings {' and '.join(_NUDE_RATINGS)}.")
        self._nude, self._child = _positions(labels, _NUDE_TAGS), _positions(labels, _CHILD_TAGS)
        if not self._nude or not self._child:
            raise EngineError(f"{LABELS} has none of Danbooru's tags for nudity, or for children.")
        #: Every tag that it knows, in Danbooru's spelling, without ratings.
        self.vocabulary = frozenset(label for label in labels if not label.startswith("rating:"))
        self._labels = tuple(labels)
        self.part_px = self._side_px()
        self(Image.new("RGB", (1, 1)))

    def __call__(self, view: Image.Image) -> dict[str, float]:
        """`nudity` and `childlike`.

        Raises EngineError if the network does not fit its labels, ValueError if it returns no
        probabilities.
        """
        likely = self._probabilities(view)
        rated = min(1.0, float(likely[self._ratings].sum()))
        return {
            "nudity": max(rated, float(likely[self._nude].max())),
            "childlike": float(likely[self._child].max()),
        }

    def tags(self, view: Image.Image) -> frozenset[str]:
        """The tags that it sees; raises the same errors as a call."""
        probabilities = zip(self._labels, self._probabilities(view), strict=True)
        return self.vocabulary & {label for label, likely in probabilities if likely >= _SEEN_FROM}

    def _probabilities(self, view: Image.Image) -> np.ndarray:
        """The probability of every label, in their order."""
        output = self._network.run(None, {self._input.name: self._pixels(view)})[0]
        probabilities = np.asarray(output, dtype=np.float64).reshape(-1)
        if len(probabilities) != len(self._labels):
            raise EngineError(
                f"the tagger gives {len(probabilities)} values and {LABELS} names "
                f"{len(self._labels)}: they belong to different models."
            )
        if not ((probabilities >= 0) & (probabilities <= 1)).all():
            raise ValueError("the tagger gives values that are no probabilities.")
        return probabilities

    def _side_px(self) -> int:
        match self._input.shape:
            case [_, int(height), int(width), 3] if height == width:
                return width
        raise EngineError(
            f"the tagger's input is {self._input.shape}; a WD tagger's is (B, side, side, 3)."
        )

    def _pixels(self, view: Image.Image) -> np.ndarray:
        """The view on a white square, (1, side, side, 3), float32 in 0..255, blue first."""
        longest = max(view.size)
        square = ImageOps.pad(view, (longest, longest), color="white")
        small = square.resize((self.part_px, self.part_px), Image.Resampling.BICUBIC)
        return np.ascontiguousarray(np.asarray(small, dtype=np.float32)[None, :, :, ::-1])


def open_tagger(where: str) -> WdTagger:
    """Open a tagger's folder, or a hub id such as SmilingWolf/wd-vit-tagger-v3, downloaded once.

    EngineError says what is missing or does not fit.
    """
    folder = Path(where).expanduser()
    if not folder.is_dir():
        if not HUB_ID.fullmatch(where):
            raise EngineError(
                f"WD_TAGGER: there is no folder {where}, and it is no hub id such as owner/name."
            )
        folder = fetch(where, [WEIGHTS, LABELS])
    for name in (WEIGHTS, LABELS):
        if not (folder / name).is_file():
            raise EngineError(f"WD_TAGGER: {folder} has no {name}.")
    try:
        return WdTagger(open_session(folder / WEIGHTS), _labels(folder / LABELS))
    except EngineError as fault:
        raise EngineError(f"WD_TAGGER: {fault}") from fault
    except Exception as fault:  # translated, not swallowed: another layout breaks anywhere
        raise EngineError(f"WD_TAGGER: {folder} holds no WD tagger ({fault}).") from fault


def _labels(path: Path) -> list[str]:
    """The names in the file, in order; ratings prefixed with `rating:`."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [
            f"rating:{row['name']}" if row["category"] == _RATING else row["name"] for row in rows
        ]
    except (OSError, ValueError, KeyError, csv.Error) as fault:
        raise EngineError(f"{path} is no table with the columns name and category.") from fault


def _positions(labels: Sequence[str], wanted: Sequence[str]) -> list[int]:
    return [position for position, label in enumerate(labels) if label in wanted]
