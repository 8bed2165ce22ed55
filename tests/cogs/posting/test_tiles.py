"""The tile for a missing picture, and several previews combined into one picture."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from cogs.posting.tiles import mosaic, tile


def preview(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 24), colour).save(out, "PNG")
    return out.getvalue()


def opened(png: bytes | None) -> Image.Image:
    assert png is not None
    return Image.open(io.BytesIO(png)).convert("RGB")


@pytest.mark.parametrize(("size", "shown"), [((512, 512), (256, 256)), ((384, 640), (154, 256))])
def test_a_tile_has_the_shape_of_its_neighbours(
    size: tuple[int, int], shown: tuple[int, int]
) -> None:
    assert opened(tile(2, *size)).size == shown
    assert tile(2, *size) != tile(3, *size)


def test_previews_keep_their_places_and_unstarted_pictures_are_grey() -> None:
    whole = opened(mosaic([preview("red"), None, b"\x89PNG no", preview("blue")]))
    assert whole.size == (36, 52)
    assert whole.getpixel((2, 2)) == (255, 0, 0)
    assert whole.getpixel((30, 40)) == (0, 0, 255)
    assert whole.getpixel((30, 2)) == whole.getpixel((2, 40)) == (0x4E, 0x50, 0x58)


def test_three_previews_fill_two_rows_and_no_preview_gives_no_mosaic() -> None:
    assert opened(mosaic([preview("red")] * 3)).size == (36, 52)
    assert mosaic([None, b"nothing"]) is None
    assert mosaic([]) is None
