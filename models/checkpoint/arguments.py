"""The arguments of the original code's classes, as given in an inference yaml.

Called by `inference_yaml`. Omitted arguments have the original code's defaults; those without
effect on inference may have any value. Must not know diffusers' names for the same things.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, TypeVar

from models.checkpoint.names import TextKind
from models.contract import EngineError
from models.decoding import Dialect, Meta, MisfitError, decode

_T = TypeVar("_T")
#: Arguments that other UNets set; each has this value in Stable Diffusion 1 and 2.
_UNET_FIXED: dict[str, object] = {
    "use_spatial_transformer": True,
    "dims": 2,
    "conv_resample": True,
    "resblock_updown": False,
    "use_scale_shift_norm": False,
    "num_classes": None,
    "n_embed": None,
    "adm_in_channels": None,
    "num_heads_upsample": -1,
    "disable_self_attentions": None,
    "disable_middle_self_attn": False,
}
#: Arguments without effect on inference.
_UNET_IGNORED = ("image_size", "use_checkpoint", "use_fp16", "use_bf16", "legacy", "dropout")
_UNET_PATH = "model.params.unet_config.params"
_LENIENT = Dialect(
    object_word="a mapping as in v1-inference.yaml", null_word="", ignores_unknown=True
)
#: A UNet with an unknown field would be another network.
_STRICT = replace(
    _LENIENT, ignores_unknown=False, unknown_field="is not of Stable Diffusion 1 or 2"
)

_LAYERS = "last, or penultimate for OpenCLIP"
_MULTIPLES = "a list of whole numbers that begins with 1"
#: The width of each level, as a multiple of the first one's.
Multiples = Annotated[tuple[int, ...], Meta(min_length=1, description=_MULTIPLES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unet:
    """The arguments of a `UNetModel`, without those fixed in Stable Diffusion 1 and 2."""

    in_channels: int
    out_channels: int
    model_channels: int
    channel_mult: Multiples
    attention_resolutions: Annotated[
        tuple[int, ...], Meta(min_length=1, description="a list of at least one whole number")
    ]
    num_res_blocks: int
    num_heads: int = -1
    num_head_channels: int = -1
    use_linear_in_transformer: bool = False
    transformer_depth: int = 1
    context_dim: int

    def __post_init__(self) -> None:
        _require_first_is_1("channel_mult", self.channel_mult)
        if self.num_head_channels < 1 and self.num_heads < 1:
            raise ValueError("num_heads must be given, or num_head_channels.")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnetStage:
    """The UNet's class and its arguments, which `unet_of` reads."""

    target: Annotated[
        str,
        Meta(
            pattern=r"openaimodel\.UNetModel\Z",
            description="of Stable Diffusion 1 or 2 (openaimodel.UNetModel)",
        ),
    ]
    params: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coder:
    """The arguments of the encoder and the decoder, called `ddconfig`."""

    z_channels: int
    resolution: int
    in_channels: int
    out_ch: int
    ch: int
    ch_mult: Multiples
    num_res_blocks: int
    attn_resolutions: Annotated[tuple[int, ...], Meta(max_length=0, description="[]")] = ()

    def __post_init__(self) -> None:
        _require_first_is_1("ch_mult", self.ch_mult)


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoencoder:
    """The arguments of an `AutoencoderKL`."""

    embed_dim: int
    ddconfig: Coder

    def __post_init__(self) -> None:
        latents = self.ddconfig.z_channels
        if self.embed_dim != latents:
            raise ValueError(f"embed_dim must be z_channels ({latents}), not {self.embed_dim}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoencoderStage:
    """The autoencoder's class and its arguments."""

    target: Annotated[str, Meta(pattern=r"AutoencoderKL\Z", description="an AutoencoderKL")]
    params: Autoencoder


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedder:
    """The arguments of a text encoder."""

    layer: Annotated[Literal["last", "penultimate"], Meta(description=_LAYERS)] = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStage:
    """The text encoder's class and its arguments."""

    target: Annotated[
        str,
        Meta(
            pattern=r"(\A|\.)Frozen(Open)?CLIPEmbedder\Z",
            description="FrozenCLIPEmbedder or FrozenOpenCLIPEmbedder",
        ),
    ]
    params: Embedder = field(default_factory=Embedder)

    def __post_init__(self) -> None:
        if self.kind is TextKind.CLIP and self.params.layer != "last":
            raise ValueError(f"params.layer must be {_LAYERS}, not {self.params.layer!r}.")

    @property
    def kind(self) -> TextKind:
        """The kind of text encoder."""
        openclip = self.target.endswith("FrozenOpenCLIPEmbedder")
        return TextKind.OPENCLIP if openclip else TextKind.CLIP


@dataclass(frozen=True, slots=True, kw_only=True)
class Diffusion:
    """The arguments of a `LatentDiffusion`."""

    parameterization: Annotated[Literal["eps", "v"], Meta(description="eps or v")] = "eps"
    beta_schedule: Literal["linear"] = "linear"
    linear_start: float = 1e-4
    linear_end: float = 2e-2
    timesteps: int = 1000
    image_size: int = 64
    scale_factor: float = 1.0
    unet_config: UnetStage
    first_stage_config: AutoencoderStage
    cond_stage_config: TextStage


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    params: Diffusion


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    model: _Model


def diffusion_of(tree: object, source: str) -> Diffusion:
    """Parse a whole inference yaml. EngineError names `source` and the field."""
    return _decode(_File, tree, source, _LENIENT).model.params


def unet_of(stage: UnetStage, source: str) -> Unet:
    """Parse the UNet's part. EngineError if it is not from Stable Diffusion 1 or 2."""
    for name, value in _UNET_FIXED.items():
        if stage.params.get(name, value) != value:
            raise EngineError(
                f"{source}: {_UNET_PATH}.{name} must be {value!r} as in Stable Diffusion 1 and 2, "
                f"not {stage.params[name]!r}."
            )
    ignored = {*_UNET_FIXED, *_UNET_IGNORED}
    rest = {name: value for name, value in stage.params.items() if name not in ignored}
    return _decode(Unet, rest, source, _STRICT, _UNET_PATH)


def _decode(kind: type[_T], tree: object, source: str, dialect: Dialect, path: str = "") -> _T:
    try:
        return decode(kind, tree, dialect, path)
    except MisfitError as fault:
        raise EngineError(f"{source}: {fault}") from fault


def _require_first_is_1(name: str, multiples: tuple[int, ...]) -> None:
    if multiples[0] != 1:
        raise ValueError(f"{name} must be {_MULTIPLES}, not {list(multiples)}.")
