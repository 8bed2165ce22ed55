"""Converts the inference yaml beside a checkpoint to and from diffusers' configs.

`describe` writes what the original code instantiates, `interpret` reads it. A folder's configs can
be exported only if they survive the round trip (`require_expressible`), so nothing that the
original layout cannot express is lost silently. Must not know tensors or weight files.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from models.catalogue.card import Prediction
from models.checkpoint.arguments import Coder, Unet, diffusion_of, unet_of
from models.checkpoint.names import TextKind
from models.contract import EngineError

_EMBEDDERS = {
    TextKind.CLIP: "ldm.modules.encoders.modules.FrozenCLIPEmbedder",
    TextKind.OPENCLIP: "ldm.modules.encoders.modules.FrozenOpenCLIPEmbedder",
}
_PARAMETERIZATIONS = {"eps": Prediction.EPSILON, "v": Prediction.V}
#: Config fields without effect in full precision, or only in training.
_COSMETIC = ("upcast_attention", "force_upcast", "dropout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A model's shape in diffusers' terms, with every field of its configs filled in.

    `schedule` has beta_start, beta_end, num_train_timesteps and prediction_type;
    `skips_last_layer`: the original model has the text encoder's last layer but ignores it.
    """

    unet: dict[str, Any]
    vae: dict[str, Any]
    schedule: dict[str, Any]
    text: TextKind
    skips_last_layer: bool


def complete_unet(config: dict[str, Any]) -> dict[str, Any]:
    """UNet2DConditionModel's config with defaults filled in and uniform lists as one number."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    result = _complete(UNet2DConditionModel, config)
    levels = len(result["block_out_channels"])
    heads = result["attention_head_dim"]
    # The name is historical: it is the number of heads, for each level or for all.
    result["attention_head_dim"] = heads if isinstance(heads, list) else [heads] * levels
    for name in ("layers_per_block", "transformer_layers_per_block", "cross_attention_dim",
                 "only_cross_attention"):  # fmt: skip
        result[name] = _single_value(result[name])
    return result


def plain_unet(unet: dict[str, Any]) -> dict[str, Any]:
    """A complete config as Stable Diffusion folders write it.

    One number of heads if they are equal.
    """
    return unet | {"attention_head_dim": _single_value(unet["attention_head_dim"])}


def complete_vae(config: dict[str, Any]) -> dict[str, Any]:
    """AutoencoderKL's config with defaults filled in."""
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    return _complete(AutoencoderKL, config)


def require_expressible(layout: Layout, folder: Path) -> None:
    """Raise EngineError for the first config field that the original layout cannot express."""
    round_trip = interpret(describe(layout), "the yaml")
    for part, ours, theirs in (
        ("unet", layout.unet, round_trip.unet),
        ("vae", layout.vae, round_trip.vae),
        ("scheduler", layout.schedule, round_trip.schedule),
    ):
        for name in ours:
            if name not in _COSMETIC and ours[name] != theirs[name]:
                raise EngineError(
                    f"{folder}/{part}: {name} is {ours[name]!r}, which the original Stable "
                    f"Diffusion layout cannot express (it would mean {theirs[name]!r}); keep this "
                    "model as a diffusers folder."
                )


def describe(layout: Layout) -> dict[str, Any]:
    """The inference yaml's tree, in the order and with the keys of v1-inference.yaml."""
    schedule = layout.schedule
    parameterization = (
        {"parameterization": "v"} if schedule["prediction_type"] == Prediction.V else {}
    )
    params = {
        **parameterization,
        "linear_start": schedule["beta_start"],
        "linear_end": schedule["beta_end"],
        "num_timesteps_cond": 1,
        "log_every_t": 200,
        "timesteps": schedule["num_train_timesteps"],
        "first_stage_key": "jpg",
        "cond_stage_key": "txt",
        "image_size": layout.unet["sample_size"],
        "channels": layout.vae["latent_channels"],
        "cond_stage_trainable": False,
        "conditioning_key": "crossattn",
        "monitor": "val/loss_simple_ema",
        "scale_factor": layout.vae["scaling_factor"],
        "use_ema": False,
        "unet_config": _entry("ldm.modules.diffusionmodules.openaimodel.UNetModel",
                              _unet_params(layout.unet)),
        "first_stage_config": _entry("ldm.models.autoencoder.AutoencoderKL",
                                     _vae_params(layout.vae)),
        "cond_stage_config": _text_stage(layout),
    }  # fmt: skip
    model = {
        "base_learning_rate": 1.0e-4,
        **_entry("ldm.models.diffusion.ddpm.LatentDiffusion"),
    }
    return {"model": model | {"params": params}}


def interpret(tree: object, source: str) -> Layout:
    """The layout in an inference yaml; EngineError names `source` and the field."""
    params = diffusion_of(tree, source)
    unet = unet_of(params.unet_config, source)
    text = params.cond_stage_config
    return Layout(
        unet=_unet_config(unet, params.image_size, text.kind),
        vae=_vae_config(params.first_stage_config.params.ddconfig, params.scale_factor),
        schedule={
            "beta_start": params.linear_start,
            "beta_end": params.linear_end,
            "num_train_timesteps": params.timesteps,
            "prediction_type": _PARAMETERIZATIONS[params.parameterization],
        },
        text=text.kind,
        skips_last_layer=text.params.layer == "penultimate",
    )


