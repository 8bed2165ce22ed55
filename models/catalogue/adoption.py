"""Makes a card for a diffusers folder that has none, such as `hakurei/waifu-diffusion`.

Everything comes from the folder's own configs: sizes from the UNet and the autoencoder, the
prediction type from the schedule. `MARKS` lists the supported families, and `family_of` recognises
a folder's. Torch-free; called by `registry`, `hub` and `loader`. Must not load weights.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.catalogue.card import UNKNOWN, Card, CardError, Defaults, Licence, Prediction, Size
from models.contract import Aspect, Limits

#: The licence for folders without a licence file.
BUNDLED_LICENCE = Path(__file__).parent / "licences" / "creativeml-openrail-m.md"

_LICENCE_FILES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "LICENCE.md", "LICENCE.txt")
#: Where an operator may have put a list of the words that the model knows.
_TAGS_FILES = ("tags.json", "tags.csv")
#: The minimum short side of a finished picture.
_SHORT_SIDE_PX = 512
#: The Waifu Diffusion community's usual negative prompt, shortened.
_NEGATIVE = "lowres, bad anatomy, bad hands, worst quality, low quality, jpeg artifacts, blurry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The marks of a model family's folder; `models.engine.families` says how to draw with it.

    `width` tells families with the same `pipeline` and `addition` apart; an unknown width belongs
    to the first: a small model of somebody's own.
    """

    #: The family's common name.
    label: str
    #: `_class_name` in model_index.json.
    pipeline: str
    #: `addition_embed_type` in unet/config.json: the UNet's extra input beside the tokens.
    addition: str | None = None
    #: `cross_attention_dim` in unet/config.json of the published models.
    width: int
    #: Its text encoders' folders in reading order, each with its transformers class.
    texts: Mapping[str, str]


MARKS: dict[str, Marks] = {
    "sd1": Marks(
        label="Stable Diffusion 1",
        pipeline="StableDiffusionPipeline",
        width=768,
        texts={"text_encoder": "CLIPTextModel"},
    ),
    "sd2": Marks(
        label="Stable Diffusion 2",
        pipeline="StableDiffusionPipeline",
        width=1024,
        texts={"text_encoder": "CLIPTextModel"},
    ),
}


def adopt(folder: Path, name: str | None = None) -> Card:
    """A card from the folder's configs; CardError names a missing or unsuitable config.

    `name` is the model's name (a hub id); by default the folder's own.
    """
    family_of(folder, name)
    name = name or folder.resolve().name
    return Card(
        id=card_id_of(name),
        name=name,
        prediction=_prediction(folder),
        sizes_px=_sizes(folder),
        defaults=Defaults(negative=_NEGATIVE),
        limits=Limits(),
        scores=UNKNOWN,
        licence=_licence(folder),
        tags=next((name for name in _TAGS_FILES if (folder / name).is_file()), None),
        made_by="read from a folder without a card",
    )


def family_of(folder: Path, name: str | None = None) -> str:
    """The key in `MARKS` of the folder's family; CardError if it belongs to none.

    Checked before anything else is read: a model of another family lacks our configs and would be
    called broken.
    """
    model = name or str(folder)
    known = " or ".join(marks.label for marks in MARKS.values())
    pipeline = read_config(folder, "model_index.json").get("_class_name")
    families = [family for family, marks in MARKS.items() if marks.pipeline == pipeline]
    if not families:
        pipelines = " or a ".join(dict.fromkeys(marks.pipeline for marks in MARKS.values()))
        raise CardError(
            f"{model} is a {pipeline or 'pipeline without a name'}; "
            f"only a {pipelines} ({known}) is supported."
        )
    unet = read_config(folder, "unet/config.json")
    addition = unet.get("addition_embed_type")
    families = [family for family in families if MARKS[family].addition == addition]
    if not families:
        other = "the SDXL family" if addition == "text_time" else "another family"
        raise CardError(
            f"{model} is of {other} (its UNet has addition_embed_type {addition}); "
            f"only {known} is supported."
        )
    width = unet.get("cross_attention_dim")
    return next((family for family in families if MARKS[family].width == width), families[0])


