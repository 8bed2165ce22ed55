"""What a run hands over: a diffusers folder with its card and licence, or a LoRA file with both.

The folder is written under another name and renamed when it is whole. Called when a training has
ended. It must not know how the weights were trained.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from models.catalogue.adoption import BUNDLED_LICENCE, identifier, read_config
from models.catalogue.card import UNKNOWN, Card
from models.catalogue.registry import file_sha256, seal
from models.checkpoint.files import published, write_part
from models.contract import EngineError
from models.engine.loader import Components, load
from models.finetuning.recipe import Method, Recipe, RecipeError, Saved
from models.finetuning.trainee import TEXT_TARGETS, UNET_TARGETS, merged

#: The file that diffusers looks for in a LoRA's folder.
LORA_FILE = "pytorch_lora_weights.safetensors"
#: What is known of a LoRA, beside its file.
LORA_CARD = "lora.json"
README = "README.md"

#: The networks that can learn.
_NETWORKS = ("unet", "text_encoder")
INDEX = "model_index.json"
#: The parts of a pipeline that stay behind.
_CHECKER = ("safety_checker", "feature_extractor")
_DTYPES = {Saved.FP16: torch.float16, Saved.FP32: torch.float32}


def successor(recipe: Recipe, base: Card, clip_skip: int, made_by: str) -> Card:
    """The card of the model to be: the base's, with a name, a parent and a maker of its own.

    What it has learned to draw nobody knows, so its pictures are measured for it, or as the base's.
    """
    card_id = identifier(recipe.title)
    if card_id == base.id:
        raise RecipeError(f"name: {recipe.title!r} is the base's own; give the new model another.")
    return replace(
        base,
        id=card_id,
        name=recipe.title,
        parent=base.id,
        made_by=made_by,
        scores=tuple(dict.fromkeys((*UNKNOWN, *base.scores))),
        defaults=replace(base.defaults, clip_skip=clip_skip),
        files={},
    )


def write_model(recipe: Recipe, card: Card, trained: Mapping[str, Tensor], folder: Path) -> Card:
    """Write the whole model into the folder, which must not be there yet; returns its sealed card.

    `trained` are the weights by the names of `Trainee`; everything else is the base's.
    """
    base = load(recipe.base, device="cpu")

    def fill(part: Path) -> Card:
        return _fill(part, base, card, trained, recipe)

    return _whole(folder, fill)


def write_lora(recipe: Recipe, card: Card, trained: Mapping[str, Tensor], folder: Path) -> None:
    """Write the LoRA as diffusers and peft read it, with its licence and what is known of it."""
    base = load(recipe.base, device="cpu")

    def fill(part: Path) -> None:
        _save_lora(recipe, trained, part)
        licence = _licence(card, base.folder, part)
        about = {
            "schema": 1,
            "id": card.id,
            "name": card.name,
            "kind": "lora",
            "base": {"id": base.card.id, "unet_sha256": _unet_sha256(base.folder)},
            "made_by": card.made_by,
            "prediction": card.prediction.value,
            "clip_skip": card.defaults.clip_skip,
            "rank": recipe.lora.rank,
            "alpha": recipe.lora.scale * recipe.lora.rank,
            "licence": {"name": licence.licence.name, "file": licence.licence.file},
            "files": {path.name: file_sha256(path) for path in sorted(part.iterdir())},
        }
        text = json.dumps(about, indent=2, ensure_ascii=False)
        (part / LORA_CARD).write_text(text + "\n", "utf-8")

    _whole(folder, fill)


def _whole(folder: Path, fill: Callable[[Path], Any]) -> Any:
    """Let a folder be filled under another name; a fault leaves nothing behind."""
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        result = fill(part)
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)
    except SafetensorError as fault:  # A full disk, in this library's words.
        shutil.rmtree(part, ignore_errors=True)
        raise EngineError(f"{folder} cannot be written ({fault})") from fault
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return result


def _fill(
    part: Path, base: Components, card: Card, trained: Mapping[str, Tensor], recipe: Recipe
) -> Card:
    scale = recipe.lora.scale if recipe.method is Method.LORA else 1.0
    learned = {name: _of(trained, name) for name in _NETWORKS}
    changed = [name for name in _NETWORKS if learned[name]]
    _copy_rest(base.folder, part, changed)
    for name in changed:
        network: nn.Module = getattr(base, name)
        weights = merged(network.state_dict(), learned[name], scale)
        (part / name).mkdir()
        write_part(part, name, _as_saved(weights, recipe))
        shutil.copyfile(base.folder / name / "config.json", part / name / "config.json")
    licensed = _licence(card, base.folder, part)
    (part / README).write_text(_readme(licensed, recipe), "utf-8")
    return seal(licensed, part)


def _as_saved(weights: Mapping[str, Tensor], recipe: Recipe) -> dict[str, Tensor]:
    dtype = _DTYPES[recipe.saved_as]
    return {name: weight.to(dtype).contiguous() for name, weight in weights.items()}


def _of(trained: Mapping[str, Tensor], network: str) -> dict[str, Tensor]:
    """The weights of one network, by its own names."""
    prefix = network + "."
    return {n.removeprefix(prefix): w for n, w in trained.items() if n.startswith(prefix)}


def _copy_rest(base: Path, part: Path, changed: list[str]) -> None:
    """Everything of the base that stays: configs, tokenizer, autoencoder, licence.

    Not its safety checker, of which a folder from the hub has the config alone: the bot has one of
    its own, and others would not open the folder.
    """
    left = {*changed, *_CHECKER}
    for path in base.iterdir():
        if path.is_dir() and not path.name.startswith(".") and path.name not in left:
            shutil.copytree(path, part / path.name)
        elif path.name.upper().startswith("LICEN"):
            shutil.copyfile(path, part / path.name)
    index = read_config(base, INDEX)
    index |= {name: [None, None] for name in _CHECKER} | {"requires_safety_checker": False}
    (part / INDEX).write_text(json.dumps(index, indent=2) + "\n", "utf-8")


def _readme(card: Card, recipe: Recipe) -> str:
    """What is known of the model, for people; the base's own README would not be true of it."""
    way = f"a LoRA of rank {recipe.lora.rank}, merged" if recipe.method is Method.LORA else "all"
    learned = "the UNet and the text encoder" if recipe.train_text_encoder else "the UNet"
    return f"""# {card.name}

A text-to-image model: `{card.parent}` trained further.

- **What learned:** {learned} ({way}), the rest is the base's.
- **How:** {recipe.epochs:g} epochs at a learning rate of {recipe.lr:g},
  {recipe.optimizer.value}, seed {recipe.seed}; `{card.made_by}`.
- **On what:** say here which pictures these were, before you pass the model on. What the base's
  own README says of its pictures and figures is not true of this model.
- **Licence:** {card.licence.name} (`{card.licence.file}`), which whoever passes the model on
  must pass on with it.
"""


