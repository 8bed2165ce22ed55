"""Warp sharpening makes edges narrower, changes nothing else and adds no colour."""

from __future__ import annotations

import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from models.engine.warping import DEPTH_MAX_PX, warped
from models.measuring.lines import edge_width_px


def soft(x: Tensor) -> Tensor:
    """Sharp pictures as an upscaler leaves them: with a slope of five pixels."""
    return functional.avg_pool2d(functional.pad(x, (2, 2, 2, 2), mode="replicate"), 5, 1)


def picture(x: Tensor) -> Image.Image:
    array = ((x[0] + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0)
    return Image.fromarray(array.contiguous().numpy())


def blocks(side: int = 64) -> Tensor:
    """Squares of random colours."""
    torch.manual_seed(3)
    return functional.interpolate(torch.rand(1, 3, 4, 4) * 2 - 1, (side, side), mode="nearest")


def test_a_deeper_warp_makes_edges_narrower() -> None:
    x = soft(blocks())
    widths = [edge_width_px([picture(warped(x, depth))]) for depth in (0, 4, 8)]
    assert widths[1] < 0.85 * widths[0]
    assert widths[2] < 0.7 * widths[0]


def test_an_edge_stays_where_it_is() -> None:
    step = torch.cat([torch.full((1, 3, 32, 32), -0.5), torch.full((1, 3, 32, 32), 0.5)], 3)
    y = warped(soft(step), 8.0)
    assert not torch.equal(y, soft(step))
    assert torch.allclose(y, -y.flip(3), atol=1e-5)


def test_no_pixel_gets_a_colour_its_neighbours_do_not_have() -> None:
    x = soft(torch.rand(1, 3, 48, 48) * 2 - 1)
    y = warped(x, DEPTH_MAX_PX)
    most, least = (sign * functional.max_pool2d(sign * x, 9, 1, 4) for sign in (1, -1))
    assert ((y <= most + 1e-5) & (y >= least - 1e-5)).all()


@pytest.mark.parametrize("name", ["flat", "a shade"])
def test_a_picture_without_edges_stays_as_it_is(name: str) -> None:
    along = torch.linspace(-0.5, 0.5, 40) if name == "a shade" else torch.full((40,), 0.3)
    x = along.expand(1, 3, 32, 40).contiguous()
    apart = (warped(x, DEPTH_MAX_PX) - x).abs()
    # At the border the shade is cut off, so its slope ends there.
    assert apart[..., 8:-8].max() < 1e-5


def test_half_precision_warps_a_large_picture_like_full_precision() -> None:
    torch.manual_seed(4)
    x = soft(torch.rand(1, 3, 16, 2048)).bfloat16()
    assert torch.equal(warped(x, 8.0), warped(x.float(), 8.0))


def test_nothing_is_pulled_in_from_beyond_the_border() -> None:
    x = torch.full((1, 3, 32, 32), 0.9)
    x[..., 4:28, 4:28] = -0.9  # An edge near each border, which pushes outward.
    assert warped(soft(x), DEPTH_MAX_PX)[..., 0, :].min() > 0.85
