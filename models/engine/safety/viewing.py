"""What all scorers share: the protocol, the sizes that a picture is looked at in, ONNX sessions.

Called by `scorer` and by each scorer of this room. It must not know what any of them measures.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PIL import Image

from models.contract import EngineError

if TYPE_CHECKING:
    import onnxruntime

#: A part is two thirds as wide and as high as its picture, so what one cut halves another shows.
_PART = 2 / 3
#: A part is one of four chances to be wrong, and shows a face where the whole shows a person, so it
#: has to be surer: its likelihood counts to this power. What that does is in docs/safety.md.
PART_POWER = 3


class Viewer(Protocol):
    """One scorer: what it finds in one view of a picture."""

    @property
    def name(self) -> str:
        """What it is called in scores and reports."""
        ...

    @property
    def part_px(self) -> int | None:
        """The least short side of a part that shows it more than the whole picture does.

        None: it looks at whole pictures only.
        """
        ...

    def __call__(self, view: Image.Image) -> dict[str, float]:
        """The likelihood, in 0..1, of each thing that it can tell, for one RGB view."""
        ...


def views(picture: Image.Image, part_px: int | None) -> list[Image.Image]:
    """The whole picture; and, where their short side has `part_px` pixels, four parts of it.

    Every scorer shrinks what it looks at to one small square. Small things of a large picture are
    lost in that, and the edges where it cuts them off; the parts overlap and reach every corner.
    """
    width, height = round(picture.width * _PART), round(picture.height * _PART)
    if part_px is None or min(width, height) < part_px:
        return [picture]
    lefts, tops = (0, picture.width - width), (0, picture.height - height)
    corners = [(left, top) for top in tops for left in lefts]
    return [picture, *(picture.crop((x, y, x + width, y + height)) for x, y in corners)]


def session(weights: Path) -> onnxruntime.InferenceSession:
    """An ONNX network on one thread of the CPU. EngineError if the file is none."""
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
