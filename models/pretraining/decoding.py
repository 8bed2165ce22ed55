"""Trains the decoder further, with the encoder and therefore the UNet's latents as they are.

Called by the workshop. The decoder sees families of siblings, so that it learns to draw what tells
them apart, however small. Must not know how latents are guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from models.pretraining.architecture import Blueprint
from models.pretraining.autoencoding import LATENT_NOISE, reconstruction_loss
from models.pretraining.pictures import EncodedPictures, batch_of, generator
from models.pretraining.siblings import FAMILY
from models.training.plain import PlainTraining, train
from models.training.precision import LowPrecision, scaled

if TYPE_CHECKING:
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

#: The UNet's one-step guess at latents (B, C, h, w) noised by the generator, given token ids (B,
#: 77).
UnetGuess = Callable[[Tensor, Tensor, torch.Generator], Tensor]
#: The peak learning rate. At three times this rate, the decoder first forgets what it draws, and
#: takes long to learn it again.
LR = 7e-4
#: Pixels per latent pixel, on each side.
PER_LATENT = 8
#: The weight of `sibling_loss` beside `reconstruction_loss`.
SIBLING_WEIGHT = 1.0
#: Added to the squared difference of siblings, summed over pixels in -1..1 (from black to white, a
#: pixel adds 12): what can hardly be seen hardly counts.
_LEAST_DIFFERENCE = 1.0


def sibling_loss(y: Tensor, x: Tensor, siblings: Tensor) -> Tensor:
    """How far pictures (B, 3, H, W) lie on the way from the originals to siblings, squared, 0-d.

    A picture that shows its sibling costs 1, one that is half way 0.25, however few pixels tell the
    two apart. In a mean over all pixels, the colour of the eyes would count for nearly nothing.
    """
    way = (siblings - x).flatten(1)
    gone = ((y - x).flatten(1) * way).sum(1)
    return ((gone / ((way**2).sum(1) + _LEAST_DIFFERENCE)) ** 2).mean()


def next_siblings(values: Tensor, offset: int) -> Tensor:
    """For each row of whole families, the sibling that comes `offset` places later, in a circle."""
    return values.unflatten(0, (-1, FAMILY)).roll(-offset, 1).flatten(0, 1)


def windows(x: Tensor, side: int, g: torch.Generator) -> list[tuple[int, int]]:
    """For each family of pictures (B, 3, H, W), the top left corner of a square, in latent pixels.

    The square has `side` latent pixels on each side. Half of the squares may lie anywhere, the
    others are the more likely the more the siblings differ in them.
    """
    spread = x.unflatten(0, (-1, FAMILY)).var(1).mean(1, keepdim=True)
    contents = functional.avg_pool2d(functional.avg_pool2d(spread, PER_LATENT), side, stride=1)
    across, shares = contents.shape[3], contents.flatten(1)
    shares = shares / shares.sum(1, keepdim=True).clamp(min=1e-9) + 1 / shares.shape[1]
    chosen = torch.multinomial(shares, 1, generator=g).flatten().tolist()
    return [divmod(corner, across) for corner in chosen]


def crop(values: Tensor, corners: list[tuple[int, int]], side: int) -> Tensor:
    """The squares (B, C, side, side) of whole families, a corner (top, left) for each family."""
    parts = [
        values[i * FAMILY : (i + 1) * FAMILY, :, top : top + side, left : left + side]
        for i, (top, left) in enumerate(corners)
    ]
    return torch.cat(parts).contiguous(memory_format=torch.channels_last)


def train_decoder(
    blueprint: Blueprint,
    encoded: dict[str, EncodedPictures],
    net: AutoencoderTiny,
    folder: Path,
    unet_guess: UnetGuess,
) -> AutoencoderTiny:
    """Train only the decoder: on squares first, on one whole family a step in the last quarter.

    `encoded` holds whole families of siblings, by framing. Half of the latents are guesses by the
    UNet: its errors are smears and stains rather than noise, and the decoder learns to draw clean
    lines from them.
    """
    device = net.device
    for parameter in net.encoder.parameters():
        parameter.requires_grad = False
    decode = LowPrecision(net.decoder, device)
    sets = {framing: pictures for framing, (_, pictures) in encoded.items()}
    side = blueprint.size_px // PER_LATENT // 2

    def loss(step: int) -> tuple[Tensor, int]:
        in_squares = step < blueprint.decoder_steps * 0.75
        count = blueprint.decoder_batch if in_squares else FAMILY
        framing, rows = batch_of(sets, step, count, seed=6, device=device, family=FAMILY)
        latents, pictures = encoded[framing]
        x, z = scaled(pictures.pixels[rows]), latents[rows].float()
        g = generator(6, step, device)
        noisy = z + LATENT_NOISE * torch.randn(z.shape, generator=g, device=device)
        half = slice(step % 2, None, 2)
        noisy[half] = unet_guess(z[half], pictures.ids[rows[half], 0].long(), g)
        if in_squares:
            corners = windows(x, side, g)
            noisy = crop(noisy, corners, side)
            in_pixels = [(top * PER_LATENT, left * PER_LATENT) for top, left in corners]
            x = crop(x, in_pixels, side * PER_LATENT)
        y = decode(noisy).float()
        confused = sibling_loss(y, x, next_siblings(x, 1 + step % 2))
        return reconstruction_loss(y, x) + SIBLING_WEIGHT * confused, len(x)

    training = PlainTraining(
        {"decoder": net.decoder},
        loss,
        steps=blueprint.decoder_steps,
        lr=LR,
        decay=0.998,
        adam_only=("layers.15.",),
    )
    train(training, folder)
    return net.eval()
