"""What a fine-tuning run is told: the published Waifu Diffusion recipe, changed by a small TOML.

Every field has a meaning, a default and bounds, and they all stand here. Called by the command;
it reads one file and must not know tensors.
"""

from __future__ import annotations

import difflib
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from models.contract import EngineError
from models.data.tagging import CaptionPolicy
from models.training.objective import Curve

_T = TypeVar("_T")


class RecipeError(EngineError):
    """The TOML cannot be followed; the message names the file and the key."""


class Method(StrEnum):
    """Which weights of the UNet learn."""

    #: All of them.
    FULL = "full"
    #: Small matrices beside the attention's (Hu et al. 2021, arXiv:2106.09685).
    LORA = "lora"


class Optimizer(StrEnum):
    """What takes the steps."""

    #: AdamW (Loshchilov and Hutter 2019) with float32 moments.
    ADAMW = "adamw"
    #: The same with 8-bit moments, from the package bitsandbytes; CUDA only.
    ADAMW8BIT = "adamw8bit"


class Precision(StrEnum):
    """What the networks calculate in; the weights that learn are always kept in float32."""

    #: bf16 on a GPU that has it, else fp32.
    AUTO = "auto"
    #: bfloat16 copies of the UNet's weights; autocast for a text encoder, and with checkpointing.
    BF16 = "bf16"
    #: float32 everywhere.
    FP32 = "fp32"


class Saved(StrEnum):
    """The precision of the weights that are handed over."""

    #: Half: what models are served with, at half the size.
    FP16 = "fp16"
    #: The training's own.
    FP32 = "fp32"


def _within(default: Any, least: float, most: float = math.inf, **kind: bool) -> Any:
    """A number's default and bounds; `above=True` leaves out the lower one, `below` the upper."""
    return field(default=default, metadata={"least": least, "most": most, **kind})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """The `[lora]` table; it counts where `method = "lora"`."""

    rank: int = _within(16, 1, 1024)
    #: The matrices' product is multiplied by alpha / rank; 0 means alpha = rank.
    alpha: float = _within(0.0, 0)
    dropout: float = _within(0.0, 0, 1, below=True)
    #: Write a whole model too, with the LoRA in its weights.
    merge: bool = True

    @property
    def scale(self) -> float:
        """What the matrices' product is multiplied by."""
        return (self.alpha or self.rank) / self.rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """The `[samples]` table: what is drawn after every epoch; no prompts, no sheet."""

    prompts: tuple[str, ...] = (
        "1girl, blue hair, long hair, smile, school uniform",
        "1girl, blonde hair, green eyes, cat ears, blush",
        "1boy, black hair, glasses, suit",
        "1girl, red hair, twintails, outdoors, cherry blossoms",
    )
    #: Pictures of each prompt; their seeds are `seed`, `seed + 1`, ...
    count: int = _within(2, 1, 16)
    seed: int = _within(0, 0, 2**32 - 17)
    #: 0 takes the base's own number.
    steps: int = _within(0, 0, 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The whole TOML. The defaults are Waifu Diffusion's own."""

    #: The model to begin with: a diffusers folder, a hub id or "embedded".
    base: str
    #: A folder of pictures with captions, or a manifest.
    data: str
    #: The folder of this run: states, curves, sheets, and the model in the end.
    out: str
    #: What the new model is called; the name of `out` where it is left out.
    name: str = ""
    method: Method = Method.FULL
    train_text_encoder: bool = False
    seed: int = _within(0, 0, 2**63 - 1)

    epochs: int = _within(4, 1)
    #: Pictures of one forward pass on one GPU.
    batch: int = _within(1, 1)
    #: Forward passes of one step.
    accumulate: int = _within(1, 1)
    resolution_px: int = _within(512, 1, 4096)
    #: Pictures of a lower score are left out.
    min_score: float | None = None
    #: Where latents are kept; a folder inside `out` where it is left out.
    cache: str = ""
    #: Keep the captions' embeddings there too: no text encoder in the step, 0.1 MB a chunk.
    cache_text: bool = False
    #: A caption is read in chunks of 75 tokens; what is beyond so many chunks is cut.
    chunks_max: int = _within(3, 1, 10)
    #: The share of pictures that are shown mirrored; it harms what is not symmetric, such as text.
    flip: float = _within(0.0, 0, 1)
    #: 1 reads the text encoder's last layer, 2 the one before; 0 as the base's card says.
    clip_skip: int = _within(0, 0, 12)

    optimizer: Optimizer = Optimizer.ADAMW
    lr: float = _within(5.0e-6, 0, 1, above=True)
    lr_curve: Curve = Curve.COSINE
    #: The share of all steps over which the learning rate rises.
    warmup: float = _within(0.05, 0, 1, below=True)
    beta1: float = _within(0.9, 0, 1, below=True)
    beta2: float = _within(0.999, 0, 1, below=True)
    eps: float = _within(1e-8, 0, 1, above=True)
    weight_decay: float = _within(1e-2, 0, 1)
    #: Gradients of a larger norm are scaled down to it; 0 leaves them.
    clip_norm: float = _within(1.0, 0)

    ema: bool = True
    ema_decay: float = _within(0.9999, 0, 1, below=True)
    #: Keep the average in main memory: 4 bytes a weight less on the GPU, a slower step.
    ema_on_cpu: bool = False
    #: The gamma of min-SNR weighting; 0 is off, 5 is its authors' choice.
    min_snr: float = _within(0.0, 0)
    #: Noise of this size that is the same all over a picture; 0 is off.
    noise_offset: float = _within(0.0, 0, 1)

    precision: Precision = Precision.AUTO
    #: Calculate the UNet's activations twice instead of keeping them: less memory, more time.
    gradient_checkpointing: bool = False
    #: Compile the UNet (torch.compile): quicker steps after slow first ones.
    compile: bool = False

    #: Steps between saved states; one is saved after every epoch too.
    save_every: int = _within(500, 1)
    saved_as: Saved = Saved.FP16
    #: Stop when the loss of the last 20 steps is this many times its usual; 0 never does.
    spike: float = _within(5.0, 0)
    #: Write curves for TensorBoard too; needs the package.
    tensorboard: bool = False

    captions: CaptionPolicy = field(default_factory=CaptionPolicy)
    lora: Lora = field(default_factory=Lora)
    samples: Samples = field(default_factory=Samples)

    def __post_init__(self) -> None:
        for name in ("base", "data", "out"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} is empty; the folder you are in is called .")
        for name in ("data", "out", "cache"):
            # As a shell would: nobody wants a folder called ~.
            if getattr(self, name).startswith("~"):
                object.__setattr__(self, name, str(Path(getattr(self, name)).expanduser()))
        if self.cache_text and self.train_text_encoder:
            raise ValueError("cache_text needs a text encoder that is not trained")
        if self.cache_text and not self.captions.steady:
            raise ValueError(
                "cache_text needs captions that stay the same: order as_is and no tag_dropout"
            )

    @property
    def kept(self) -> Path:
        """Where latents and embeddings are kept."""
        return Path(self.cache) if self.cache else Path(self.out) / "latents"

    @property
    def title(self) -> str:
        """What the new model is called."""
        return self.name or Path(self.out).resolve().name

    @property
    def as_json(self) -> dict[str, Any]:
        """The recipe as plain values, for the saved states."""
        return json.loads(json.dumps(asdict(self), default=str))


def read(path: Path) -> Recipe:
    """The recipe in a TOML file. RecipeError names what is wrong with it."""
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))  # Some editors begin with a mark.
    except OSError as fault:
        raise RecipeError(f"{path} cannot be read: {fault.strerror}.") from fault
    except ValueError as fault:
        raise RecipeError(f"{path} is not TOML: {fault}") from fault
    return parse(Recipe, data, str(path))


