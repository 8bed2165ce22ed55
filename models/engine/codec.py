"""Decodes latents to pixels: finished pictures at the requested size, and small previews.

Called by `engine` for one row at a time, so that a row's fault stays its own. Knows no prompts and
no files: `provenance` writes those.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn import functional

from models.provenance import encode_png

#: A preview is decoded from at most this many latent cells a side: 256 px where a cell is 8 px.
_PREVIEW_CELLS = 32
_PREVIEW_PX = 256


class NotFiniteError(ArithmeticError):
    """The latents or the pixels of a picture contain NaN or infinity."""


class Upscale(Protocol):
    """Scales a decoded picture to its finished size; a trained network can replace Lanczos."""

    def __call__(self, pixels: Tensor, width_px: int, height_px: int) -> Image.Image:
        """An RGB picture of the given size from pixels (3, h, w), float32 in 0..1."""
        ...


def lanczos(pixels: Tensor, width_px: int, height_px: int) -> Image.Image:
    """The pixels resampled with Lanczos' filter, cropped evenly if the ratio differs."""
    picture = _picture(pixels)
    size = (width_px, height_px)
    if picture.size == size:
        return picture
    return ImageOps.fit(picture, size, Image.Resampling.LANCZOS)


def scale_of(vae: nn.Module) -> float:
    """The factor on an autoencoder's latents before a UNet sees them."""
    config: Any = vae.config
    return float(config.scaling_factor)


def unscaled(vae: nn.Module, latents: Tensor) -> Tensor:
    """The UNet's latents (C, h, w) as the autoencoder's, if they differ only by a factor."""
    return latents / scale_of(vae)


def scaled(vae: nn.Module, latents: Tensor) -> Tensor:
    """The autoencoder's latents (C, h, w) as the UNet's: the inverse of `unscaled`."""
    return latents * scale_of(vae)


class Codec:
    """A diffusers autoencoder (AutoencoderKL or AutoencoderTiny) followed by an upscaler.

    `unscale` and `scale` are the family's.
    """

    def __init__(
        self,
        vae: nn.Module,
        upscale: Upscale = lanczos,
        unscale: Callable[[nn.Module, Tensor], Tensor] = unscaled,
        scale: Callable[[nn.Module, Tensor], Tensor] = scaled,
    ) -> None:
        self._vae, self._upscale, self._unscale, self._scale = vae, upscale, unscale, scale

    def encode(self, png: bytes, width_px: int, height_px: int) -> Tensor:
        """Encode a picture at this size as the UNet's latents (C, h, w), float32.

        Raises OSError if it is no picture. One of another ratio is cropped evenly.
        """
        with Image.open(io.BytesIO(png)) as opened:
            fitted = ImageOps.fit(
                opened.convert("RGB"), (width_px, height_px), Image.Resampling.LANCZOS
            )
        parameter = next(self._vae.parameters())
        pixels = torch.from_numpy(np.array(fitted)).permute(2, 0, 1)[None]
        x = (pixels.float() / 127.5 - 1).to(parameter.device, parameter.dtype)
        vae: Any = self._vae
        encoded = vae.encode(x)
        # The mode of an AutoencoderKL's distribution; an AutoencoderTiny is deterministic.
        raw = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latents
        latents = self._scale(vae, raw[0].float())
        if not latents.isfinite().all():
            raise NotFiniteError("the latents are not finite")
        return latents

    def finish(self, latents: Tensor, width_px: int, height_px: int) -> bytes:
        """Decode latents (C, h, w) of x0 as 8-bit RGB bytes, row by row.

        Raises NotFiniteError if the result is not finite, even when decoded in float32.
        """
        if not latents.isfinite().all():
            raise NotFiniteError("the latents are not finite")
        pixels = self._decode(latents)
        if not pixels.isfinite().all():
            # Some autoencoders overflow in half precision; after the first time, this one stays in
            # float32.
            self._vae.to(torch.float32)
            pixels = self._decode(latents)
            if not pixels.isfinite().all():
                raise NotFiniteError("the pixels are not finite")
        return self._upscale(pixels.clamp(0, 1), width_px, height_px).tobytes()

    def preview(self, latents: Tensor) -> bytes | None:
        """A PNG of at most 256 px per side from latents (C, h, w); None if they are not finite."""
        _, height, width = latents.shape
        shrink = -(-max(height, width) // _PREVIEW_CELLS)
        small = functional.avg_pool2d(latents, shrink) if shrink > 1 else latents
        pixels = self._decode(small)
        if not pixels.isfinite().all():
            return None
        picture = _picture(pixels.clamp(0, 1))
        picture.thumbnail((_PREVIEW_PX, _PREVIEW_PX))
        return encode_png(picture.tobytes(), picture.width, picture.height)

    def _decode(self, latents: Tensor) -> Tensor:
        """Decode latents (C, h, w) as pixels (3, H, W), float32, in 0..1 and slightly beyond."""
        parameter = next(self._vae.parameters())
        vae: Any = self._vae
        raw = self._unscale(vae, latents)[None].to(parameter.device, parameter.dtype)
        decoded: Tensor = vae.decode(raw, return_dict=False)[0][0]
        return decoded.float() / 2 + 0.5


def _picture(pixels: Tensor) -> Image.Image:
    """An 8-bit RGB picture from pixels (3, h, w) in 0..1."""
    array = (pixels * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    return Image.fromarray(np.ascontiguousarray(array))
