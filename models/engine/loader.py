"""Loads a model's files as components on a device, and turns every fault into one clear sentence.

Called by `engine` and `check`. Everything that diffusers and transformers would print is silenced,
nothing is downloaded for a local folder, and no file can run code: weights are safetensors, or
`.bin` read with `weights_only`. Must not know prompts or rows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.catalogue.adoption import (
    MARKS,
    Marks,
    family_of,
    pixel_step,
    pixels_per_latent,
    read_config,
)
from models.catalogue.card import Card, CardError
from models.catalogue.hub import locate
from models.catalogue.registry import card_of, faults, model_info
from models.contract import EngineError, ModelInfo
from models.engine import upscaler, upscaler_file
from models.engine.codec import Upscale, lanczos
from models.engine.conditioning import TextPart
from models.engine.enlarging import Magnifier
from models.engine.families import FAMILIES, Family
from models.engine.schedule import Schedule

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """A model ready to draw: its parts on one device, its card, and values from its configs."""

    card: Card
    info: ModelInfo
    folder: Path
    marks: Marks
    family: Family
    unet: nn.Module
    vae: nn.Module
    #: In the order of the family's marks.
    texts: tuple[TextPart, ...]
    schedule: Schedule
    latent_channels: int
    pixels_per_latent: int
    device: torch.device
    #: Scales a decoded picture to its finished size.
    upscale: Upscale = lanczos
    #: Enlarges a finished picture; None if the model cannot.
    magnifier: Magnifier | None = None

    @property
    def base(self) -> str:
        """The family in plain words, if the text embeddings have its width."""
        config: Any = self.unet.config
        width = config.cross_attention_dim
        other_label = f"a small model of its own ({width} wide)"
        return self.marks.label if width == self.marks.width else other_label

    @property
    def text_encoder(self) -> nn.Module:
        """The first text encoder: the only one that can be trained further."""
        return self.texts[0].encoder

    @property
    def tokenizer(self) -> Any:
        """The tokenizer of that text encoder."""
        return self.texts[0].tokenizer

    @property
    def networks(self) -> tuple[nn.Module, ...]:
        """Everything with weights."""
        return (self.unet, self.vae, *(text.encoder for text in self.texts))


def load(model: str, *, device: str | None = None, upscaler_path: Path | None = None) -> Components:
    """Load a model; `model` is "embedded", a diffusers folder, or a hub id such as "owner/name".

    `device` is cuda, mps or cpu; None takes the best available. `upscaler_path` names the network
    that enlarges finished pictures; by default the folder's own upscaler. EngineError says what to
    do.
    """
    chosen = choose_device(device)
    folder, name = locate(model)
    card = card_of(folder, name)
    kind = family_of(folder)
    marks, family = MARKS[kind], FAMILIES[kind]
    _require_agreement(card, folder)
    if found_faults := faults(card, folder):
        raise EngineError(found_faults[0])
    dtype = torch.float32 if chosen.type == "cpu" else family.half
    log.info("loading %s from %s on %s as %s", card.id, folder, chosen, dtype)
    unet, vae, texts = _load_networks(folder, marks, dtype)
    own_upscaler = _load_own_upscaler(folder, chosen)
    magnifier = own_upscaler and upscaler.magnifier_of(own_upscaler, chosen)
    if upscaler_path is not None:
        magnifier = upscaler_file.load(upscaler_path, chosen)
    config: Any = unet.config
    parts = Components(
        card=card,
        info=replace(model_info(card, folder), upscale_factor=magnifier.scale if magnifier else 1),
        folder=folder,
        marks=marks,
        family=family,
        unet=unet,
        vae=vae,
        texts=texts,
        schedule=Schedule.from_config(read_config(folder, "scheduler/scheduler_config.json")),
        latent_channels=int(config.in_channels),
        pixels_per_latent=pixels_per_latent(folder),
        device=chosen,
        upscale=upscaler.Enlarger(own_upscaler) if own_upscaler else lanczos,
        magnifier=magnifier,
    )
    with _explain_faults(folder, "the model"):
        for network in parts.networks:
            network.eval().requires_grad_(requires_grad=False).to(chosen)
    return parts


def choose_device(device: str | None) -> torch.device:
    """The named device, or this machine's best. Raises EngineError if it is unavailable."""
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


def _require_agreement(card: Card, folder: Path) -> None:
    """Raise CardError if the card contradicts the configs."""
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


def _load_networks(
    folder: Path, marks: Marks, dtype: torch.dtype
) -> tuple[nn.Module, nn.Module, tuple[TextPart, ...]]:
    """UNet, autoencoder and text encoders from the folder, without the network."""
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    _silence_libraries()
    vaes = {kind.__name__: kind for kind in (AutoencoderKL, AutoencoderTiny)}
    kind = (read_config(folder, "model_index.json").get("vae") or [None, None])[1]
    if kind not in vaes:
        raise EngineError(f"{folder}: the autoencoder {kind} is none of {', '.join(vaes)}.")
    unet = _load_network(UNet2DConditionModel, folder, "unet", torch_dtype=dtype)
    vae = _load_network(vaes[kind], folder, "vae", torch_dtype=dtype)
    texts = tuple(_load_text_part(folder, name, kind, dtype) for name, kind in marks.texts.items())
    return unet, vae, texts


def _load_text_part(folder: Path, name: str, kind: str, dtype: torch.dtype) -> TextPart:
    """A text encoder of transformers' class `kind`, with the tokenizer stored beside it."""
    import transformers

    # transformers defaults to the precision in the config, diffusers does not.
    encoder = _load_network(getattr(transformers, kind), folder, name, dtype=dtype)
    tokenizer_name = name.replace("text_encoder", "tokenizer")
    with _explain_faults(folder, tokenizer_name):
        tokenizer = transformers.CLIPTokenizer.from_pretrained(
            str(folder / tokenizer_name), local_files_only=True
        )
    return TextPart(tokenizer=tokenizer, encoder=encoder)


def _load_own_upscaler(folder: Path, device: torch.device) -> upscaler.Upscaler | None:
    """The folder's own trained upscaler, if it has one."""
    upscaler_folder = folder / upscaler.FOLDER
    return upscaler.load(upscaler_folder).to(device) if upscaler_folder.is_dir() else None


def _load_network(kind: Any, folder: Path, name: str, **precision: torch.dtype) -> nn.Module:
    """One network of the folder, with every weight read from its file."""
    with _explain_faults(folder, name):
        network, report = kind.from_pretrained(
            str(folder / name), local_files_only=True, output_loading_info=True, **precision
        )
    if missing := [*report["missing_keys"], *report["mismatched_keys"]]:
        raise EngineError(
            f"{folder / name} does not fit its config: {len(missing)} weights are missing or of "
            f"another shape, among them {missing[0]}; fetch the model again."
        )
    return network


@contextmanager
def _explain_faults(folder: Path, name: str) -> Iterator[None]:
    """Turn any error of the libraries on a broken folder into one sentence."""
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
    """Silence the libraries' progress bars and advice."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    for library in (diffusers_logging, transformers_logging):
        library.set_verbosity_error()
        library.disable_progress_bar()
