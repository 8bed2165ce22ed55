"""Maps each tensor of a diffusers folder to its place in the original Stable Diffusion layout.

One table for both directions: `places` gives it for a part of the model, `to_original` and
`to_diffusers` move tensors through it, so they cannot drift apart. Called by `exporting` and
`importing`. Must not know files or configs beyond a part's depth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import torch
from torch import Tensor


class TextKind(StrEnum):
    """A checkpoint's kind of text encoder, which decides the names of its tensors."""

    #: OpenAI's CLIP as transformers names it: Stable Diffusion 1.
    CLIP = "CLIP"
    #: OpenCLIP under its own names: Stable Diffusion 2.
    OPENCLIP = "OpenCLIP"


@dataclass(frozen=True, slots=True)
class OriginalPlace:
    """A module or tensor in the original layout."""

    key: str
    #: Query, key and value are one tensor there: which third of it (0, 1, 2) this is.
    third: int | None = None
    #: A matrix (out, in) here is a 1x1 convolution (out, in, 1, 1) there.
    conv: bool = False


UNET, VAE = "model.diffusion_model.", "first_stage_model."
TEXT = {
    TextKind.CLIP: "cond_stage_model.transformer.text_model.",
    TextKind.OPENCLIP: "cond_stage_model.model.",
}
#: A buffer that the original text encoder stores with its weights.
POSITION_IDS = TEXT[TextKind.CLIP] + "embeddings.position_ids"
#: A flag, not a weight: this model was trained to zero terminal signal-to-noise ratio.
ZERO_SNR = "ztsnr"

_UNET_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.attentions.0": "middle_block.1",
}
_UNET_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_VAE_RESNET = {
    "norm1": "norm1",
    "conv1": "conv1",
    "norm2": "norm2",
    "conv2": "conv2",
    "conv_shortcut": "nin_shortcut",
}
_VAE_SIDE = {"conv_in": "conv_in", "conv_norm_out": "norm_out", "conv_out": "conv_out"}
_VAE_ATTENTION = {"to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
_OPENCLIP_ENDS = {
    "embeddings.token_embedding": "token_embedding",
    "embeddings.position_embedding.weight": "positional_embedding",
    "final_layer_norm": "ln_final",
}
_OPENCLIP_LAYER = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}
_QKV = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")

_Pairs = Iterator[tuple[str, OriginalPlace]]


def unet_places(keys: Iterable[str], config: Mapping[str, Any]) -> dict[str, OriginalPlace]:
    """The place of every UNet tensor; `config` is UNet2DConditionModel's, `layers_per_block` int.

    The original numbers its blocks consecutively, including downsamplers, where diffusers has
    levels.
    """
    kinds = config["down_block_types"]
    modules = dict(_unet_modules(int(config["layers_per_block"]), kinds))
    return _places(keys, modules, UNET)


def vae_places(keys: Iterable[str], config: Mapping[str, Any]) -> dict[str, OriginalPlace]:
    """The place of every tensor of an AutoencoderKL; the decoder counts its levels backwards."""
    levels, layers = len(config["block_out_channels"]), int(config["layers_per_block"])
    return _places(keys, dict(_vae_modules(levels, layers)), VAE)


def text_places(keys: Iterable[str], layers: int, kind: TextKind) -> dict[str, OriginalPlace]:
    """The place of every tensor of a text encoder (keys without `text_model.`).

    CLIP's keep their names after a prefix; OpenCLIP's are renamed.
    """
    if kind is TextKind.CLIP:
        return {key: OriginalPlace(TEXT[kind] + key) for key in keys}
    return _places(keys, dict(_openclip_modules(layers)), TEXT[kind])


def to_original(
    tensors: Mapping[str, Tensor], places: Mapping[str, OriginalPlace]
) -> dict[str, Tensor]:
    """The tensors under their original names and in their original shapes."""
    result: dict[str, Tensor] = {}
    joined: dict[str, dict[int, Tensor]] = {}
    for key, place in places.items():
        tensor = tensors[key]
        if place.third is not None:
            joined.setdefault(place.key, {})[place.third] = tensor
        elif place.conv and tensor.ndim == 2:
            result[place.key] = tensor[:, :, None, None]
        else:
            result[place.key] = tensor
    for key, thirds in joined.items():
        result[key] = torch.cat([thirds[third] for third in range(3)])
    return result


def to_diffusers(
    tensors: Mapping[str, Tensor], places: Mapping[str, OriginalPlace]
) -> dict[str, Tensor]:
    """The tensors under diffusers' names and in its shapes; missing ones are left out.

    Accepts a matrix that an exporter kept where the original has a convolution.
    """
    result: dict[str, Tensor] = {}
    for key, place in places.items():
        tensor = tensors.get(place.key)
        if tensor is None:
            continue
        if place.third is not None and len(tensor) % 3 == 0:
            tensor = tensor.chunk(3)[place.third]
        elif place.conv and tensor.ndim > 2:
            tensor = tensor.flatten(1)
        result[key] = tensor
    return result


