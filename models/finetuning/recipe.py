"""The recipe of a fine-tuning run: the published Waifu Diffusion recipe, changed by a small TOML.

Every field is defined here, with its meaning, default and bounds. Called by the command; it reads
one file and must not know tensors.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from models.contract import EngineError
from models.data.tagging import CaptionPolicy
from models.decoding import Amount, Dialect, Flaw, Fraction, Meta, MisfitError, Positive, decode
from models.training.objective import Curve

_TOML = Dialect(
    unknown_field="is not a key of the recipe", object_word="a table of its own", null_word=""
)


class RecipeError(EngineError):
    """The TOML is wrong; the message names the file and the key."""


class Method(StrEnum):
    """Which weights of the UNet are trained."""

    #: All of them.
    FULL = "full"
    #: Small matrices beside the attention's (Hu et al. 2021, arXiv:2106.09685).
    LORA = "lora"


class Optimizer(StrEnum):
    """The optimizer."""

    #: AdamW (Loshchilov and Hutter 2019) with float32 moments.
    ADAMW = "adamw"
    #: The same with 8-bit moments, from the package bitsandbytes; CUDA only.
    ADAMW8BIT = "adamw8bit"


class Precision(StrEnum):
    """The networks' precision in training; trained weights are always kept in float32."""

    #: bf16 on a GPU that has it, else fp32.
    AUTO = "auto"
    #: bfloat16 copies of the UNet's weights; autocast for a text encoder, and with checkpointing.
    BF16 = "bf16"
    #: float32 everywhere.
    FP32 = "fp32"


class SavedPrecision(StrEnum):
    """The precision of the resulting weights."""

    #: Half precision, as served models have, at half the size.
    FP16 = "fp16"
    #: The training's own precision.
    FP32 = "fp32"


