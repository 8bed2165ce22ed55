"""Starts a training from a finished model: puts its weights where the stages look for theirs.

Called by the workshop. Must not know how a stage trains.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from models.contract import EngineError
from models.engine import loader, upscaler
from models.engine.loader import Components
from models.measuring.judge import network as judge
from models.pretraining import architecture, vocabulary
from models.pretraining.architecture import Blueprint

#: The UNet and the judge to start with; the other files belong to finished stages.
UNET, JUDGE = "unet-begun.safetensors", "judge-begun.safetensors"
#: Holds the id of the parent model.
PARENT = "parent.txt"
#: The finished stages whose weights a model contains, by its parts.
STAGES = {"autoencoder": ("autoencoder", "decoder"), "text": ("words", "text"), "unet": ("unet",)}


def start_from(blueprint: Blueprint, model: str, work: Path, out: Path) -> None:
    """Fill an empty work folder as if the stages of `model` had run there, once.

    The upscaler goes to the model folder `out`; the judge is the shipped one. A model does not
    contain the optimizers' moments: they start afresh. Raises EngineError if the model is
    unsuitable or the folder holds another training.
    """
    if (work / UNET).exists():
        if (known := parent_id(work)) != (name := loader.load(model, device="cpu").card.id):
            raise EngineError(f"{work} was begun with {known}, not {name}: name another --work")
        return
    # Only a training leaves states; results may also come from an interrupted start.
    if (work / "autoencoder").exists():
        raise EngineError(f"{work} holds a training from nothing: name another --work")
    components = loader.load(model, device="cpu")
    nets = _matching_networks(blueprint, components, model, work / "pictures" / "tokenizer")
    for name in ("judge.safetensors", JUDGE):
        shutil.copyfile(judge.WEIGHTS, work / name)
    upscaler_folder = components.folder / upscaler.FOLDER
    if upscaler_folder.is_dir():
        shutil.copytree(upscaler_folder, out / upscaler.FOLDER, dirs_exist_ok=True)
    for name, stages in STAGES.items():
        for stage in stages:
            save_weights(nets[name], work / f"{stage}-done.safetensors")
    (work / PARENT).write_text(components.card.id, "utf-8")
    save_weights(nets["unet"], work / UNET)  # Last, because it marks the others as complete.


def parent_id(work: Path) -> str | None:
    """The id of the model that this training started from, if any."""
    path = work / PARENT
    return path.read_text("utf-8") if path.exists() else None


def _matching_networks(
    blueprint: Blueprint, components: Components, model: str, tokenizer_folder: Path
) -> dict[str, nn.Module]:
    """A model's networks. Raises EngineError if its words or sizes do not match the blueprint."""
    if not (tokenizer_folder / "vocab.json").exists():
        vocabulary.write(tokenizer_folder)
    tokenizer = vocabulary.load(tokenizer_folder)
    if components.tokenizer.get_vocab() != tokenizer.get_vocab():
        raise EngineError(f"{model} knows other words than the painter's captions have")
    networks = {
        "autoencoder": (components.vae, architecture.autoencoder(blueprint)),
        "text": (components.text_encoder, architecture.text_encoder(blueprint, tokenizer)),
        "unet": (components.unet, architecture.unet(blueprint)),
    }
    for name, (net, fresh) in networks.items():
        if _shapes(net) != _shapes(fresh):
            raise EngineError(f"the {name} of {model} is not of the recipe's size")
    return {name: net for name, (net, _) in networks.items()}


def _shapes(net: nn.Module) -> dict[str, torch.Size]:
    return {name: weight.shape for name, weight in net.state_dict().items()}


def save_weights(net: nn.Module, path: Path) -> None:
    """Write the weights to a new file, then rename it, so that a file is always whole."""
    part = path.with_suffix(".part")
    save_file({name: w.contiguous() for name, w in net.state_dict().items()}, part)
    part.replace(path)
