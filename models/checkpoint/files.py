"""Checkpoint files: read without running anything, written whole or not at all.

Called by `exporting` and `importing`. A `.ckpt` is a pickle, which can run code when it is opened;
here only torch's `weights_only` reader opens it, and the names in it are looked at first. It must
not know what the tensors are for.
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

#: The weights of a diffusers folder, the safe file first.
_WEIGHTS = {
    "unet": ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin"),
    "vae": ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin"),
    "text_encoder": ("model.safetensors", "pytorch_model.bin"),
}
#: What the names of a text encoder's weights begin with wherever weights are passed around.
#: transformers leaves it out since 5.6; those before find nothing then, and draw lots instead.
TEXT_PREFIX = "text_model."
#: Where a training framework keeps the classes of its bookkeeping.
_FRAMEWORKS = ("pytorch_lightning.", "lightning.")
#: Numbers in that bookkeeping, such as a best loss.
_NUMBERS = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype")
#: What the attention of an autoencoder was called before diffusers 0.14.
_OLD_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
_OLD_NAME = re.compile(r"(?<=attentions\.0\.)(query|key|value|proj_attn)(?=\.)")


class _Inert:
    """Stands for whatever a pickle names: takes anything, does nothing, keeps nothing."""

    def __new__(cls, *_: object) -> Self:
        return super().__new__(cls)

    def __init__(self, *_: object) -> None:
        """Take the arguments of whatever it stands for."""

    def __setstate__(self, _: object) -> None:
        """Take its state, too."""


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a checkpoint and the texts that travel with them.

    EngineError if it cannot be read, or names code that is not known to be harmless.
    """
    if not path.is_file():
        raise EngineError(f"there is no file {path}.")
    if path.suffix.lower() == ".safetensors":
        return _read_safetensors(path)
    if path.suffix.lower() in (".ckpt", ".bin"):
        return _read_pickle(path)
    raise EngineError(f"{path} must be a .safetensors or a .ckpt.")


def write(path: Path, tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> None:
    """Write a checkpoint of the kind that the file's suffix names. EngineError if it cannot be."""
    tensors = {key: _own(tensor) for key, tensor in tensors.items()}
    try:
        if path.suffix == ".ckpt":
            torch.save({"state_dict": tensors, "texts": dict(texts)}, path)
        else:
            save_file(tensors, path, {"format": "pt", **texts})
    except (OSError, RuntimeError, SafetensorError) as fault:
        raise EngineError(
            f"{path.name} cannot be written ({_line(fault)}); is the disk full?"
        ) from fault


def read_part(folder: Path, part: str) -> dict[str, Tensor]:
    """The tensors of `unet`, `vae` or `text_encoder` of a diffusers folder, named as today."""
    names = _WEIGHTS[part]
    path = next((p for p in (folder / part / n for n in names) if p.exists()), None)
    if path is None:
        raise EngineError(f"{folder / part} has no {' or '.join(names)}: the model is incomplete.")
    tensors, _ = read(path)
    tensors = {key.removeprefix(TEXT_PREFIX): tensor for key, tensor in tensors.items()}
    # A buffer of older transformers; it is the row of numbers from 0.
    tensors.pop("embeddings.position_ids", None)
    if part == "vae":
        tensors = {_OLD_NAME.sub(lambda m: _OLD_ATTENTION[m[0]], k): t for k, t in tensors.items()}
    return tensors


def write_part(folder: Path, part: str, tensors: Mapping[str, Tensor]) -> None:
    """Write the tensors of one part of a diffusers folder, by the names that all readers know."""
    if part == "text_encoder":
        tensors = {published(key): tensor for key, tensor in tensors.items()}
    write(folder / part / _WEIGHTS[part][0], tensors, {})


def published(key: str) -> str:
    """The name of a text encoder's weight as all readers know it, from that or today's."""
    return TEXT_PREFIX + key.removeprefix(TEXT_PREFIX)


@contextmanager
def staging(target: Path) -> Iterator[Path]:
    """An empty folder beside the target to build in; it is gone afterwards, whatever happened."""
    stage = target.with_name(target.name + ".part")
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def put_folder(stage: Path, target: Path) -> None:
    """Make a finished stage the target; what was there goes only once the new one is in place."""
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
        raise _broken(path, fault) from fault


def _read_pickle(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    data = _unpickled(path)
    held = data.get("state_dict", data) if isinstance(data, dict) else None
    if not isinstance(held, dict):
        raise EngineError(f"{path} holds no weights.")
    texts = data.get("texts", {})
    return (
        {str(key): tensor for key, tensor in held.items() if isinstance(tensor, Tensor)},
        {str(key): str(text) for key, text in texts.items()} if isinstance(texts, dict) else {},
    )


def _unpickled(path: Path) -> Any:
    """What torch's `weights_only` reader makes of the file, a framework's own classes left out."""
    # Before 1.6 torch wrote no archive; what such a file names is for the reader alone to refuse.
    archive = is_zipfile(path)
    try:
        names = sorted(get_unsafe_globals_in_checkpoint(path)) if archive else []
    except Exception as fault:  # translated, not swallowed: a broken archive raises a dozen kinds
        raise _broken(path, fault) from fault
    for name in names:
        if not name.startswith(_FRAMEWORKS) and name not in _NUMBERS:
            raise EngineError(
                f"{path} names {name}, which is no part of a model and could run code on this "
                "machine; it is not opened."
            )
    try:
        # The stub is told to torch as a pair, which its annotation does not know.
        stubs: list[Any] = [(_Inert, name) for name in names]
        with warnings.catch_warnings(), safe_globals(stubs):
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True, mmap=archive)
    except Exception as fault:  # translated, as above
        raise _broken(path, fault) from fault


def _broken(path: Path, fault: Exception) -> EngineError:
    return EngineError(f"{path} cannot be read ({_line(fault)}); fetch it again.")


def _line(fault: Exception) -> str:
    return (str(fault).strip().splitlines() or [type(fault).__name__])[0][:200]


def _own(tensor: Tensor) -> Tensor:
    """The tensor in memory of its own, laid out plainly, so that nothing else is written along."""
    tensor = tensor.contiguous()
    return tensor.clone() if tensor.untyped_storage().nbytes() > tensor.nbytes else tensor
