"""Contact sheets: several pictures as numbered thumbnails in one image. Not a cog.

Drawn with Pillow. Callers check what may be shown; a place without a picture keeps its number.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

from bot.domain import BotError, Picture
from bot.services import Services
from models.provenance import encode_png

log = logging.getLogger(__name__)

#: Thumbnails per row, and per sheet.
COLUMNS, PLACES = 3, 9
_SIDE_PX, _GAP_PX, _BADGE_PX = 240, 6, 34
#: The colours of a tile in a post.
_PAPER, _FIELD, _INK = "#2b2d31", "#4e5058", "#b5bac1"


async def sheet_of(services: Services, pictures: Sequence[Picture | None]) -> bytes | None:
    """The PNG of a sheet; None without pictures. Unreadable ones become empty fields.

    So do pictures behind a spoiler, because a sheet cannot hide one of nine.
    """
    pngs = [await _read(services, picture) for picture in pictures]
    if not any(pngs):
        return None
    return await asyncio.to_thread(contact_sheet, pngs)


async def _read(services: Services, picture: Picture | None) -> bytes | None:
    if picture is None or picture.spoiler:
        return None
    try:
        return await services.gallery.read(picture)
    except (BotError, OSError) as problem:
        log.warning("picture %s is not on the sheet: %s", picture.job_id, problem)
        return None


def contact_sheet(pngs: Sequence[bytes | None]) -> bytes:
    """One PNG of thumbnails, numbered from 1, three per row."""
    columns, rows = min(COLUMNS, len(pngs)), -(-len(pngs) // COLUMNS)
    pitch = _SIDE_PX + _GAP_PX
    sheet = Image.new("RGB", (columns * pitch - _GAP_PX, rows * pitch - _GAP_PX), _PAPER)
    for place, png in enumerate(pngs):
        row, column = divmod(place, COLUMNS)
        sheet.paste(_numbered_field(png, place + 1), (column * pitch, row * pitch))
    return encode_png(sheet.tobytes(), sheet.width, sheet.height)


def _numbered_field(png: bytes | None, number: int) -> Image.Image:
    """A thumbnail, or an empty field, with its number in the corner."""
    thumbnail = None if png is None else _thumbnail(png)
    field = Image.new("RGB", (_SIDE_PX, _SIDE_PX), _PAPER if thumbnail else _FIELD)
    pen = ImageDraw.Draw(field)
    if thumbnail is None:
        middle, font = _SIDE_PX / 2, ImageFont.load_default(_SIDE_PX / 4)
        pen.text((middle, middle), str(number), _INK, font, anchor="mm")
        return field
    field.paste(thumbnail, ((_SIDE_PX - thumbnail.width) // 2, (_SIDE_PX - thumbnail.height) // 2))
    pen.rectangle((0, 0, _BADGE_PX, _BADGE_PX), fill="#000000")
    font = ImageFont.load_default(_BADGE_PX * 0.7)
    pen.text((_BADGE_PX / 2, _BADGE_PX / 2), str(number), "#ffffff", font, anchor="mm")
    return field


def _thumbnail(png: bytes) -> Image.Image | None:
    try:
        with Image.open(io.BytesIO(png)) as opened:
            return ImageOps.contain(opened.convert("RGB"), (_SIDE_PX, _SIDE_PX))
    except (UnidentifiedImageError, OSError):
        return None
