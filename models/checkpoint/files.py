"""Checkpoint files: read without running anything, written whole or not at all.

Called by `exporting` and `importing`. A `.ckpt` is a pickle, which can run code when it is opened;
here only torch's `weights_only` reader opens it, after the names in it were checked. Must not know
what the tensors are for.
"""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from zipfile import is_zipfile

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from models.contract import EngineError

#: The weights of a diffusers folder, the safe format first.
_WEIGHT_FILES = {
    "unet": ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin"),
    "vae": ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin"),
    "text_encoder": ("model.safetensors", "pytorch_model.bin"),
}
#: The prefix of a text encoder's weights in every published file. transformers omits it since 5.6,
#: but older versions find no weights without it and use random ones.
TEXT_PREFIX = "text_model."
#: Where a training framework keeps its bookkeeping classes.
_FRAMEWORKS = ("pytorch_lightning.", "lightning.")
#: Number types in that bookkeeping, such as a best loss.
_NUMBERS = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype")
#: Names in an autoencoder's attention before diffusers 0.14.
_OLD_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
_OLD_NAME = re.compile(r"(?<=attentions\.0\.)(query|key|value|proj_attn)(?=\.)")


class _Inert:
    """Replaces whatever a pickle names: takes anything, does nothing, keeps nothing."""

    def __new__(cls, *_: object) -> Self:
        return super().__new__(cls)

    def __init__(self, *_: object) -> None:
        """Accept the arguments of whatever it replaces."""

    def __setstate__(self, _: object) -> None:
        """Accept its state, too."""


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a checkpoint and the texts stored with them.

    EngineError if it is unreadable, or names code not known to be harmless.
    """
    if not path.is_file():
        raise EngineError(f"there is no file {path}.")
    if path.suffix.lower() == ".safetensors":
        return _read_safetensors(path)
    if path.suffix.lower() in (".ckpt", ".bin"):
        return _read_pickle(path)
    raise EngineError(f"{path} must be a .safetensors or a .ckpt.")


def write(path: Path, tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> None:
    """Write a checkpoint in the format of the file's suffix. Raises EngineError if it cannot."""
    tensors = {key: _compact_copy(tensor) for key, tensor in tensors.items()}
    try:
        if path.suffix == ".ckpt":
            torch.save({"state_dict": tensors, "texts": dict(texts)}, path)
        else:
            save_file(tensors, path, {"format": "pt", **texts})
    except (OSError, RuntimeError, SafetensorError) as fault:
        raise EngineError(
            f"{path.name} cannot be written ({_first_line(fault)}); is the disk full?"
        ) from fault


def read_part(folder: Path, part: str) -> dict[str, Tensor]:
    """The tensors of `unet`, `vae` or `text_encoder` in a diffusers folder, with current names."""
    names = _WEIGHT_FILES[part]
    path = next((p for p in (folder / part / n for n in names) if p.exists()), None)
    if path is None:
        raise EngineError(f"{folder / part} has no {' or '.join(names)}: the model is incomplete.")
    tensors, _ = read(path)
    tensors = {key.removeprefix(TEXT_PREFIX): tensor for key, tensor in tensors.items()}
    # A buffer of older transformers: the integers from 0.
    tensors.pop("embeddings.position_ids", None)
    if part == "vae":
        tensors = {_OLD_NAME.sub(lambda m: _OLD_ATTENTION[m[0]], k): t for k, t in tensors.items()}
    return tensors


def write_part(folder: Path, part: str, tensors: Mapping[str, Tensor]) -> None:
    """Write the tensors of one part of a diffusers folder, with names that all readers know."""
    if part == "text_encoder":
        tensors = {published_name(key): tensor for key, tensor in tensors.items()}
    write(folder / part / _WEIGHT_FILES[part][0], tensors, {})


def published_name(key: str) -> str:
    """The published name of a text encoder's weight, from that or from the current name."""
    return TEXT_PREFIX + key.removeprefix(TEXT_PREFIX)


@contextmanager
def staging(target: Path) -> Iterator[Path]:
    """An empty folder beside the target to build in; deleted afterwards, whatever happens."""
    stage = target.with_name(target.name + ".part")
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def replace_folder(stage: Path, target: Path) -> None:
    """Make a finished stage the target; the old target goes only once the new one is in place."""
    old = target.with_name(target.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    try:
        stage.rename(target)
    except BaseException:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  no dict
            return tensors, file.metadata() or {}
    except (SafetensorError, OSError) as fault:
        raise _read_error(path, fault) from fault


def _read_pickle(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    data = _unpickle(path)
    weights = data.get("state_dict", data) if isinstance(data, dict) else None
    if not isinstance(weights, dict):
        raise EngineError(f"{path} holds no weights.")
    texts = data.get("texts", {})
    return (
        {str(key): tensor for key, tensor in weights.items() if isinstance(tensor, Tensor)},
        {str(key): str(text) for key, text in texts.items()} if isinstance(texts, dict) else {},
    )


def _unpickle(path: Path) -> Any:
    """What torch's `weights_only` reader makes, with inert stubs for a framework's own classes."""
    # Before 1.6, torch wrote no archive; then the reader alone refuses what the file names.
    is_archive = is_zipfile(path)
    try:
        names = sorted(get_unsafe_globals_in_checkpoint(path)) if is_archive else []
    except Exception as fault:  # translated, not swallowed: a broken archive raises a dozen kinds
        raise _read_error(path, fault) from fault
    for name in names:
        if not name.startswith(_FRAMEWORKS) and name not in _NUMBERS:
            raise EngineError(
                f"{path} names {name}, which is no part of a model and could run code on this "
                "machine; refused."
            )
    try:
        # torch accepts the stub as a pair, which its annotation omits.
        stubs: list[Any] = [(_Inert, name) for name in names]
        with warnings.catch_warnings(), safe_globals(stubs):
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True, mmap=is_archive)
    except Exception as fault:  # translated, as above
        raise _read_error(path, fault) from fault


def _read_error(path: Path, fault: Exception) -> EngineError:
    return EngineError(f"{path} cannot be read ({_first_line(fault)}); fetch it again.")


def _first_line(fault: Exception) -> str:
    return (str(fault).strip().splitlines() or [type(fault).__name__])[0][:200]


def _compact_copy(tensor: Tensor) -> Tensor:
    """The tensor, contiguous and in no more memory than it needs, so nothing else is saved."""
    tensor = tensor.contiguous()
    return tensor.clone() if tensor.untyped_storage().nbytes() > tensor.nbytes else tensor
