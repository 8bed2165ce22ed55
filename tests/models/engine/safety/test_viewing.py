"""The sizes at which a picture is scored."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path

import pytest
from PIL import Image

from models.contract import EngineError
from models.engine.safety.viewing import open_session, views


def numbered(width: int, height: int) -> Image.Image:
    """A picture whose pixels encode their position."""
    data = bytes(part for y, x in product(range(height), range(width)) for part in (x, y, 0))
    return Image.frombytes("RGB", (width, height), data)


def test_the_parts_cover_every_pixel_and_overlap() -> None:
    whole, *parts = views(numbered(90, 60), 40)
    assert whole.size == (90, 60)
    assert [part.size for part in parts] == [(60, 40)] * 4
    seen = Counter(pixel[:2] for part in parts for pixel in part.get_flattened_data())
    assert set(seen) == set(product(range(90), range(60)))
    middle = {place for place, times in seen.items() if times == 4}
    assert middle == set(product(range(30, 60), range(20, 40)))


@pytest.mark.parametrize(
    ("size", "part_px", "count"),
    [
        ((512, 512), 341, 5),
        ((512, 512), 342, 1),
        ((512, 768), 341, 5),
        ((1, 512), 1, 5),
        ((1, 512), 2, 1),
        ((4000, 300), 256, 1),
        ((2000, 2000), None, 1),
    ],
)
def test_parts_are_scored_only_if_they_show_more_than_the_whole(
    size: tuple[int, int], part_px: int | None, count: int
) -> None:
    assert len(views(Image.new("RGB", size), part_px)) == count


def test_a_file_that_is_not_a_network_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"")
    with pytest.raises(EngineError, match=r"model\.onnx is no ONNX network"):
        open_session(tmp_path / "model.onnx")