#: A share below 1.
Share = Annotated[float, Meta(ge=0, lt=1)]
#: A rate above 0.
Rate = Annotated[float, Meta(gt=0, le=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """The `[lora]` table; used with `method = "lora"`."""

    rank: Annotated[int, Meta(ge=1, le=1024)] = 16
    #: The matrices' product is multiplied by alpha / rank; 0 means alpha = rank.
    alpha: Amount = 0.0
    dropout: Share = 0.0
    #: Also write a whole model, with the LoRA merged into its weights.
    merge: bool = True

    @property
    def scale(self) -> float:
        """The factor on the matrices' product."""
        return (self.alpha or self.rank) / self.rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """The `[samples]` table: what is drawn after every epoch; without prompts, nothing is."""

    prompts: tuple[str, ...] = (
        "1girl, blue hair, long hair, smile, school uniform",
        "1girl, blonde hair, green eyes, cat ears, blush",
        "1boy, black hair, glasses, suit",
        "1girl, red hair, twintails, outdoors, cherry blossoms",
    )
    #: Pictures per prompt; their seeds are `seed`, `seed + 1`, ...
    count: Annotated[int, Meta(ge=1, le=16)] = 2
    seed: Annotated[int, Meta(ge=0, le=2**32 - 17)] = 0
    #: 0 takes the base's own number.
    steps: Annotated[int, Meta(ge=0, le=1000)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The whole TOML. The defaults are Waifu Diffusion's own."""

    #: The base model: a diffusers folder, a hub id or "embedded".
    base: str
    #: A folder of pictures with captions, or a manifest.
    data: str
    #: The folder of this run: states, curves, sheets, and finally the model.
    out: str
    #: The new model's name; by default the name of `out`.
    name: str = ""
    method: Method = Method.FULL
    train_text_encoder: bool = False
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0

    epochs: Positive = 4
    #: Pictures per forward pass on one GPU.
    batch: Positive = 1
    #: Forward passes per step.
    accumulate: Positive = 1
    resolution_px: Annotated[int, Meta(ge=1, le=4096)] = 512
    #: Pictures with a lower score are left out.
    min_score: float | None = None
    #: The folder for cached latents; by default inside `out`.
    cache: str = ""
    #: Also cache the captions' embeddings: no text encoder in the step, 0.1 MB a chunk.
    cache_text: bool = False
    #: A caption is read in chunks of 75 tokens; chunks beyond this number are dropped.
    chunks_max: Annotated[int, Meta(ge=1, le=10)] = 3
    #: The share of mirrored pictures; it harms asymmetric content, such as text.
    flip: Fraction = 0.0
    #: 1 reads the text encoder's last layer, 2 the one before; 0 takes the base card's.
    clip_skip: Annotated[int, Meta(ge=0, le=12)] = 0

    optimizer: Optimizer = Optimizer.ADAMW
    lr: Rate = 5.0e-6
    lr_curve: Curve = Curve.COSINE
    #: The share of all steps over which the learning rate rises.
    warmup: Share = 0.05
    beta1: Share = 0.9
    beta2: Share = 0.999
    eps: Rate = 1e-8
    weight_decay: Fraction = 1e-2
    #: Gradients with a larger norm are scaled down to it; 0 leaves them.
    clip_norm: Amount = 1.0

    ema: bool = True
    ema_decay: Share = 0.9999
    #: Keep the average in main memory: 4 bytes a weight less on the GPU, but slower steps.
    ema_on_cpu: bool = False
    #: The gamma of min-SNR weighting; 0 is off, 5 is its authors' choice.
    min_snr: Amount = 0.0
    #: The size of noise that is constant over a picture; 0 is off.
    noise_offset: Fraction = 0.0

    precision: Precision = Precision.AUTO
    #: Recompute the UNet's activations instead of storing them: less memory, more time.
    gradient_checkpointing: bool = False
    #: Compile the UNet (torch.compile): faster steps after slow first ones.
    compile: bool = False

    #: Steps between saved states; every epoch saves one too.
    save_every: Positive = 500
    saved_as: SavedPrecision = SavedPrecision.FP16
    #: Stop when the loss of the last 20 steps is this many times its usual; 0 never stops.
    spike: Amount = 5.0
    #: Also write curves for TensorBoard; needs the package.
    tensorboard: bool = False

    captions: CaptionPolicy = field(default_factory=CaptionPolicy)
    lora: Lora = field(default_factory=Lora)
    samples: Samples = field(default_factory=Samples)

    def __post_init__(self) -> None:
        for name in ("base", "data", "out"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} is empty; the folder you are in is called .")
        for name in ("data", "out", "cache"):
            # Expand ~ as a shell would.
            if getattr(self, name).startswith("~"):
                object.__setattr__(self, name, _expand_home(name, getattr(self, name)))
        if self.cache_text and self.train_text_encoder:
            raise ValueError("cache_text needs a text encoder that is not trained")
        if self.cache_text and not self.captions.has_fixed_text:
            raise ValueError(
                "cache_text needs captions that stay the same: order as_is and no tag_dropout"
            )

    @property
    def cache_folder(self) -> Path:
        """The folder for cached latents and embeddings."""
        return Path(self.cache) if self.cache else Path(self.out) / "latents"

    @property
    def title(self) -> str:
        """The new model's name."""
        return self.name or Path(self.out).resolve().name

    @property
    def as_json(self) -> dict[str, Any]:
        """The recipe as plain values, for saved states."""
        return json.loads(json.dumps(asdict(self), default=str))


def _expand_home(name: str, path: str) -> str:
    try:
        return str(Path(path).expanduser())
    except RuntimeError:
        raise ValueError(f"{name} must be a folder: nobody's home is {path!r}") from None


def read(path: Path) -> Recipe:
    """Read a recipe from a TOML file. RecipeError names what is wrong with it."""
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))  # Some editors write a byte order mark.
    except OSError as fault:
        raise RecipeError(f"{path} cannot be read: {fault.strerror}.") from fault
    except (ValueError, RecursionError) as fault:
        raise RecipeError(f"{path} is not TOML: {fault}") from fault
    return parse(data, str(path))


def parse(data: object, source: str) -> Recipe:
    """Make a recipe from decoded TOML; `source` begins every complaint."""
    try:
        return decode(Recipe, data, _TOML)
    except MisfitError as fault:
        raise RecipeError(f"{source}: {_first_flaw(fault.flaws)}") from fault


def _first_flaw(flaws: Sequence[Flaw]) -> str:
    """The first flaw; a misspelt key comes before the key that is missing because of it."""
    misspelt = next((flaw for flaw in flaws if flaw.known), None)
    if misspelt is None:
        return flaws[0].sentence
    (near,) = difflib.get_close_matches(misspelt.path, misspelt.known, n=1, cutoff=0.0)
    return f"{misspelt.sentence.removesuffix('.')}; the nearest is {near}."
