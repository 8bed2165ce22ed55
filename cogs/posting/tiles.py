"""The tile in place of a missing picture in a post, and the mosaic of previews.

Drawn with Pillow. A tile keeps the others in their places and shows only its own number; the
text of the message says why it is empty.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

#: Discord's own greys, which look like an empty place in its dark and light themes.
_PAPER, _INK = "#4e5058", "#b5bac1"
#: A tile is small: Discord enlarges it to its neighbours' size.
_LONGEST_PX = 256


@lru_cache(maxsize=64)
def tile(place: int, width_px: int, height_px: int) -> bytes:
    """The PNG of an empty place beside pictures of this size."""
    shrink = _LONGEST_PX / max(width_px, height_px)
    width, height = max(1, round(width_px * shrink)), max(1, round(height_px * shrink))
    image = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(round(_LONGEST_PX / 4))
    pen.text((width / 2, height / 2), str(place), _INK, font, anchor="mm")
    inset, edge = _LONGEST_PX // 16, 3
    pen.rectangle((inset, inset, width - inset - 1, height - inset - 1), outline=_INK, width=edge)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


#: Between the fields of a mosaic.
_GAP_PX = 4


def mosaic(previews: Sequence[bytes | None]) -> bytes | None:
    """One PNG of several previews, two per row; None if there is none.

    A picture not yet begun or unreadable is a grey field.
    """
    seen = [None if png is None else _open_image(png) for png in previews]
    shown = [image for image in seen if image is not None]
    if not shown:
        return None
    width = max(image.width for image in shown)
    height = max(image.height for image in shown)
    rows = (len(seen) + 1) // 2
    size = (2 * width + _GAP_PX, rows * height + (rows - 1) * _GAP_PX)
    whole = Image.new("RGB", size, _PAPER)
    for place, image in enumerate(seen):
        if image is not None:
            row, column = divmod(place, 2)
            whole.paste(image, (column * (width + _GAP_PX), row * (height + _GAP_PX)))
    out = io.BytesIO()
    whole.save(out, "PNG")
    return out.getvalue()


def _open_image(png: bytes) -> Image.Image | None:
    try:
        return Image.open(io.BytesIO(png)).convert("RGB")
    except (UnidentifiedImageError, OSError):
        return None