def _licence(card: Card, base: Path, part: Path) -> Card:
    """Put the licence's file into the folder, the bundled text where the base has none."""
    if card.licence.file is not None:
        (part / card.licence.file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(base / card.licence.file, part / card.licence.file)
        return card
    shutil.copyfile(BUNDLED_LICENCE, part / "LICENSE.md")
    return replace(card, licence=replace(card.licence, file="LICENSE.md"))


def _save_lora(recipe: Recipe, trained: Mapping[str, Tensor], part: Path) -> None:
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import (
        StableDiffusionPipeline,
    )

    layers: dict[str, dict[str, Any]] = {
        name: {
            key.replace(".default.", "."): value
            for key, value in _as_saved(_of(trained, name), recipe).items()
        }
        for name in _NETWORKS
    }
    words = {published(key): value for key, value in layers["text_encoder"].items()}
    StableDiffusionPipeline.save_lora_weights(
        part,
        unet_lora_layers=layers["unet"],
        text_encoder_lora_layers=words,
        weight_name=LORA_FILE,
        unet_lora_adapter_metadata=_adapter(recipe, UNET_TARGETS),
        text_encoder_lora_adapter_metadata=_adapter(recipe, TEXT_TARGETS),
    )


def _adapter(recipe: Recipe, targets: tuple[str, ...]) -> dict[str, object]:
    """What peft must know to build the matrices again; the empty ones are for older diffusers."""
    alpha = recipe.lora.scale * recipe.lora.rank
    patterns: dict[str, object] = {"rank_pattern": {}, "alpha_pattern": {}}
    return {"r": recipe.lora.rank, "lora_alpha": alpha, "target_modules": list(targets)} | patterns


def _unet_sha256(base: Path) -> str:
    path = base / "unet" / "diffusion_pytorch_model.safetensors"
    return file_sha256(path) if path.exists() else ""
