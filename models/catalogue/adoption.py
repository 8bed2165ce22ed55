"""A card for a diffusers folder that has none, such as `hakurei/waifu-diffusion`.

Everything comes from the folder's own configs: sizes from the UNet and the autoencoder, the
prediction type from the schedule. `MARKS` says which families can be drawn with at all, and
`family_of` of which of them a folder is. Torch-free; called by `registry`, `hub` and `loader`. It
must not load weights.
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

#: What is asked for where a folder brings no licence file.
BUNDLED_LICENCE = Path(__file__).parent / "licences" / "creativeml-openrail-m.md"

_LICENCE_FILES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "LICENCE.md", "LICENCE.txt")
#: Where an operator may have put a list of the words that the model knows.
_TAGS_FILES = ("tags.json", "tags.csv")
#: The least short side, in pixels, of a picture that is handed over.
_SHORT_SIDE_PX = 512
#: What the Waifu Diffusion community puts into every negative prompt, in short.
_NEGATIVE = "lowres, bad anatomy, bad hands, worst quality, low quality, jpeg artifacts, blurry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What a family's folders are known by; `models.engine.families` says how they are drawn with.

    Families of one `pipeline` and `addition` are told apart by `width`, and a width that none of
    them has belongs to the first: a small model of somebody's own.
    """

    #: What people call the family.
    label: str
    #: `_class_name` in model_index.json.
    pipeline: str
    #: `addition_embed_type` in unet/config.json: what the UNet wants to be told beside the tokens.
    addition: str | None = None
    #: `cross_attention_dim` in unet/config.json, of the models that were published.
    width: int
    #: The folders of its text encoders, in the order in which they are read, and transformers'
    #: class of each.
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
    """A card from the folder's configs; CardError names the config that is missing or unfit.

    `name` is what the model is called by (a hub id); the folder's own name otherwise.
    """
    family_of(folder, name)
    name = name or folder.resolve().name
    return Card(
        id=identifier(name),
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
    """The key in `MARKS` of the family that the folder is of; CardError if it is of none.

    Asked before anything else of the folder is read: a model of another family lacks our configs
    and would be called broken.
    """
    model = name or str(folder)
    known = " or ".join(marks.label for marks in MARKS.values())
    pipeline = read_config(folder, "model_index.json").get("_class_name")
    found = [family for family, marks in MARKS.items() if marks.pipeline == pipeline]
    if not found:
        pipelines = " or a ".join(dict.fromkeys(marks.pipeline for marks in MARKS.values()))
        raise CardError(
            f"{model} is a {pipeline or 'pipeline without a name'}; "
            f"only a {pipelines} ({known}) will do."
        )
    unet = read_config(folder, "unet/config.json")
    wants = unet.get("addition_embed_type")
    found = [family for family in found if MARKS[family].addition == wants]
    if not found:
        other = "the SDXL family" if wants == "text_time" else "another family"
        raise CardError(
            f"{model} is of {other} (its UNet has addition_embed_type {wants}); "
            f"only {known} will do."
        )
    width = unet.get("cross_attention_dim")
    return next((family for family in found if MARKS[family].width == width), found[0])


def read_config(folder: Path, relative: str) -> dict[str, Any]:
    """One JSON config of the folder; CardError if it is missing or not an object."""
    path = folder / relative
    try:
        config = json.loads(path.read_text("utf-8"))
    except OSError as fault:
        raise CardError(
            f"{path} cannot be read ({fault.strerror}): {folder} is no complete diffusers folder."
        ) from fault
    except ValueError as fault:
        raise CardError(f"{path} is not JSON ({fault}); fetch the model again.") from fault
    if not isinstance(config, dict):
        raise CardError(f"{path} must hold a JSON object; fetch the model again.")
    return config


def pixels_per_latent(folder: Path) -> int:
    """How many pixels wide one latent cell is: the autoencoder halves once between its levels."""
    levels = read_config(folder, "vae/config.json").get("block_out_channels")
    if not isinstance(levels, list) or not levels:
        raise CardError(f"{folder}/vae/config.json has no block_out_channels.")
    return 2 ** (len(levels) - 1)


def pixel_step(folder: Path) -> int:
    """Width and height must be multiples of this many pixels, so that the UNet's halves meet."""
    levels = read_config(folder, "unet/config.json").get("block_out_channels")
    if not isinstance(levels, list) or not levels:
        raise CardError(f"{folder}/unet/config.json has no block_out_channels.")
    return pixels_per_latent(folder) * 2 ** (len(levels) - 1)


def licence_sha256(text: str) -> str:
    """The hash that tells one licence text from another."""
    return hashlib.sha256(text.encode()).hexdigest()


def identifier(name: str) -> str:
    """A card id out of a model's name: `hakurei/waifu-diffusion` -> `hakurei-waifu-diffusion`."""
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
    """Square at the UNet's own size, the two others half as long again on one side."""
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
