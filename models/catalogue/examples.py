"""The picture of the help's examples, shipped with the embedded model.

Made by `tests/screenshot.py` and read by `/help`. It records the card that drew it, so that it
never misrepresents another model.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from models.catalogue.registry import EMBEDDED

EXAMPLES_FILE = "examples.webp"
#: EXIF's ImageDescription, which holds the card's id.
_DESCRIPTION = 0x010E


def examples_drawn_by(card_id: str) -> bytes | None:
    """The file's bytes, if this card's model drew it."""
    try:
        data = (EMBEDDED / EXAMPLES_FILE).read_bytes()
        with Image.open(io.BytesIO(data)) as picture:
            drawn_by = picture.getexif().get(_DESCRIPTION)
    except OSError:
        return None
    return data if drawn_by == card_id else None


def write_examples(pictures: Sequence[Image.Image], card_id: str, side_px: int = 320) -> None:
    """Put square pictures side by side into the file."""
    sheet = Image.new("RGB", (side_px * len(pictures), side_px))
    for index, picture in enumerate(pictures):
        sheet.paste(picture.convert("RGB").resize((side_px, side_px)), (index * side_px, 0))
    exif = Image.Exif()
    exif[_DESCRIPTION] = card_id
    sheet.save(EMBEDDED / EXAMPLES_FILE, quality=88, method=6, exif=exif)
