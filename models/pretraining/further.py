"""A finished model as the start of a training: its weights where the stages look for theirs.

Called by the workshop. It must not know how a stage trains.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from torch import nn

from models import loader, upscaler
from models.contract import EngineError
from models.judge import network as judge
from models.pretraining import architecture, vocabulary
from models.pretraining.architecture import Recipe

#: The UNet that the training begins with; the other files are those of finished stages.
UNET = "unet-begun.pt"


def begin(recipe: Recipe, model: str, work: Path, out: Path) -> None:
    """Fill an empty work folder with what the stages of `model` would have left; done once.

    The upscaler goes to the model folder `out`. The optimizers' moments are not in a model: they
    begin anew. EngineError if the model is no such one or the folder holds a training.
    """
    if (work / UNET).exists():
        return
    if (work / "autoencoder-done.pt").exists():
        raise EngineError(f"{work} holds a training from nothing: name another --work")
    found = loader.load(model, device="cpu")
    words = work / "pictures" / "tokenizer"
    if not (words / "vocab.json").exists():
        vocabulary.write(words)
    tokenizer = vocabulary.load(words)
    if found.tokenizer.get_vocab() != tokenizer.get_vocab():
        raise EngineError(f"{model} knows other words than the painter's captions have")
    nets = {
        "autoencoder": (found.vae, architecture.autoencoder(recipe)),
        "text": (found.text_encoder, architecture.text_encoder(recipe, tokenizer)),
        "unet": (found.unet, architecture.unet(recipe)),
    }
    for name, (net, fresh) in nets.items():
        if _shapes(net) != _shapes(fresh):
            raise EngineError(f"the {name} of {model} is not of the recipe's size")
    work.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(judge.WEIGHTS, work / "judge.safetensors")
    if (found.folder / upscaler.FOLDER).is_dir():
        shutil.copytree(found.folder / upscaler.FOLDER, out / upscaler.FOLDER, dirs_exist_ok=True)
    stages = {"autoencoder": "autoencoder decoder", "text": "words text", "unet": "unet"}
    for name, made in stages.items():
        for stage in made.split():
            keep(nets[name][0], work / f"{stage}-done.pt")
    keep(nets["unet"][0], work / UNET)  # Last: it says that the others are there.


def _shapes(net: nn.Module) -> dict[str, torch.Size]:
    return {name: weight.shape for name, weight in net.state_dict().items()}


def keep(net: nn.Module, path: Path) -> None:
    """Write the weights to a new file, then put it in place."""
    part = path.with_suffix(".part")
    torch.save(net.state_dict(), part)
    part.replace(path)
