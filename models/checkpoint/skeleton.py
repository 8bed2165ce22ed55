"""The parts of a model without their weights: their tensors, and these tensors' original places.

Called by `exporting` and `importing`, so that an unsuitable file is refused before anything is
written. Must not know files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from models.checkpoint.inference_yaml import Layout, plain_unet
from models.checkpoint.names import OriginalPlace, text_places, unet_places, vae_places
from models.contract import EngineError

#: The parts of a diffusers folder that have weights.
PARTS = ("unet", "vae", "text_encoder")


@dataclass(frozen=True, slots=True)
class Skeleton:
    """One part: its module on the meta device, its tensors' shapes and original places.

    Keys are without transformers' former `text_model.`.
    """

    module: Any
    shapes: dict[str, torch.Size]
    places: dict[str, OriginalPlace]


def skeleton(part: str, layout: Layout, text: Mapping[str, Any]) -> Skeleton:
    """One of PARTS; `text` is the text encoder's config. EngineError if it cannot be built."""
    module = _module(part, layout, text)
    state: dict[str, Tensor] = module.state_dict()
    shapes = {key.removeprefix("text_model."): tensor.shape for key, tensor in state.items()}
    if part == "unet":
        places = unet_places(shapes, layout.unet)
    elif part == "vae":
        places = vae_places(shapes, layout.vae)
    else:
        places = text_places(shapes, int(text["num_hidden_layers"]), layout.text)
    return Skeleton(module, shapes, places)


def require_fit(
    tensors: Mapping[str, Tensor], shapes: Mapping[str, torch.Size], subject: str
) -> None:
    """Raise EngineError if a tensor is missing, misshapen or unexpected.

    `what` begins the sentence.
    """
    missing = [key for key in shapes if key not in tensors]
    if missing:
        raise EngineError(
            f"{subject}: {len(missing)} weights are missing, among them {missing[0]}."
        )
    for key, shape in shapes.items():
        if tensors[key].shape != shape:
            actual, expected = list(tensors[key].shape), list(shape)
            raise EngineError(f"{subject}: {key} is {actual} and should be {expected}.")
    if unexpected := [key for key in tensors if key not in shapes]:
        raise EngineError(
            f"{subject}: {len(unexpected)} weights are unexpected, among them {unexpected[0]}."
        )


def _module(part: str, layout: Layout, text: Mapping[str, Any]) -> Any:
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    try:
        with torch.device("meta"):
            if part == "unet":
                return UNet2DConditionModel(**plain_unet(layout.unet))
            if part == "vae":
                return AutoencoderKL(**layout.vae)
            return CLIPTextModel(CLIPTextConfig(**text))
    except (TypeError, ValueError, RuntimeError, ZeroDivisionError) as fault:
        reason = (str(fault).strip().splitlines() or [type(fault).__name__])[0][:200]
        raise EngineError(f"the {part} cannot be built as described ({reason}).") from fault
