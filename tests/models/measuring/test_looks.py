"""How sharp lines are, and whether both eyes have one colour."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from PIL import Image, ImageFilter

from models.measuring import eyes
from models.measuring.command import line_and_eye_rows
from models.measuring.judge.network import Judge
from models.measuring.lines import edge_width_px
from models.painter.drawing import Slips, draw, raster
from models.painter.portrait import Portrait, sample
from models.report import Row


def ramp(width_px: int, *, slanted: float = 0.0, high: float = 1.0) -> Image.Image:
    """Dark on the left, lighter on the right, and a straight slope between them."""
    y, x = np.mgrid[0:48, 0:64]
    rise = np.clip((x - slanted * y - 10) / width_px, 0, 1) * high
    return Image.fromarray((rise * 255).round().astype(np.uint8)).convert("RGB")


@pytest.mark.parametrize("width_px", [2, 5, 10])
def test_a_straight_slope_measures_eight_tenths_of_its_width(width_px: int) -> None:
    assert edge_width_px([ramp(width_px)]) == pytest.approx(0.8 * width_px, abs=0.05)
    assert edge_width_px([ramp(width_px).rotate(90, expand=True)]) == pytest.approx(
        0.8 * width_px, abs=0.05
    )


@pytest.mark.parametrize("picture", [ramp(5, slanted=1), ramp(20), ramp(5, high=0.15)])
def test_slanted_gradual_or_faint_slopes_are_not_edges(picture: Image.Image) -> None:
    assert np.isnan(edge_width_px([picture]))


def test_an_edge_ends_where_only_a_faint_shade_continues() -> None:
    drift = np.add.outer(np.zeros(48), np.arange(64))[..., None]
    shaded = np.asarray(ramp(5, high=0.7)) + drift.astype(np.uint8)
    assert edge_width_px([Image.fromarray(shaded)]) == pytest.approx(4, abs=0.05)


def test_a_blurred_picture_has_wider_edges() -> None:
    sharp = raster(draw(open_eyed(1), 1), 256)
    assert edge_width_px([sharp]) < edge_width_px([sharp.filter(ImageFilter.GaussianBlur(1))])


def open_eyed(seed: int) -> Portrait:
    shown = {"eye_state": "open", "eyewear": "none", "bangs": "blunt bangs", "framing": "square"}
    return replace(sample(Random(seed)), **shown)


#: For each colour of eyes, one that cannot be mistaken for it.
OTHER = {"blue": "yellow", "brown": "aqua", "green": "pink", "red": "blue", "purple": "yellow"}


def faces(*, odd: bool) -> list[Image.Image]:
    out: list[Image.Image] = []
    for seed in range(9_000, 9_012):
        portrait = open_eyed(seed)
        other = OTHER.get(portrait.eye_colour, "green")
        if other == portrait.eye_colour:
            other = "red"
        out.append(raster(draw(portrait, seed, Slips(odd_eye=other if odd else "")), 128))
    return out


def test_odd_eyes_are_detected_and_equal_eyes_are_not() -> None:
    judge = Judge()
    equal, odd = (eyes.colour_differences(judge, faces(odd=odd)) for odd in (False, True))
    assert (len(equal), eyes.two_coloured_share(equal)) == (12, 0.0)
    assert eyes.two_coloured_share(odd) >= 11 / 12


@pytest.mark.parametrize(
    "hidden",
    [
        {"eye_state": "closed eyes"},
        {"eye_state": "one eye closed"},
        {"bangs": "hair over one eye"},
        {"eyewear": "eyepatch"},
        {"eyewear": "sunglasses"},
    ],
    ids=lambda hidden: next(iter(hidden.values())),
)
def test_a_face_that_shows_one_eye_or_none_is_left_out(hidden: dict[str, str]) -> None:
    portrait = replace(open_eyed(3), **hidden)
    found = eyes.colour_differences(Judge(), [raster(draw(portrait, 3), 128)])
    assert not len(found)
    assert np.isnan(eyes.two_coloured_share(found))


def _row(name: str, value: float, unit: str, goal: str = "", *, holds: bool | None = None) -> Row:
    return Row(area="model", name=name, value=value, unit=unit, goal=goal, holds=holds)


def test_no_goal_holds_if_no_eye_was_seen() -> None:
    """Zero odd eyes in zero faces is not a success: nothing was measured."""
    closed = raster(draw(replace(open_eyed(3), eye_state="closed eyes"), 3), 128)
    found = list(line_and_eye_rows(Judge(), [closed], [closed], _row))
    (odd,) = (row for row in found if row.name == "eyes of two colours")
    assert (odd.unit, odd.holds) == ("% of 0 faces with both eyes", False)


def test_an_odd_eye_changes_that_eye_and_nothing_else() -> None:
    portrait = replace(open_eyed(5), eye_colour="blue")
    plain, odd = (
        np.asarray(raster(draw(portrait, 5, Slips(odd_eye=name)), 128), dtype=int)
        for name in ("", "red")
    )
    rows, columns = np.nonzero(np.abs(plain - odd).sum(2))
    assert len(rows)
    one_half = columns < 64 if portrait.side > 0 else columns >= 64
    assert one_half.all()
    assert np.ptp(rows) < 24
    assert np.ptp(columns) < 24
