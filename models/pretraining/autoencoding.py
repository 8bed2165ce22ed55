"""Trains the autoencoder, and computes latents with it.

Called by the workshop and the upscaler's training. Must not know the UNet.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.data.caches import TensorCache, tensor_sha256, weights_sha256
from models.painter.drawing import face_middle
from models.pretraining import architecture
from models.pretraining.architecture import Blueprint
from models.pretraining.pictures import Pictures, batch_of, chunks, generator
from models.training.plain import PlainTraining, train
from models.training.precision import LowPrecision, scaled

if TYPE_CHECKING:
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

#: The standard deviation of the noise on latents in training, in place of the UNet's errors.
LATENT_NOISE = 0.05


def edges(x: Tensor) -> tuple[Tensor, Tensor]:
    """The differences of neighbours in pictures (B, 3, H, W): (B, 3, H-1, W) and (B, 3, H, W-1)."""
    return x[..., 1:, :] - x[..., :-1, :], x[..., 1:] - x[..., :-1]


def reconstruction_loss(y: Tensor, x: Tensor) -> Tensor:
    """The distance of pictures (B, 3, H, W) from the originals, 0-d: pixels and lines.

    Most of it is squared: with absolute errors, it pays to drop small and rare things.
    """
    lines = sum(functional.mse_loss(a, b) for a, b in zip(edges(y), edges(x), strict=True))
    return 0.25 * (y - x).abs().mean() + 8 * functional.mse_loss(y, x) + 4 * lines


def _crops(pixels: Tensor, rows: Tensor, size: int, step: int) -> Tensor:
    """Square crops uint8 (B, size, size, 3), half of them from the middle, where the face is."""
    rng = np.random.default_rng((11, step))
    height, width = pixels.shape[1:3]
    y = rng.uniform(0, height - size, len(rows))
    x = rng.uniform(0, width - size, len(rows))
    short, middle = min(height, width), face_middle(height, width)
    y[1::2] = short * (middle + rng.uniform(-0.12, 0.12, len(y[1::2]))) - size / 2
    x[1::2] = width * (0.5 + rng.uniform(-0.14, 0.14, len(x[1::2]))) - size / 2
    along = np.arange(size)
    ys = torch.from_numpy(y.clip(0, height - size).astype(np.int64)[:, None] + along).to(
        pixels.device
    )
    xs = torch.from_numpy(x.clip(0, width - size).astype(np.int64)[:, None] + along).to(
        pixels.device
    )
    return pixels[rows[:, None, None], ys[:, :, None], xs[:, None, :]]


def train_autoencoder(
    blueprint: Blueprint, sets: dict[str, Pictures], folder: Path, device: torch.device
) -> AutoencoderTiny:
    """Train the autoencoder: on crops first, on whole pictures in the last quarter.

    The loss pulls latents to mean 0 and deviation 1 in every channel, so that a scaling factor of 1
    is right and the noise schedule fits.
    """
    torch.manual_seed(2)
    net = architecture.autoencoder(blueprint)
    nn.Module.to(net, device)
    roundtrip = LowPrecision(Roundtrip(net), device)

    def loss(step: int) -> tuple[Tensor, int]:
        framing, rows = batch_of(sets, step, blueprint.autoencoder_batch, seed=2, device=device)
        pixels = sets[framing].pixels
        if step < blueprint.autoencoder_steps * 0.75:
            x = scaled(_crops(pixels, rows, blueprint.size_px // 2, step))
        else:
            x = scaled(pixels[rows[: max(2, len(rows) // 4)]])
        g = generator(2, step, device)
        shape = (len(x), blueprint.latent_channels, x.shape[2] // 8, x.shape[3] // 8)
        y, latent_error = roundtrip(x, torch.randn(shape, generator=g, device=device))
        return reconstruction_loss(y.float(), x) + 0.1 * latent_error, len(x)

    training = PlainTraining(
        {"net": net},
        loss,
        steps=blueprint.autoencoder_steps,
        lr=3e-3,
        decay=0.998,
        adam_only=("encoder.layers.0.", "decoder.layers.15."),
    )
    train(training, folder)
    return net.eval()


class Roundtrip(nn.Module):
    """Encodes pictures, adds slight noise to the latents, and decodes them."""

    def __init__(self, net: AutoencoderTiny) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures (B, 3, H, W), noise (B, C, H/8, W/8) -> pictures, and the latents' error, 0-d.

        The error is the distance of their statistics from mean 0 and deviation 1. The noise stands
        for the UNet's errors.
        """
        z = self.net.encoder(x)
        flat = z.float().transpose(0, 1).flatten(1)
        latent_error = (flat.mean(1) ** 2 + (flat.std(1) - 1) ** 2).mean()
        return self.net.decoder(z + LATENT_NOISE * noise), latent_error


@torch.no_grad()
def latents_of(net: AutoencoderTiny, pixels: Tensor) -> Tensor:
    """The latents of pictures uint8 (N, H, W, 3), float16 (N, C, H/8, W/8)."""
    parts = chunks(len(pixels), 64)
    return torch.cat([net.encoder(scaled(pixels[p])).half() for p in parts])


def cached_latents(
    net: AutoencoderTiny, sets: dict[str, Pictures], folder: Path
) -> dict[str, Tensor]:
    """The latents of each set, computed once for these weights and pictures; cached in `folder`."""
    cache, weights = TensorCache(folder), weights_sha256(net)
    by_framing: dict[str, Tensor] = {}
    for framing, pictures in sets.items():
        pixels = pictures.pixels
        key = f"{weights} {tensor_sha256(pixels)}"
        latents = cache.fetch(key, lambda pixels=pixels: latents_of(net, pixels))
        by_framing[framing] = latents.to(pixels.device)
    return by_framing