def parse(kind: type[_T], data: Mapping[str, Any], source: str, table: str = "") -> _T:
    """A frozen dataclass out of a TOML table; `source` begins every complaint.

    RecipeError for a key it has not, a value of another type or beyond its bounds, and for a key
    without a default that is missing.
    """
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key not in known:
            raise RecipeError(f"{source}: {_unknown(table + key, [table + n for n in known])}")
        values[key] = _value(hints[key], value, f"{source}: {table}{key}")
        _require_within(known[key], values[key], f"{source}: {table}{key}")
    for name, f in known.items():
        if f.default is MISSING and f.default_factory is MISSING and name not in values:
            raise RecipeError(f"{source}: {table}{name} is missing.")
    try:
        return kind(**values)
    except ValueError as fault:
        raise RecipeError(f"{source}: {table.rstrip('.') or 'the recipe'}: {fault}") from fault


def _unknown(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
    return f"{key} is not a key of the recipe; the nearest is {near[0]}."


def _value(kind: Any, value: Any, where: str) -> Any:
    """The value as the field's type. RecipeError if it is of another."""
    if is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(value, dict):
            raise RecipeError(f"{where} must be a table of its own, not {value!r}.")
        source, _, table = where.rpartition(": ")
        return parse(kind, value, source, table + ".")
    if get_origin(kind) is UnionType:
        (kind,) = (option for option in get_args(kind) if option is not NoneType)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise RecipeError(f"{where} must be a list, not {value!r}.")
        return tuple(_value(get_args(kind)[0], item, where) for item in value)
    return _plain(kind, value, where)


def _plain(kind: Any, value: Any, where: str) -> Any:
    """A choice, a truth value, a number or a text."""
    if issubclass(kind, StrEnum):
        if value not in list(kind):
            near = difflib.get_close_matches(str(value), list(kind), n=1, cutoff=0.0)
            choices = ", ".join(kind)
            raise RecipeError(f"{where} must be one of {choices}; {near[0]} is nearest {value!r}.")
        return kind(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind or (kind is float and not math.isfinite(value)):
        words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
        raise RecipeError(f"{where} must be {words[kind]}, not {value!r}.")
    return value


def _require_within(known: Field[Any], value: Any, where: str) -> None:
    """RecipeError if a number is beyond the bounds of its field."""
    if "least" not in known.metadata:
        return
    least, most = known.metadata["least"], known.metadata["most"]
    above, below = known.metadata.get("above"), known.metadata.get("below")
    low = value > least if above else value >= least
    high = value < most if below else value <= most
    if not (low and high):
        first = f"above {least}" if above else f"at least {least}"
        last = "" if most == math.inf else f" and {'below' if below else 'at most'} {most}"
        raise RecipeError(f"{where} must be {first}{last}, not {value!r}.")
