"""Latents become pictures of the requested size; an overflow is decoded again in float32."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from models.engine.codec import Codec, NotFiniteError, lanczos
from tests.stages.tiny_models import _vae


class Autoencoder(nn.Module):
    """One latent cell is one pixel; sums beyond float16 overflow, as in some real autoencoders."""

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain), requires_grad=False)
        self.config = SimpleNamespace(scaling_factor=0.5)
        self.seen: list[tuple[int, ...]] = []

    def decode(self, latents: Tensor, *, return_dict: bool) -> tuple[Tensor]:
        assert not return_dict
        self.seen.append(tuple(latents.shape))
        return ((latents[:, :3] * self.gain) / self.gain,)


def picture_of(codec: Codec, latents: Tensor, width: int, height: int) -> np.ndarray[Any, Any]:
    return np.frombuffer(codec.finish(latents, width, height), np.uint8).reshape(height, width, 3)


def test_pixels_are_scaled_and_clipped_to_eight_bits() -> None:
    latents = torch.tensor([-5.0, -0.5, 0.0, 0.5, 5.0]).expand(3, 1, 5)
    assert picture_of(Codec(Autoencoder()), latents, 5, 1)[0, :, 0].tolist() == [
        0,
        0,
        128,
        255,
        255,
    ]


@pytest.mark.parametrize("tiny", [False, True])
@torch.inference_mode()
def test_both_kinds_of_autoencoder_decode_as_their_pipeline_does(*, tiny: bool) -> None:
    vae = _vae(tiny=tiny).eval()
    latents = torch.randn(4, 8, 8, generator=torch.Generator().manual_seed(0))
    decoded = vae.decode(latents[None] / vae.config.scaling_factor, return_dict=False)[0][0]
    expected = ((decoded / 2 + 0.5).clamp(0, 1) * 255).round().permute(1, 2, 0).numpy()
    assert np.abs(picture_of(Codec(vae), latents, 16, 16) - expected).max() <= 1


@pytest.mark.parametrize(("width", "height"), [(512, 512), (40, 96), (7, 3), (16, 16)])
def test_the_picture_has_the_requested_size(width: int, height: int) -> None:
    codec = Codec(Autoencoder())
    assert len(codec.finish(torch.zeros(4, 16, 16), width, height)) == 3 * width * height


def test_lanczos_keeps_flat_colours_and_crops_evenly() -> None:
    pixels = torch.zeros(3, 8, 8)
    pixels[0, :, :2] = 1.0  # a red band at the left, which cropping to a narrow picture removes
    assert lanczos(pixels[:, :, 4:], 32, 64).getcolors() == [(32 * 64, (0, 0, 0))]
    assert lanczos(pixels, 4, 8).getcolors() == [(4 * 8, (0, 0, 0))]


def test_the_upscaler_can_be_replaced() -> None:
    def red(pixels: Tensor, width_px: int, height_px: int) -> Image.Image:
        assert pixels.shape == (3, 4, 4)
        return Image.new("RGB", (width_px, height_px), "red")

    codec = Codec(Autoencoder(), upscale=red)
    assert codec.finish(torch.zeros(4, 4, 4), 2, 2) == b"\xff\x00\x00" * 4


def test_an_overflow_in_half_precision_is_decoded_again_in_float32() -> None:
    latents = torch.full((4, 4, 4), 0.25)
    exact = Codec(Autoencoder(1e6)).finish(latents, 4, 4)
    half = Autoencoder(1.0).half()
    half.gain.data = torch.tensor(60_000.0, dtype=torch.float16)
    codec = Codec(half)
    assert codec.finish(latents * 8, 4, 4) == Codec(Autoencoder()).finish(latents * 8, 4, 4)
    assert len(half.seen) == 2
    assert half.gain.dtype is torch.float32
    assert codec.finish(latents, 4, 4) == exact
    assert len(half.seen) == 3  # it stays in float32


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_latents_that_are_not_finite_are_an_error(value: float) -> None:
    latents = torch.zeros(4, 4, 4)
    latents[1, 2, 3] = value
    with pytest.raises(NotFiniteError):
        Codec(Autoencoder()).finish(latents, 4, 4)


def test_pixels_still_not_finite_in_float32_are_an_error() -> None:
    with pytest.raises(NotFiniteError):
        Codec(Autoencoder(0.0)).finish(torch.zeros(4, 4, 4), 4, 4)


def test_a_preview_is_small_whatever_the_latents_size() -> None:
    vae = Autoencoder()
    data = Codec(vae).preview(torch.zeros(4, 130, 60))
    assert data is not None
    with Image.open(io.BytesIO(data)) as picture:
        assert max(picture.size) <= 256
    assert max(vae.seen[0]) <= 32


def test_a_preview_that_is_not_finite_is_left_out() -> None:
    assert Codec(Autoencoder()).preview(torch.full((4, 4, 4), float("nan"))) is None
