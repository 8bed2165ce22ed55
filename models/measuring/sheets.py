"""Contact sheets of an evaluation: the model's picture above the painter's for the same words.

Called by the `evaluate` command; Pillow only. Must not know scores.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageOps

from models.painter.drawing import draw, raster
from models.painter.portrait import Portrait


def side_by_side(
    pictures: Sequence[Image.Image],
    portraits: Sequence[Portrait],
    *,
    across: int = 8,
    tile_px: int = 256,
) -> Image.Image:
    """Pairs of rows: the drawn pictures, and below them the painter's of the same portraits."""
    rows = -(-len(pictures) // across)
    sheet = Image.new("RGB", (across * tile_px, 2 * rows * tile_px), "white")
    for i, (picture, portrait) in enumerate(zip(pictures, portraits, strict=True)):
        x, y = i % across * tile_px, i // across * 2 * tile_px
        painted = raster(draw(portrait, i), tile_px * 2)
        for row, tile in enumerate((picture, painted)):
            sheet.paste(_tile(tile, tile_px), (x, y + row * tile_px))
    return sheet


def grid(pictures: Sequence[Image.Image], *, across: int, tile_px: int = 256) -> Image.Image:
    """Pictures row by row."""
    rows = -(-len(pictures) // across)
    sheet = Image.new("RGB", (across * tile_px, rows * tile_px), "white")
    for i, picture in enumerate(pictures):
        sheet.paste(_tile(picture, tile_px), (i % across * tile_px, i // across * tile_px))
    return sheet


def _tile(picture: Image.Image, side_px: int) -> Image.Image:
    return ImageOps.pad(picture, (side_px, side_px), Image.Resampling.LANCZOS, color="white")
