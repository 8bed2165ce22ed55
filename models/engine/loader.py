"""A model's files to components on a device, with every fault as one clear sentence.

Called by `engine` and `check`. Everything that diffusers and transformers would print is silenced,
nothing is fetched for a local folder, and no file can run code: weights are safetensors, or `.bin`
read with `weights_only`. It must not know prompts or rows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.catalogue.adoption import pixel_step, pixels_per_latent, read_config, require_family
from models.catalogue.card import Card, CardError
from models.catalogue.hub import locate
from models.catalogue.registry import card_of, faults, model_info
from models.contract import EngineError, ModelInfo
from models.engine import upscaler
from models.engine.codec import Upscale, lanczos
from models.engine.schedule import Schedule

log = logging.getLogger(__name__)

#: A text encoder of this width is OpenCLIP's, that of Stable Diffusion 2.
_WIDTH_SD2 = 1024
_WIDTH_SD1 = 768


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """A model ready to draw: its parts on one device, its card, and what was read from configs."""

    card: Card
    info: ModelInfo
    folder: Path
    unet: nn.Module
    vae: nn.Module
    text_encoder: nn.Module
    tokenizer: Any
    schedule: Schedule
    latent_channels: int
    pixels_per_latent: int
    device: torch.device
    #: What brings a decoded picture to its finished size.
    upscale: Upscale = lanczos

    @property
    def base(self) -> str:
        """The family by the width of its text embeddings, in plain words."""
        config: Any = self.unet.config
        width = config.cross_attention_dim
        known = {_WIDTH_SD1: "Stable Diffusion 1", _WIDTH_SD2: "Stable Diffusion 2"}
        return known.get(width, f"a small model of its own ({width} wide)")


def load(model: str, *, device: str | None = None) -> Components:
    """Load a model; `model` is "embedded", a diffusers folder, or a hub id such as "owner/name".

    `device` is cuda, mps or cpu; None takes the best there is. EngineError says what to do.
    """
    chosen = choose_device(device)
    folder, name = locate(model)
    card = card_of(folder, name)
    _require_supported(card, folder)
    if wrong := faults(card, folder):
        raise EngineError(wrong[0])
    dtype = _dtype(folder, chosen)
    log.info("loading %s from %s on %s as %s", card.id, folder, chosen, dtype)
    unet, vae, text_encoder, tokenizer = _parts(folder, dtype)
    config: Any = unet.config
    with _explained(folder, "the model"):
        for part in (unet, vae, text_encoder):
            part.eval().requires_grad_(requires_grad=False).to(chosen)
    return Components(
        card=card,
        info=model_info(card, folder),
        folder=folder,
        unet=unet,
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        schedule=Schedule.from_config(read_config(folder, "scheduler/scheduler_config.json")),
        latent_channels=int(config.in_channels),
        pixels_per_latent=pixels_per_latent(folder),
        device=chosen,
        upscale=_upscale(folder, chosen),
    )


def choose_device(device: str | None) -> torch.device:
    """The named device, or the best of this machine. EngineError if it is not to be had."""
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if device is None:
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError as fault:
        raise EngineError(f"the device {device!r} is not known: use cuda, mps or cpu.") from fault
    if (chosen.type == "cuda" and not cuda) or (chosen.type == "mps" and not mps):
        raise EngineError(f"this machine, or its torch, has no {chosen.type}; use cpu.")
    return chosen


def _require_supported(card: Card, folder: Path) -> None:
    """Only Stable Diffusion's shape is drawn here, and the card must agree with the configs."""
    require_family(folder)
    config = read_config(folder, "scheduler/scheduler_config.json")
    prediction = config.get("prediction_type", "epsilon")
    if prediction != card.prediction:
        raise CardError(
            f"{folder}: the card says {card.prediction} and scheduler_config.json {prediction}; "
            "correct the one that is wrong, or every picture is noise."
        )
    step = pixel_step(folder)
    for aspect, size in card.sizes_px.items():
        if any(side % step for side in size.native):
            raise CardError(f"{folder}: {aspect} must be drawn at multiples of {step} px.")


def _dtype(folder: Path, device: torch.device) -> torch.dtype:
    """Half precision where there is a GPU; Stable Diffusion 2 overflows float16, so bfloat16."""
    if device.type == "cpu":
        return torch.float32
    width = read_config(folder, "unet/config.json").get("cross_attention_dim")
    return torch.bfloat16 if width == _WIDTH_SD2 else torch.float16


def _parts(folder: Path, dtype: torch.dtype) -> tuple[nn.Module, nn.Module, nn.Module, Any]:
    """UNet, autoencoder, text encoder and tokenizer from the folder, without the network."""
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

    _silence_libraries()
    vaes = {kind.__name__: kind for kind in (AutoencoderKL, AutoencoderTiny)}
    kind = (read_config(folder, "model_index.json").get("vae") or [None, None])[1]
    if kind not in vaes:
        raise EngineError(f"{folder}: the autoencoder {kind} is none of {', '.join(vaes)}.")
    unet = _part(UNet2DConditionModel, folder, "unet", torch_dtype=dtype)
    vae = _part(vaes[kind], folder, "vae", torch_dtype=dtype)
    # transformers takes the precision from the config where none is named, diffusers does not.
    text_encoder = _part(CLIPTextModel, folder, "text_encoder", dtype=dtype)
    with _explained(folder, "tokenizer"):
        tokenizer = CLIPTokenizer.from_pretrained(str(folder / "tokenizer"), local_files_only=True)
    return unet, vae, text_encoder, tokenizer


def _upscale(folder: Path, device: torch.device) -> Upscale:
    """The folder's own trained upscaler, or Lanczos' filter."""
    own = folder / upscaler.FOLDER
    return upscaler.Enlarger(upscaler.load(own).to(device)) if own.is_dir() else lanczos


def _part(kind: Any, folder: Path, name: str, **precision: torch.dtype) -> nn.Module:
    """One network of the folder, every weight of which came from its file."""
    with _explained(folder, name):
        part, report = kind.from_pretrained(
            str(folder / name), local_files_only=True, output_loading_info=True, **precision
        )
    if missing := [*report["missing_keys"], *report["mismatched_keys"]]:
        raise EngineError(
            f"{folder / name} does not fit its config: {len(missing)} weights are missing or of "
            f"another shape, among them {missing[0]}; fetch the model again."
        )
    return part


@contextmanager
def _explained(folder: Path, name: str) -> Iterator[None]:
    """Turn whatever the libraries raise on a broken folder into one sentence."""
    try:
        yield
    except torch.OutOfMemoryError as fault:
        raise EngineError(f"{folder} does not fit into the device's memory.") from fault
    except EngineError:
        raise
    except Exception as fault:  # translated, not swallowed: the libraries raise a dozen kinds
        reason = (str(fault).strip().splitlines() or [type(fault).__name__])[0][:200]
        raise EngineError(
            f"{folder / name} cannot be loaded ({reason}); fetch the model again."
        ) from fault


def _silence_libraries() -> None:
    """Keep the libraries' progress bars and advice out of our output."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    for library in (diffusers_logging, transformers_logging):
        library.set_verbosity_error()
        library.disable_progress_bar()
