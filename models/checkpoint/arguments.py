"""The arguments of the original code's classes, as an inference yaml gives them.

Called by `inference_yaml`. What is left out has the original code's default; what changes no number
of an inference may say what it likes. It must not know diffusers' words for the same things.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, TypeVar

from models.checkpoint.names import TextKind
from models.contract import EngineError
from models.decoding import Dialect, Meta, MisfitError, decode

_T = TypeVar("_T")
#: What a UNet of another kind would set: value of each that Stable Diffusion 1 and 2 have.
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
#: What changes no number of an inference.
_UNET_IDLE = ("image_size", "use_checkpoint", "use_fp16", "use_bf16", "legacy", "dropout")
_UNET_PATH = "model.params.unet_config.params"
_OPEN = Dialect(table="a mapping as in v1-inference.yaml", nothing="", open=True)
#: A field of a UNet that nobody knows would make it another network.
_CLOSED = replace(_OPEN, open=False, stranger="is not of Stable Diffusion 1 or 2")

_LAYERS = "last, or penultimate for OpenCLIP"
_MULTIPLES = "a list of whole numbers that begins with 1"
#: How wide each level is, as a multiple of the first one.
Multiples = Annotated[tuple[int, ...], Meta(min_length=1, description=_MULTIPLES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unet:
    """A `UNetModel`'s, but for those that Stable Diffusion 1 and 2 leave alone."""

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
        _require_begun_with_1("channel_mult", self.channel_mult)
        if self.num_head_channels < 1 and self.num_heads < 1:
            raise ValueError("num_heads must be given, or num_head_channels.")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnetStage:
    """The class of the UNet and its arguments, which `unet_of` reads."""

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
    """The encoder's and the decoder's, called `ddconfig`."""

    z_channels: int
    resolution: int
    in_channels: int
    out_ch: int
    ch: int
    ch_mult: Multiples
    num_res_blocks: int
    attn_resolutions: Annotated[tuple[int, ...], Meta(max_length=0, description="[]")] = ()

    def __post_init__(self) -> None:
        _require_begun_with_1("ch_mult", self.ch_mult)


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoencoder:
    """An `AutoencoderKL`'s."""

    embed_dim: int
    ddconfig: Coder

    def __post_init__(self) -> None:
        latents = self.ddconfig.z_channels
        if self.embed_dim != latents:
            raise ValueError(f"embed_dim must be z_channels ({latents}), not {self.embed_dim}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoencoderStage:
    """The class of the autoencoder and its arguments."""

    target: Annotated[str, Meta(pattern=r"AutoencoderKL\Z", description="an AutoencoderKL")]
    params: Autoencoder


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedder:
    """A text encoder's."""

    layer: Annotated[Literal["last", "penultimate"], Meta(description=_LAYERS)] = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStage:
    """The class of the text encoder and its arguments."""

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
        """Whose text encoder it is."""
        openclip = self.target.endswith("FrozenOpenCLIPEmbedder")
        return TextKind.OPENCLIP if openclip else TextKind.CLIP


@dataclass(frozen=True, slots=True, kw_only=True)
class Diffusion:
    """A `LatentDiffusion`'s."""

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
    """What a whole inference yaml says. EngineError names `source` and the field."""
    return _decoded(_File, tree, source, _OPEN).model.params


def unet_of(stage: UnetStage, source: str) -> Unet:
    """What is said of the UNet. EngineError if it is not one of Stable Diffusion 1 or 2."""
    for name, value in _UNET_FIXED.items():
        if stage.params.get(name, value) != value:
            raise EngineError(
                f"{source}: {_UNET_PATH}.{name} must be {value!r} as in Stable Diffusion 1 and 2, "
                f"not {stage.params[name]!r}."
            )
    passed = {*_UNET_FIXED, *_UNET_IDLE}
    left = {name: value for name, value in stage.params.items() if name not in passed}
    return _decoded(Unet, left, source, _CLOSED, _UNET_PATH)


def _decoded(kind: type[_T], tree: object, source: str, dialect: Dialect, at: str = "") -> _T:
    try:
        return decode(kind, tree, dialect, at)
    except MisfitError as fault:
        raise EngineError(f"{source}: {fault}") from fault


def _require_begun_with_1(name: str, multiples: tuple[int, ...]) -> None:
    if multiples[0] != 1:
        raise ValueError(f"{name} must be {_MULTIPLES}, not {list(multiples)}.")
