"""Trains the upscaler: from the autoencoder's pictures to the painter's own large ones.

Called by the `pretrain` command. Must not know the UNet.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from models.engine.upscaler import Upscaler
from models.painter.drawing import face_middle
from models.pretraining.architecture import SCALE, Blueprint
from models.pretraining.autoencoding import edges, latents_of
from models.pretraining.pictures import Pictures, chunks, generator
from models.training.plain import PlainTraining, train
from models.training.precision import LowPrecision, scaled

if TYPE_CHECKING:
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny


#: At most this many pictures are held out to test the upscaler.
MAX_HELD_OUT = 50


@torch.no_grad()
def decode(net: AutoencoderTiny, z: Tensor) -> Tensor:
    """Decoded pictures, float16 (N, 3, H, W) in about -1..1."""
    parts = chunks(len(z), 64)
    return torch.cat([net.decode(z[p].float(), return_dict=False)[0].half() for p in parts])


def roundtrip_pixels(net: AutoencoderTiny, pixels: Tensor) -> Tensor:
    """Pictures uint8 (N, H, W, 3) -> the same after a round trip through the autoencoder."""
    decoded_pixels = decode(net, latents_of(net, pixels)).float()
    return torch.from_numpy(_to_bytes(decoded_pixels)).to(pixels.device)


def roundtrip_db(net: AutoencoderTiny, pixels: Tensor) -> float:
    """PSNR in dB of pictures uint8 (N, H, W, 3) after a round trip through the autoencoder."""
    decoded_pixels = decode(net, latents_of(net, pixels)).float().clamp(-1, 1)
    return _psnr(decoded_pixels, scaled(pixels))


def _psnr(x: Tensor, truth: Tensor) -> float:
    return float(-10 * torch.log10(functional.mse_loss(x, truth) / 4))


def enlarging_loss(y: Tensor, x: Tensor) -> Tensor:
    """The distance of pictures (B, 3, H, W) from the originals, 0-d: pixels, lines, areas.

    Errors count by their size, not its square, so that a sharp edge in doubt stays sharp.
    """
    lines = sum((a - b).abs().mean() for a, b in zip(edges(y), edges(x), strict=True))
    areas = (functional.avg_pool2d(y, 4) - functional.avg_pool2d(x, 4)).abs().mean()
    return (y - x).abs().mean() + 2 * functional.mse_loss(y, x) + lines + 0.5 * areas


def train_upscaler(
    blueprint: Blueprint, pictures: Pictures, inputs: Sequence[Tensor], folder: Path
) -> Upscaler:
    """Train on crops of a quarter of the picture; warping is added only afterwards.

    `inputs` are the decoder's versions of the pictures, each float16 (N, 3, H, W). The first
    pictures, up to `MAX_HELD_OUT`, are held out for `sharpness`.
    """
    device = pictures.pixels.device
    torch.manual_seed(5)
    net = Upscaler(blueprint.upscaler_width, blueprint.upscaler_blocks).to(device)
    side, network = blueprint.size_px // 4, LowPrecision(net, device)

    def loss(step: int) -> tuple[Tensor, int]:
        rng = np.random.default_rng((55, step))
        rows = torch.from_numpy(
            rng.integers(held_out_count(pictures), len(pictures.pixels), blueprint.upscaler_batch)
        ).to(device)
        small = inputs[int(rng.integers(len(inputs)))]
        y, x = rng.integers(0, blueprint.size_px - side + 1, 2)
        source = small[rows, :, y : y + side, x : x + side].float()
        g = generator(5, step, device)
        source = source + 0.02 * torch.randn(source.shape, generator=g, device=device)
        target = scaled(
            pictures.large[rows, SCALE * y : SCALE * (y + side), SCALE * x : SCALE * (x + side)]
        )
        enlarged = network(source.contiguous(memory_format=torch.channels_last))
        return enlarging_loss(enlarged.float(), target), len(rows)

    training = PlainTraining(
        {"net": net},
        loss,
        steps=blueprint.upscaler_steps,
        lr=2e-3,
        decay=0.998,
        adam_only=("enter", "leave"),
    )
    train(training, folder)
    net.warp_px = blueprint.upscaler_warp_px
    return net.eval()


def held_out_count(pictures: Pictures) -> int:
    """How many of the first pictures are held out of the training, for the test."""
    return min(MAX_HELD_OUT, len(pictures.pixels) // 2)


class EnlargedPictures(NamedTuple):
    """Unseen pictures at the large size, float32 (N, 3, H, W) in -1..1."""

    lanczos: Tensor
    upscaler: Tensor
    #: The painter's large picture.
    truth: Tensor


@torch.no_grad()
def enlarge_held_out(
    net: Upscaler, pictures: Pictures, autoencoder: AutoencoderTiny
) -> EnlargedPictures:
    """Enlarge the autoencoder's versions of the held-out pictures in two ways."""
    count = held_out_count(pictures)
    small = decode(autoencoder, latents_of(autoencoder, pictures.pixels[:count])).float()
    truth = scaled(pictures.large[:count])
    size = (truth.shape[3], truth.shape[2])
    plain = [
        np.asarray(Image.fromarray(p).resize(size, Image.Resampling.LANCZOS))
        for p in _to_bytes(small)
    ]
    lanczos = scaled(torch.from_numpy(np.stack(plain)).to(truth.device))
    ours = torch.cat([net(part[None]).clamp(-1, 1) for part in small])
    return EnlargedPictures(lanczos, ours, truth)


def sharpness(enlarged_pictures: EnlargedPictures) -> dict[str, float]:
    """PSNR in dB against the painter's large pictures: for the upscaler and for Lanczos."""
    return {
        "upscaler_db": _psnr(enlarged_pictures.upscaler, enlarged_pictures.truth),
        "lanczos_db": _psnr(enlarged_pictures.lanczos, enlarged_pictures.truth),
    }


def sheet(enlarged_pictures: EnlargedPictures, count: int = 5) -> Image.Image:
    """Faces of the first `count` pictures: by Lanczos, by the upscaler, and the painter's own."""
    height, width = enlarged_pictures.truth.shape[2:]
    top, left = round((face_middle(height, width) - 0.24) * height), width // 4
    rows = [
        np.concatenate(list(_to_bytes(x[:count, :, top : top + height // 2, left:-left])), axis=1)
        for x in enlarged_pictures
    ]
    return Image.fromarray(np.concatenate(rows))


def _to_bytes(x: Tensor) -> np.ndarray:
    return ((x.clamp(-1, 1) + 1) * 127.5).byte().permute(0, 2, 3, 1).cpu().numpy()
