"""Enlarges a finished picture piece by piece, one piece of a row per tick.

Called by `engine` for requests that only enlarge. A piece is processed with its surroundings, so
that no seam is visible. Must not know where pictures come from.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from models.contract import Rendered, RenderRequest, StepReport
from models.engine.codec import NotFiniteError

#: The margin of source pixels around a piece: the receptive field of the folder's own upscaler.
_MARGIN_PX = 16


class Magnifier:
    """A network (B, 3, H, W) -> (B, 3, sH, sW), with pixels in 0..1 on both sides."""

    def __init__(
        self,
        net: Callable[[Tensor], Tensor],
        *,
        scale: int,
        device: torch.device,
        side_multiple: int = 1,
    ) -> None:
        """`side_multiple`: the network takes sides that are multiples of this many pixels."""
        self._net = net
        self._device = device
        self._side_multiple = side_multiple
        #: The factor on a picture's sides.
        self.scale = scale

    @torch.inference_mode()
    def __call__(self, pixels: Tensor) -> Tensor:
        """Enlarge pixels (3, H, W) to (3, sH, sW), float32 on the CPU. Raises NotFiniteError."""
        height, width = pixels.shape[1:]
        padding = (0, -width % self._side_multiple, 0, -height % self._side_multiple)
        padded = functional.pad(pixels[None], padding, mode="replicate")
        large = self._net(padded.to(self._device))[0].float().cpu()
        if not large.isfinite().all():
            raise NotFiniteError("the enlarged pixels are not finite")
        return large[:, : height * self.scale, : width * self.scale].clamp(0, 1)


@dataclass(slots=True)
class Enlargement:
    """One enlargement in progress: the source pixels, and the finished part of the result."""

    request: RenderRequest
    source: Tensor
    canvas: np.ndarray
    pieces_done: int = 0

    @classmethod
    def of(cls, request: RenderRequest, magnifier: Magnifier) -> Enlargement:
        """Begin an enlargement. Raises OSError if the source is no picture."""
        assert request.source_png is not None, "an enlargement has a source"
        with Image.open(io.BytesIO(request.source_png)) as opened:
            picture = np.array(opened.convert("RGB"))
        source = torch.from_numpy(picture).permute(2, 0, 1).float() / 255
        height, width = source.shape[1:]
        size = (height * magnifier.scale, width * magnifier.scale, 3)
        return cls(request=request, source=source, canvas=np.zeros(size, np.uint8))

    def advance(self, magnifier: Magnifier) -> StepReport:
        """Enlarge the next piece. Raises NotFiniteError."""
        columns, rows = self.request.draw.pieces
        row, column = divmod(self.pieces_done, columns)
        height, width = self.source.shape[1:]
        top, bottom = height * row // rows, height * (row + 1) // rows
        left, right = width * column // columns, width * (column + 1) // columns
        crop_top, crop_left = max(0, top - _MARGIN_PX), max(0, left - _MARGIN_PX)
        piece = self.source[:, crop_top : bottom + _MARGIN_PX, crop_left : right + _MARGIN_PX]
        scale = magnifier.scale
        large = magnifier(piece)[
            :,
            (top - crop_top) * scale : (bottom - crop_top) * scale,
            (left - crop_left) * scale : (right - crop_left) * scale,
        ]
        self.canvas[top * scale : bottom * scale, left * scale : right * scale] = (
            (large * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
        )
        self.pieces_done += 1
        return StepReport(row_id=self.request.row_id, step=self.pieces_done, steps=columns * rows)

    def finish(self) -> Rendered:
        """The picture at the requested size."""
        size = (self.request.draw.width_px, self.request.draw.height_px)
        picture = Image.fromarray(self.canvas)
        if picture.size != size:
            picture = picture.resize(size, Image.Resampling.LANCZOS)
        return Rendered(
            row_id=self.request.row_id,
            width_px=picture.width,
            height_px=picture.height,
            rgb=picture.tobytes(),
            batch_width=1,
        )
