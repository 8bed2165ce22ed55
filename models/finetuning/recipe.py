"""What a fine-tuning run is told: the published Waifu Diffusion recipe, changed by a small TOML.

Every field has a meaning, a default and bounds, and they all stand here. Called by the command;
it reads one file and must not know tensors.
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

_TOML = Dialect(stranger="is not a key of the recipe", table="a table of its own", nothing="")


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


#: A share that is never the whole.
Part = Annotated[float, Meta(ge=0, lt=1)]
#: A rate that is never nothing.
Rate = Annotated[float, Meta(gt=0, le=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """The `[lora]` table; it counts where `method = "lora"`."""

    rank: Annotated[int, Meta(ge=1, le=1024)] = 16
    #: The matrices' product is multiplied by alpha / rank; 0 means alpha = rank.
    alpha: Amount = 0.0
    dropout: Part = 0.0
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
    count: Annotated[int, Meta(ge=1, le=16)] = 2
    seed: Annotated[int, Meta(ge=0, le=2**32 - 17)] = 0
    #: 0 takes the base's own number.
    steps: Annotated[int, Meta(ge=0, le=1000)] = 0


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
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0

    epochs: Positive = 4
    #: Pictures of one forward pass on one GPU.
    batch: Positive = 1
    #: Forward passes of one step.
    accumulate: Positive = 1
    resolution_px: Annotated[int, Meta(ge=1, le=4096)] = 512
    #: Pictures of a lower score are left out.
    min_score: float | None = None
    #: Where latents are kept; a folder inside `out` where it is left out.
    cache: str = ""
    #: Keep the captions' embeddings there too: no text encoder in the step, 0.1 MB a chunk.
    cache_text: bool = False
    #: A caption is read in chunks of 75 tokens; what is beyond so many chunks is cut.
    chunks_max: Annotated[int, Meta(ge=1, le=10)] = 3
    #: The share of pictures that are shown mirrored; it harms what is not symmetric, such as text.
    flip: Fraction = 0.0
    #: 1 reads the text encoder's last layer, 2 the one before; 0 as the base's card says.
    clip_skip: Annotated[int, Meta(ge=0, le=12)] = 0

    optimizer: Optimizer = Optimizer.ADAMW
    lr: Rate = 5.0e-6
    lr_curve: Curve = Curve.COSINE
    #: The share of all steps over which the learning rate rises.
    warmup: Part = 0.05
    beta1: Part = 0.9
    beta2: Part = 0.999
    eps: Rate = 1e-8
    weight_decay: Fraction = 1e-2
    #: Gradients of a larger norm are scaled down to it; 0 leaves them.
    clip_norm: Amount = 1.0

    ema: bool = True
    ema_decay: Part = 0.9999
    #: Keep the average in main memory: 4 bytes a weight less on the GPU, a slower step.
    ema_on_cpu: bool = False
    #: The gamma of min-SNR weighting; 0 is off, 5 is its authors' choice.
    min_snr: Amount = 0.0
    #: Noise of this size that is the same all over a picture; 0 is off.
    noise_offset: Fraction = 0.0

    precision: Precision = Precision.AUTO
    #: Calculate the UNet's activations twice instead of keeping them: less memory, more time.
    gradient_checkpointing: bool = False
    #: Compile the UNet (torch.compile): quicker steps after slow first ones.
    compile: bool = False

    #: Steps between saved states; one is saved after every epoch too.
    save_every: Positive = 500
    saved_as: Saved = Saved.FP16
    #: Stop when the loss of the last 20 steps is this many times its usual; 0 never does.
    spike: Amount = 5.0
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
                object.__setattr__(self, name, _at_home(name, getattr(self, name)))
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


def _at_home(name: str, path: str) -> str:
    try:
        return str(Path(path).expanduser())
    except RuntimeError:
        raise ValueError(f"{name} must be a folder: nobody's home is {path!r}") from None


def read(path: Path) -> Recipe:
    """The recipe in a TOML file. RecipeError names what is wrong with it."""
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))  # Some editors begin with a mark.
    except OSError as fault:
        raise RecipeError(f"{path} cannot be read: {fault.strerror}.") from fault
    except (ValueError, RecursionError) as fault:
        raise RecipeError(f"{path} is not TOML: {fault}") from fault
    return parse(data, str(path))


def parse(data: object, source: str) -> Recipe:
    """The recipe in decoded TOML; `source` begins every complaint."""
    try:
        return decode(Recipe, data, _TOML)
    except MisfitError as fault:
        raise RecipeError(f"{source}: {_told(fault.flaws)}") from fault


def _told(flaws: Sequence[Flaw]) -> str:
    """The first flaw; a misspelt key before the one that is missing for it."""
    misspelt = next((flaw for flaw in flaws if flaw.known), None)
    if misspelt is None:
        return flaws[0].sentence
    (near,) = difflib.get_close_matches(misspelt.path, misspelt.known, n=1, cutoff=0.0)
    return f"{misspelt.sentence.removesuffix('.')}; the nearest is {near}."
