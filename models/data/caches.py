"""Latents and text embeddings on disk: computed once, checked by hash at every read.

Called by whoever trains. An entry's name is the hash of everything it depends on, so another
autoencoder, crop or caption has another entry and nothing is ever stale. A damaged entry is
recomputed. Torch is imported when a tensor is read or written.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from models.data.buckets import Bucket

if TYPE_CHECKING:
    import torch
    from torch import nn

    Make = Callable[[], torch.Tensor]

#: Increased when pictures are cropped or decoded differently, to invalidate old entries.
_VERSION = 1


class TensorCache:
    """A folder of tensors under hashed names; several processes may share it.

    `hits`, `misses` and `damaged` count the results of reads.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.hits = self.misses = self.damaged = 0

    def fetch(self, key: str, make: Make) -> torch.Tensor:
        """The tensor of this key, on the CPU; computed and stored if it is missing or damaged.

        Exceptions from `make` and the file system propagate; no half-written entry remains.
        """
        tensor = self._read(key)
        if tensor is not None:
            self.hits += 1
            return tensor
        self.misses += 1
        computed = make().detach().cpu().contiguous()
        self._write(key, computed)
        return computed

    def path(self, key: str) -> Path:
        """The path of this key's entry, whether or not it exists."""
        name = hashlib.sha256(f"{_VERSION} {key}".encode()).hexdigest()
        return self._folder / name[:2] / f"{name}.safetensors"

    def _read(self, key: str) -> torch.Tensor | None:
        from safetensors import SafetensorError, safe_open

        path = self.path(key)
        try:
            with safe_open(path, "pt") as file:
                metadata, tensor = file.metadata() or {}, file.get_tensor("tensor")
        except FileNotFoundError:
            return None
        except (OSError, SafetensorError):
            metadata, tensor = {}, None
        if tensor is not None and metadata.get("seal") == _seal(key, tensor):
            return tensor
        self.damaged += 1
        return None

    def _write(self, key: str, tensor: torch.Tensor) -> None:
        from safetensors.torch import save

        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        data = save({"tensor": tensor}, {"seal": _seal(key, tensor)})
        handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(partial).replace(path)
        except BaseException:
            # After a full disk or Ctrl-C, the partial file is worthless.
            with suppress(OSError):
                Path(partial).unlink()
            raise


class LatentCache(TensorCache):
    """The latents of pictures from one autoencoder, known by the hash of its weights."""

    def __init__(self, folder: Path, autoencoder_sha256: str) -> None:
        super().__init__(folder)
        self._autoencoder = autoencoder_sha256

    def latents(
        self, picture_sha256: str, bucket: Bucket, make: Make, *, flip: bool
    ) -> torch.Tensor:
        """The result of `make` for the file with this hash, bucket and flip.

        Store mean and deviation, not one sample, if training is to sample anew each epoch.
        """
        size = f"{bucket.width_px}x{bucket.height_px}"
        return self.fetch(f"latents {self._autoencoder} {picture_sha256} {size} {flip}", make)


class EmbeddingCache(TensorCache):
    """Text embeddings of one frozen encoder, known by the hash of its weights."""

    def __init__(self, folder: Path, encoder_sha256: str, *, clip_skip: int) -> None:
        super().__init__(folder)
        self._encoder = f"{encoder_sha256} {clip_skip}"

    def embeddings(self, text: str, make: Make) -> torch.Tensor:
        """The result of `make` for this text."""
        return self.fetch(f"text {self._encoder} {text}", make)


def _seal(key: str, tensor: torch.Tensor) -> str:
    """The seal of an entry: a hash of its key and tensor."""
    return hashlib.sha256(f"{key}\n{tensor_sha256(tensor)}".encode()).hexdigest()


def tensor_sha256(tensor: torch.Tensor) -> str:
    """The hash of a tensor's type, shape and bytes, 64 hex digits."""
    import torch

    digest = hashlib.sha256(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
    digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def weights_sha256(module: nn.Module) -> str:
    """The hash of a module's names and weights: equal for equal weights, whatever their file."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tensor_sha256(tensor)}\n".encode())
    return digest.hexdigest()