def read_config(folder: Path, relative: str) -> dict[str, Any]:
    """One JSON config of the folder; CardError if it is missing or not an object."""
    path = folder / relative
    try:
        config = json.loads(path.read_text("utf-8"))
    except OSError as fault:
        raise CardError(
            f"{path} cannot be read ({fault.strerror}): "
            f"{folder} is not a complete diffusers folder."
        ) from fault
    except ValueError as fault:
        raise CardError(f"{path} is not JSON ({fault}); fetch the model again.") from fault
    if not isinstance(config, dict):
        raise CardError(f"{path} must hold a JSON object; fetch the model again.")
    return config


def pixels_per_latent(folder: Path) -> int:
    """Pixels per latent cell, per side: the autoencoder halves once between its levels."""
    levels = read_config(folder, "vae/config.json").get("block_out_channels")
    if not isinstance(levels, list) or not levels:
        raise CardError(f"{folder}/vae/config.json has no block_out_channels.")
    return 2 ** (len(levels) - 1)


def pixel_step(folder: Path) -> int:
    """Width and height must be multiples of this many pixels, so that the UNet's levels fit."""
    levels = read_config(folder, "unet/config.json").get("block_out_channels")
    if not isinstance(levels, list) or not levels:
        raise CardError(f"{folder}/unet/config.json has no block_out_channels.")
    return pixels_per_latent(folder) * 2 ** (len(levels) - 1)


def licence_sha256(text: str) -> str:
    """The hash of a licence text."""
    return hashlib.sha256(text.encode()).hexdigest()


def card_id_of(name: str) -> str:
    """A card id from a model's name: `hakurei/waifu-diffusion` -> `hakurei-waifu-diffusion`."""
    plain = re.sub(r"[^a-z0-9._]+", "-", name.lower()).strip("-._")
    return plain[:64].rstrip("-._") or "model"


def _prediction(folder: Path) -> Prediction:
    config = read_config(folder, "scheduler/scheduler_config.json")
    prediction = config.get("prediction_type", Prediction.EPSILON)
    if prediction not in list(Prediction):
        raise CardError(
            f"{folder}/scheduler/scheduler_config.json: prediction_type {prediction!r} is not "
            f"supported; it must be one of {', '.join(Prediction)}."
        )
    return Prediction(prediction)


def _sizes(folder: Path) -> dict[Aspect, Size]:
    """The UNet's own size as the square; one side of the other framings is half as long again."""
    cells = read_config(folder, "unet/config.json").get("sample_size")
    if not isinstance(cells, int) or cells < 1:
        raise CardError(f"{folder}/unet/config.json: sample_size must be a whole number.")
    step = pixel_step(folder)
    short = cells * pixels_per_latent(folder)
    long = max(step, round(short * 1.5 / step) * step)
    natives = {
        Aspect.SQUARE: (short, short),
        Aspect.PORTRAIT: (short, long),
        Aspect.LANDSCAPE: (long, short),
    }
    scale = -(-_SHORT_SIDE_PX // short)
    return {
        aspect: Size(finished=(width * scale, height * scale), native=(width, height))
        for aspect, (width, height) in natives.items()
    }


def _licence(folder: Path) -> Licence:
    for file in _LICENCE_FILES:
        path = folder / file
        if path.is_file():
            text = path.read_text("utf-8", errors="replace")
            return Licence(name="the model's own licence", file=file, sha256=licence_sha256(text))
    text = BUNDLED_LICENCE.read_text("utf-8")
    return Licence(
        name="CreativeML Open RAIL-M (use restrictions)",
        file=None,
        sha256=licence_sha256(text),
        id="openrail-m",
    )