def standard_layout(text: TextKind, prediction: Prediction) -> Layout:
    """Stable Diffusion 1 or 2, for files without a yaml; only a 768 px model predicts v there."""
    is_sd1 = text is TextKind.CLIP
    unet = {
        "sample_size": 96 if not is_sd1 and prediction is Prediction.V else 64,
        "cross_attention_dim": 768 if is_sd1 else 1024,
        "attention_head_dim": 8 if is_sd1 else [5, 10, 20, 20],
        "use_linear_projection": not is_sd1,
        "upcast_attention": not is_sd1,
    }
    vae = {
        "block_out_channels": [128, 256, 512, 512],
        "down_block_types": ["DownEncoderBlock2D"] * 4,
        "up_block_types": ["UpDecoderBlock2D"] * 4,
        "layers_per_block": 2,
        "sample_size": 8 * unet["sample_size"],
    }
    schedule = {"beta_start": 0.00085, "beta_end": 0.012, "num_train_timesteps": 1000}
    return Layout(
        unet=complete_unet(unet),
        vae=complete_vae(vae),
        schedule=schedule | {"prediction_type": prediction},
        text=text,
        skips_last_layer=not is_sd1,
    )


def _entry(target: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"target": target} | ({"params": params} if params else {})


def _unet_params(unet: dict[str, Any]) -> dict[str, Any]:
    widths, heads = unet["block_out_channels"], unet["attention_head_dim"]
    equal = len(set(heads)) == 1
    linear = {"use_linear_in_transformer": True} if unet["use_linear_projection"] else {}
    kinds = enumerate(unet["down_block_types"])
    return {
        "image_size": unet["sample_size"],
        "in_channels": unet["in_channels"],
        "out_channels": unet["out_channels"],
        "model_channels": widths[0],
        "attention_resolutions": [2**level for level, kind in kinds if kind.startswith("Cross")],
        "num_res_blocks": unet["layers_per_block"],
        "channel_mult": [width // widths[0] for width in widths],
        **({"num_heads": heads[0]} if equal else {"num_head_channels": widths[0] // heads[0]}),
        "use_spatial_transformer": True,
        **linear,
        "transformer_depth": unet["transformer_layers_per_block"],
        "context_dim": unet["cross_attention_dim"],
        "use_checkpoint": True,
        "legacy": False,
    }


def _unet_config(unet: Unet, sample_size: int, text: TextKind) -> dict[str, Any]:
    widths = [unet.model_channels * multiple for multiple in unet.channel_mult]
    attends = [2**level in unet.attention_resolutions for level in range(len(widths))]
    channels = unet.num_head_channels
    return complete_unet({
        "sample_size": sample_size,
        "in_channels": unet.in_channels,
        "out_channels": unet.out_channels,
        "block_out_channels": widths,
        "down_block_types": ["CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attends],
        "up_block_types": ["CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attends)],
        "layers_per_block": unet.num_res_blocks,
        "attention_head_dim": [w // channels for w in widths] if channels > 0 else unet.num_heads,
        "use_linear_projection": unet.use_linear_in_transformer,
        "transformer_layers_per_block": unet.transformer_depth,
        "cross_attention_dim": unet.context_dim,
        # OpenCLIP's embeddings overflow half precision in the attention; otherwise it has no
        # effect.
        "upcast_attention": text is TextKind.OPENCLIP,
    })  # fmt: skip


def _vae_params(vae: dict[str, Any]) -> dict[str, Any]:
    widths = vae["block_out_channels"]
    ddconfig = {
        "double_z": True,
        "z_channels": vae["latent_channels"],
        "resolution": vae["sample_size"],
        "in_channels": vae["in_channels"],
        "out_ch": vae["out_channels"],
        "ch": widths[0],
        "ch_mult": [width // widths[0] for width in widths],
        "num_res_blocks": vae["layers_per_block"],
        "attn_resolutions": [],
        "dropout": 0.0,
    }
    return {
        "embed_dim": vae["latent_channels"],
        "monitor": "val/rec_loss",
        "ddconfig": ddconfig,
        "lossconfig": {"target": "torch.nn.Identity"},
    }


def _vae_config(config: Coder, scale: float) -> dict[str, Any]:
    levels = len(config.ch_mult)
    return complete_vae({
        "in_channels": config.in_channels,
        "out_channels": config.out_ch,
        "block_out_channels": [config.ch * multiple for multiple in config.ch_mult],
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "layers_per_block": config.num_res_blocks,
        "latent_channels": config.z_channels,
        "sample_size": config.resolution,
        "scaling_factor": scale,
    })  # fmt: skip


def _text_stage(layout: Layout) -> dict[str, Any]:
    if layout.text is TextKind.CLIP:
        return _entry(_EMBEDDERS[layout.text])
    layer = "penultimate" if layout.skips_last_layer else "last"
    return _entry(_EMBEDDERS[layout.text], {"freeze": True, "layer": layer})


def _complete(kind: type, config: dict[str, Any]) -> dict[str, Any]:
    """Every constructor argument of a diffusers class, with tuples as lists, as in JSON."""
    result = _defaults(kind) | {k: v for k, v in config.items() if k in _defaults(kind)}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in result.items()}


@cache
def _defaults(kind: type) -> dict[str, Any]:
    parameters = inspect.signature(kind).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters}


def _single_value(value: Any) -> Any:
    """A list of equal values as one value; anything else unchanged."""
    if isinstance(value, list) and value and all(item == value[0] for item in value):
        return value[0]
    return value
