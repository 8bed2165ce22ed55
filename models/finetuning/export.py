"""The result of a run: a diffusers folder with its card and licence, or a LoRA file with both.

The folder is written under another name and renamed once complete. Called when a training has
ended. Must not know how the weights were trained.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.catalogue.adoption import card_id_of
from models.catalogue.card import UNKNOWN, Card
from models.catalogue.registry import file_sha256
from models.checkpoint.files import published_name
from models.data.lexicon import book_after_training
from models.engine.loader import Components, load
from models.finetuning.recipe import Method, Recipe, RecipeError, SavedPrecision
from models.training.handover import copy_licence, write_model_files, write_whole
from models.training.lora import TEXT_TARGETS, UNET_TARGETS, merged

#: The file name that diffusers expects in a LoRA's folder.
LORA_FILE = "pytorch_lora_weights.safetensors"
#: A LoRA's description, beside its file.
LORA_CARD = "lora.json"

#: The networks that can be trained.
_NETWORKS = ("unet", "text_encoder")
_DTYPES = {SavedPrecision.FP16: torch.float16, SavedPrecision.FP32: torch.float32}


def successor(recipe: Recipe, base: Card, clip_skip: int, made_by: str) -> Card:
    """The new model's card: the base's, with its own name, parent and maker.

    Nobody knows what it has learned to draw, so its pictures get every score of an unknown model
    and of the base.
    """
    card_id = card_id_of(recipe.title)
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
        verdict=None,
        files={},
    )


def write_model(recipe: Recipe, card: Card, trained: Mapping[str, Tensor], folder: Path) -> Card:
    """Write the whole model into the folder, which must not exist yet; return its sealed card.

    `trained` holds the weights by the names of `Trainee`; everything else is the base's.
    """
    base = load(recipe.base, device="cpu")

    def write_files(part: Path) -> Card:
        return _fill_model_folder(part, base, card, trained, recipe)

    return write_whole(folder, write_files)


def write_lora(recipe: Recipe, card: Card, trained: Mapping[str, Tensor], folder: Path) -> None:
    """Write the LoRA in the format of diffusers and peft, with its licence and description."""
    base = load(recipe.base, device="cpu")

    def write_files(part: Path) -> None:
        _save_lora(recipe, trained, part)
        complete_card = copy_licence(card, base.folder, part)
        description = {
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
            "licence": {"name": complete_card.licence.name, "file": complete_card.licence.file},
            "files": {path.name: file_sha256(path) for path in sorted(part.iterdir())},
        }
        text = json.dumps(description, indent=2, ensure_ascii=False)
        (part / LORA_CARD).write_text(text + "\n", "utf-8")

    write_whole(folder, write_files)


def _fill_model_folder(
    part: Path, base: Components, card: Card, trained: Mapping[str, Tensor], recipe: Recipe
) -> Card:
    scale = recipe.lora.scale if recipe.method is Method.LORA else 1.0
    networks: dict[str, dict[str, Tensor]] = {}
    for name in _NETWORKS:
        if learned := _weights_of(trained, name):
            network: nn.Module = getattr(base, name)
            networks[name] = _in_saved_precision(
                merged(network.state_dict(), learned, scale), recipe
            )
    book = book_after_training(base.folder, card.tags, Path(recipe.data))
    return write_model_files(
        part, base.folder, card, networks, lambda sealed: _readme(sealed, recipe), book=book
    )


def _in_saved_precision(weights: Mapping[str, Tensor], recipe: Recipe) -> dict[str, Tensor]:
    dtype = _DTYPES[recipe.saved_as]
    return {name: weight.to(dtype).contiguous() for name, weight in weights.items()}


def _weights_of(trained: Mapping[str, Tensor], network: str) -> dict[str, Tensor]:
    """The weights of one network, by its own names."""
    prefix = network + "."
    return {n.removeprefix(prefix): w for n, w in trained.items() if n.startswith(prefix)}


def _readme(card: Card, recipe: Recipe) -> str:
    """A README for the model; the base's own would not be true of it."""
    method = f"a LoRA of rank {recipe.lora.rank}, merged" if recipe.method is Method.LORA else "all"
    learned = "the UNet and the text encoder" if recipe.train_text_encoder else "the UNet"
    return f"""# {card.name}

A text-to-image model: `{card.parent}` trained further.

- **What learned:** {learned} ({method}), the rest is the base's.
- **How:** {recipe.epochs:g} epochs at a learning rate of {recipe.lr:g},
  {recipe.optimizer.value}, seed {recipe.seed}; `{card.made_by}`.
- **On what:** say here which pictures these were, before you pass the model on. What the base's
  own README says of its pictures and figures is not true of this model.
- **Licence:** {card.licence.name} (`{card.licence.file}`), which whoever passes the model on
  must pass on with it.
"""


def _save_lora(recipe: Recipe, trained: Mapping[str, Tensor], part: Path) -> None:
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import (
        StableDiffusionPipeline,
    )

    layers: dict[str, dict[str, Any]] = {
        name: {
            key.replace(".default.", "."): value
            for key, value in _in_saved_precision(_weights_of(trained, name), recipe).items()
        }
        for name in _NETWORKS
    }
    text_layers = {published_name(key): value for key, value in layers["text_encoder"].items()}
    StableDiffusionPipeline.save_lora_weights(
        part,
        unet_lora_layers=layers["unet"],
        text_encoder_lora_layers=text_layers,
        weight_name=LORA_FILE,
        unet_lora_adapter_metadata=_adapter(recipe, UNET_TARGETS),
        text_encoder_lora_adapter_metadata=_adapter(recipe, TEXT_TARGETS),
    )


def _adapter(recipe: Recipe, targets: tuple[str, ...]) -> dict[str, object]:
    """The settings with which peft rebuilds the matrices; empty ones serve older diffusers."""
    alpha = recipe.lora.scale * recipe.lora.rank
    patterns: dict[str, object] = {"rank_pattern": {}, "alpha_pattern": {}}
    return {"r": recipe.lora.rank, "lora_alpha": alpha, "target_modules": list(targets)} | patterns


def _unet_sha256(base: Path) -> str:
    path = base / "unet" / "diffusion_pytorch_model.safetensors"
    return file_sha256(path) if path.exists() else ""
