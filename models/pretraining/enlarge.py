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
from models.pretraining.autoencoding import latents_of, reconstruction_loss
from models.pretraining.pictures import Pictures, chunks, generator
from models.training.plain import PlainTraining, train
from models.training.precision import LowPrecision, scaled

if TYPE_CHECKING:
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny


#: Pictures that the upscaler is tested on.
TESTED = 50


@torch.no_grad()
def decoded(net: AutoencoderTiny, z: Tensor) -> Tensor:
    """Decoded pictures, float16 (N, 3, H, W) in about -1..1."""
    parts = chunks(len(z), 64)
    return torch.cat([net.decode(z[p].float(), return_dict=False)[0].half() for p in parts])


def returned(net: AutoencoderTiny, pixels: Tensor) -> Tensor:
    """Pictures uint8 (N, H, W, 3) after a round trip through the autoencoder, likewise."""
    back = decoded(net, latents_of(net, pixels)).float()
    return torch.from_numpy(_bytes(back)).to(pixels.device)


def roundtrip_db(net: AutoencoderTiny, pixels: Tensor) -> float:
    """PSNR in dB of pictures uint8 (N, H, W, 3) after a round trip through the autoencoder."""
    back = decoded(net, latents_of(net, pixels)).float().clamp(-1, 1)
    return _psnr(back, scaled(pixels))


def _psnr(x: Tensor, truth: Tensor) -> float:
    return float(-10 * torch.log10(functional.mse_loss(x, truth) / 4))


def train_upscaler(
    blueprint: Blueprint, pictures: Pictures, drawn: Sequence[Tensor], folder: Path
) -> Upscaler:
    """Train on crops of a quarter of the picture; warping is added only afterwards.

    `drawn` are the inputs: the decoder's versions of the pictures, each float16 (N, 3, H, W). The
    first `TESTED` pictures are held out for `sharpness`.
    """
    device = pictures.pixels.device
    torch.manual_seed(5)
    net = Upscaler(blueprint.upscaler_width, blueprint.upscaler_blocks).to(device)
    side, drawing = blueprint.size_px // 4, LowPrecision(net, device)

    def loss(step: int) -> tuple[Tensor, int]:
        rng = np.random.default_rng((55, step))
        rows = torch.from_numpy(
            rng.integers(tested(pictures), len(pictures.pixels), blueprint.upscaler_batch)
        ).to(device)
        small = drawn[int(rng.integers(len(drawn)))]
        y, x = rng.integers(0, blueprint.size_px - side + 1, 2)
        source = small[rows, :, y : y + side, x : x + side].float()
        g = generator(5, step, device)
        source = source + 0.02 * torch.randn(source.shape, generator=g, device=device)
        target = scaled(
            pictures.large[rows, SCALE * y : SCALE * (y + side), SCALE * x : SCALE * (x + side)]
        )
        enlarged = drawing(source.contiguous(memory_format=torch.channels_last))
        return reconstruction_loss(enlarged.float(), target), len(rows)

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


def tested(pictures: Pictures) -> int:
    """How many of the first pictures are for the test and not for the training."""
    return min(TESTED, len(pictures.pixels) // 2)


class Enlarged(NamedTuple):
    """Unseen pictures at the large size, float32 (N, 3, H, W) in -1..1."""

    lanczos: Tensor
    upscaler: Tensor
    #: The painter's own.
    truth: Tensor


@torch.no_grad()
def enlarged(net: Upscaler, pictures: Pictures, autoencoder: AutoencoderTiny) -> Enlarged:
    """The held-out pictures from the autoencoder, enlarged in two ways."""
    count = tested(pictures)
    small = decoded(autoencoder, latents_of(autoencoder, pictures.pixels[:count])).float()
    truth = scaled(pictures.large[:count])
    size = (truth.shape[3], truth.shape[2])
    plain = [
        np.asarray(Image.fromarray(p).resize(size, Image.Resampling.LANCZOS)) for p in _bytes(small)
    ]
    lanczos = scaled(torch.from_numpy(np.stack(plain)).to(truth.device))
    ours = torch.cat([net(part[None]).clamp(-1, 1) for part in small])
    return Enlarged(lanczos, ours, truth)


def sharpness(made: Enlarged) -> dict[str, float]:
    """PSNR in dB against the painter's large pictures: for the upscaler and for Lanczos."""
    return {
        "upscaler_db": _psnr(made.upscaler, made.truth),
        "lanczos_db": _psnr(made.lanczos, made.truth),
    }


def sheet(made: Enlarged, count: int = 5) -> Image.Image:
    """Faces of the first `count` pictures: by Lanczos, by the upscaler, and the painter's own."""
    height, width = made.truth.shape[2:]
    top, left = round((face_middle(height, width) - 0.24) * height), width // 4
    rows = [
        np.concatenate(list(_bytes(x[:count, :, top : top + height // 2, left:-left])), axis=1)
        for x in made
    ]
    return Image.fromarray(np.concatenate(rows))


def _bytes(x: Tensor) -> np.ndarray:
    return ((x.clamp(-1, 1) + 1) * 127.5).byte().permute(0, 2, 3, 1).cpu().numpy()
