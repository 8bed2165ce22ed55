"""Encodes pictures as an autoencoder's latents, scaled for the UNet.

Called by the trainings. Must not know captions, caches or trained networks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.contract import EngineError
from models.data.buckets import Bucket
from models.data.pictures import UnusableError, open_fitted
from models.engine.codec import scale_of


def encode_in_parts(vae: nn.Module, pixels: Tensor) -> Tensor:
    """Like `encode`, in smaller batches if memory is short.

    EngineError if one picture does not fit.
    """
    try:
        return encode(vae, pixels)
    except torch.OutOfMemoryError as fault:
        if len(pixels) == 1:
            raise EngineError(
                "a picture does not fit into the device's memory when it is encoded: a smaller "
                "resolution_px needs less."
            ) from fault
    return torch.cat([encode_in_parts(vae, half) for half in pixels.chunk(2)])


@torch.no_grad()
def encode(vae: nn.Module, pixels: Tensor) -> Tensor:
    """Latents of pixels (N, 3, H, W) in -1..1, scaled for the UNet.

    (N, 2, C, h, w), mean and deviation, for an AutoencoderKL; (N, 1, C, h, w) for an
    AutoencoderTiny.
    """
    network: Any = vae
    parameter = next(vae.parameters())
    encoded = network.encode(pixels.to(parameter.device, parameter.dtype))
    distribution = getattr(encoded, "latent_dist", None)
    parts = [encoded.latents] if distribution is None else [distribution.mean, distribution.std]
    return torch.stack(parts, 1).float() * scale_of(vae)


def load_pixels(path: Path, bucket: Bucket, *, flip: bool = False) -> Tensor:
    """The picture, fitted into its bucket, as (3, H, W), float32 in -1..1.

    EngineError if it was readable when the dataset was read and is not any more.
    """
    try:
        array = np.asarray(open_fitted(path, bucket, flip=flip), np.float32)
    except UnusableError as fault:
        raise EngineError(f"{path} changed since it was read: {fault}") from fault
    return torch.from_numpy(array / 127.5 - 1).permute(2, 0, 1)
