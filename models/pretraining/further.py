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


def begin(blueprint: Blueprint, model: str, work: Path, out: Path) -> None:
    """Fill an empty work folder as if the stages of `model` had run there; done once.

    The upscaler goes to the model folder `out`; the judge is the shipped one. A model does not
    contain the optimizers' moments: they start afresh. Raises EngineError if the model is
    unsuitable or the folder holds a training.
    """
    if (work / UNET).exists():
        if (known := parent(work)) != (name := loader.load(model, device="cpu").card.id):
            raise EngineError(f"{work} was begun with {known}, not {name}: name another --work")
        return
    # A training leaves states; a result may also come from an interrupted start.
    if (work / "autoencoder").exists():
        raise EngineError(f"{work} holds a training from nothing: name another --work")
    found = loader.load(model, device="cpu")
    nets = _fitting(blueprint, found, model, work / "pictures" / "tokenizer")
    for name in ("judge.safetensors", JUDGE):
        shutil.copyfile(judge.WEIGHTS, work / name)
    enlarges = found.folder / upscaler.FOLDER
    if enlarges.is_dir():
        shutil.copytree(enlarges, out / upscaler.FOLDER, dirs_exist_ok=True)
    for name, stages in STAGES.items():
        for stage in stages:
            keep(nets[name], work / f"{stage}-done.safetensors")
    (work / PARENT).write_text(found.card.id, "utf-8")
    keep(nets["unet"], work / UNET)  # Last, because it marks the others as complete.


def parent(work: Path) -> str | None:
    """The id of the model that this training started from, if any."""
    path = work / PARENT
    return path.read_text("utf-8") if path.exists() else None


def _fitting(
    blueprint: Blueprint, found: Components, model: str, words: Path
) -> dict[str, nn.Module]:
    """A model's networks. Raises EngineError if its words or sizes do not match the blueprint."""
    if not (words / "vocab.json").exists():
        vocabulary.write(words)
    tokenizer = vocabulary.load(words)
    if found.tokenizer.get_vocab() != tokenizer.get_vocab():
        raise EngineError(f"{model} knows other words than the painter's captions have")
    wanted = {
        "autoencoder": (found.vae, architecture.autoencoder(blueprint)),
        "text": (found.text_encoder, architecture.text_encoder(blueprint, tokenizer)),
        "unet": (found.unet, architecture.unet(blueprint)),
    }
    for name, (net, fresh) in wanted.items():
        if _shapes(net) != _shapes(fresh):
            raise EngineError(f"the {name} of {model} is not of the recipe's size")
    return {name: net for name, (net, _) in wanted.items()}


def _shapes(net: nn.Module) -> dict[str, torch.Size]:
    return {name: weight.shape for name, weight in net.state_dict().items()}


def keep(net: nn.Module, path: Path) -> None:
    """Write the weights to a new file, then put it in place."""
    part = path.with_suffix(".part")
    save_file({name: w.contiguous() for name, w in net.state_dict().items()}, part)
    part.replace(path)
