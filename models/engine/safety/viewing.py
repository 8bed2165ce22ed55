"""Shared by all scorers: the protocol, the views of a picture, ONNX sessions.

Called by `scorer` and by each scorer of this room. Must not know what any of them measures.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PIL import Image

from models.contract import EngineError

if TYPE_CHECKING:
    import onnxruntime

#: A part is two thirds as wide and high as its picture: what one part cuts, another shows whole.
_PART_SHARE = 2 / 3
#: Each of four parts is one more chance of a false alarm, and shows a face where the whole shows a
#: person, so it must be surer: its likelihood is raised to this power. docs/safety.md shows the
#: effect.
PART_POWER = 3


class Viewer(Protocol):
    """One scorer: its findings in one view of a picture."""

    @property
    def name(self) -> str:
        """Its name in scores and reports."""
        ...

    @property
    def part_px(self) -> int | None:
        """The short side that a part needs, at least, to show more than the whole picture.

        None if it looks only at whole pictures.
        """
        ...

    def __call__(self, view: Image.Image) -> dict[str, float]:
        """The likelihood, in 0..1, of each thing that it detects, for one RGB view."""
        ...


def views(picture: Image.Image, part_px: int | None) -> list[Image.Image]:
    """The whole picture and, if their short side has `part_px` pixels or more, four parts of it.

    Every scorer shrinks its input to a small square, which loses small things in a large picture,
    and some crop the edges; the parts overlap and reach every corner.
    """
    width, height = round(picture.width * _PART_SHARE), round(picture.height * _PART_SHARE)
    if part_px is None or min(width, height) < part_px:
        return [picture]
    lefts, tops = (0, picture.width - width), (0, picture.height - height)
    corners = [(left, top) for top in tops for left in lefts]
    return [picture, *(picture.crop((x, y, x + width, y + height)) for x, y in corners)]


def open_session(weights: Path) -> onnxruntime.InferenceSession:
    """Open an ONNX network on one CPU thread. Raises EngineError for other files."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # The other cores are drawing.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(
            str(weights), options, providers=["CPUExecutionProvider"]
        )
    except Exception as fault:  # translated, not swallowed: the library has a dozen kinds
        reason = str(fault).strip().splitlines()[0][:200]
        raise EngineError(f"{weights} is no ONNX network that can be run ({reason}).") from fault