def _places(
    keys: Iterable[str], modules: Mapping[str, OriginalPlace], prefix: str
) -> dict[str, OriginalPlace]:
    return {key: _place(key, modules, prefix) for key in keys}


def _place(key: str, modules: Mapping[str, OriginalPlace], prefix: str) -> OriginalPlace:
    """The place of one tensor: that of the longest matching module name, plus the rest."""
    head, rest = key, ""
    while head not in modules:
        head, _, last = head.rpartition(".")
        assert head, f"{key} belongs to no module of the table"
        rest = f".{last}{rest}"
    place = modules[head]
    if place.third is not None:
        rest = rest.replace(".", "_")
    return replace(place, key=prefix + place.key + rest)


def _unet_modules(layers: int, kinds: Iterable[str]) -> _Pairs:
    attends = [kind.startswith("CrossAttn") for kind in kinds]
    last = len(attends) - 1
    yield from _renamed(_UNET_ENDS, "", "")
    for index, number in enumerate((0, 2)):
        ours, theirs = f"mid_block.resnets.{index}.", f"middle_block.{number}."
        yield from _renamed(_UNET_RESNET, ours, theirs)
    number = 1
    for level in range(len(attends)):
        for layer in range(layers):
            yield from _unet_layer(f"down_blocks.{level}", layer, f"input_blocks.{number}")
            number += 1
        if level < last:
            ours = f"down_blocks.{level}.downsamplers.0.conv"
            yield ours, OriginalPlace(f"input_blocks.{number}.0.op")
            number += 1
    number = 0
    for level, attended in enumerate(reversed(attends)):
        for layer in range(layers + 1):
            yield from _unet_layer(f"up_blocks.{level}", layer, f"output_blocks.{number}")
            number += 1
        if level < last:
            # The upsampler closes the level's last block, after the attention if there is one.
            ours = f"up_blocks.{level}.upsamplers.0.conv"
            yield ours, OriginalPlace(f"output_blocks.{number - 1}.{2 if attended else 1}.conv")


def _unet_layer(block: str, layer: int, theirs: str) -> _Pairs:
    yield from _renamed(_UNET_RESNET, f"{block}.resnets.{layer}.", f"{theirs}.0.")
    yield f"{block}.attentions.{layer}", OriginalPlace(f"{theirs}.1")


def _vae_modules(levels: int, layers: int) -> _Pairs:
    yield from ((name, OriginalPlace(name)) for name in ("quant_conv", "post_quant_conv"))
    for side in ("encoder", "decoder"):
        yield from _renamed(_VAE_SIDE, f"{side}.", f"{side}.")
        yield f"{side}.mid_block.attentions.0.group_norm", OriginalPlace(f"{side}.mid.attn_1.norm")
        for ours, theirs in _VAE_ATTENTION.items():
            place = OriginalPlace(f"{side}.mid.attn_1.{theirs}", conv=True)
            yield f"{side}.mid_block.attentions.0.{ours}", place
        for index in range(2):
            ours, theirs = f"{side}.mid_block.resnets.{index}.", f"{side}.mid.block_{index + 1}."
            yield from _renamed(_VAE_RESNET, ours, theirs)
    for level in range(levels):
        down, up = f"encoder.down_blocks.{level}", f"decoder.up_blocks.{levels - 1 - level}"
        yield f"{down}.downsamplers.0.conv", OriginalPlace(f"encoder.down.{level}.downsample.conv")
        yield f"{up}.upsamplers.0.conv", OriginalPlace(f"decoder.up.{level}.upsample.conv")
        for layer in range(layers + 1):
            down_theirs, up_theirs = f"encoder.down.{level}.block", f"decoder.up.{level}.block"
            yield from _renamed(_VAE_RESNET, f"{down}.resnets.{layer}.", f"{down_theirs}.{layer}.")
            yield from _renamed(_VAE_RESNET, f"{up}.resnets.{layer}.", f"{up_theirs}.{layer}.")


def _openclip_modules(layers: int) -> _Pairs:
    yield from _renamed(_OPENCLIP_ENDS, "", "")
    for layer in range(layers):
        ours, theirs = f"encoder.layers.{layer}.", f"transformer.resblocks.{layer}."
        yield from _renamed(_OPENCLIP_LAYER, ours, theirs)
        for third, name in enumerate(_QKV):
            yield ours + name, OriginalPlace(f"{theirs}attn.in_proj", third=third)


def _renamed(table: Mapping[str, str], ours: str, theirs: str) -> _Pairs:
    return ((ours + name, OriginalPlace(theirs + original)) for name, original in table.items())
