"""A card for a diffusers folder that has none, such as `hakurei/waifu-diffusion`.

Everything comes from the folder's own configs: sizes from the UNet and the autoencoder, the
prediction type from the schedule. `require_family` says which folders can be drawn with at all.
Torch-free; called by `registry`, `hub` and `loader`. It must not load weights.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from models.catalogue.card import Card, CardError, Defaults, Licence, Prediction, Score, Size
from models.contract import Aspect, Limits

#: What is asked for where a folder brings no licence file.
BUNDLED_LICENCE = Path(__file__).parent / "licences" / "creativeml-openrail-m.md"

_PIPELINE = "StableDiffusionPipeline"
_LICENCE_FILES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "LICENCE.md", "LICENCE.txt")
#: The least short side, in pixels, of a picture that is handed over.
_SHORT_SIDE_PX = 512
#: What the Waifu Diffusion community puts into every negative prompt, in short.
_NEGATIVE = "lowres, bad anatomy, bad hands, worst quality, low quality, jpeg artifacts, blurry"


def adopt(folder: Path, name: str | None = None) -> Card:
    """A card from the folder's configs; CardError names the config that is missing or unfit.

    `name` is what the model is called by (a hub id); the folder's own name otherwise.
    """
    require_family(folder, name)
    name = name or folder.resolve().name
    return Card(
        id=identifier(name),
        name=name,
        prediction=_prediction(folder),
        sizes_px=_sizes(folder),
        defaults=Defaults(negative=_NEGATIVE),
        limits=Limits(),
        # Nothing is known of what such a model draws, so the most is asked for.
        scores=(Score.BLANK, Score.NUDITY),
        licence=_licence(folder),
        made_by="read from a folder without a card",
    )


def require_family(folder: Path, name: str | None = None) -> None:
    """CardError for a model that is whole, but not of Stable Diffusion's shape.

    Asked before anything else of the folder is read: a model of another family lacks our configs
    and would be called broken.
    """
    model = name or str(folder)
    kind = read_config(folder, "model_index.json").get("_class_name")
    if kind != _PIPELINE:
        kind = kind or "pipeline without a name"
        raise CardError(f"{model} is a {kind}; only a {_PIPELINE} (Stable Diffusion 1, 2) will do.")
    wants = read_config(folder, "unet/config.json").get("addition_embed_type")
    if wants is not None:
        family = "the SDXL family" if wants == "text_time" else "another family"
        raise CardError(
            f"{model} is of {family} (its UNet has addition_embed_type {wants}); "
            "only Stable Diffusion 1 and 2 will do."
        )


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
        name="CreativeML Open RAIL-M (use restrictions)", file=None, sha256=licence_sha256(text)
    )
